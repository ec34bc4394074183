"""Expressions and inner functions that only another minor version is tried on."""

from __future__ import annotations

from typing import Final

SOURCE: Final = """
def f_x_dicts(n, k=1):
    acc = {"a": n, k: suspend("one"), "b": [suspend("two")]}
    acc = {**acc, "c": {"x": suspend("three")}, "d": suspend("stars")}
    acc = {"x": n, "y": suspend("four"), 3: {n: 1, "z": suspend("five")}}, acc
    return acc

def f_x_displays(n, k=1):
    acc = [n, *[k, suspend("one")], suspend("two"), *suspend("ab")]
    acc = (acc, {n, *[k], suspend("three")} == {n, k, "v3"}, *[suspend("four")])
    return [acc, (suspend("five"), *acc)]

def f_x_compare(n, k=1):
    acc = 1 < n < len(suspend("two")) + 5 <= len(suspend("three")) + 6
    return acc, n in [suspend("four"), n], suspend("five") is not n

def f_x_parts(n, k=1):
    acc = {"v0": [1, 2, 3, 4]}
    a = acc[suspend("key")][len(suspend("from")) - 1:len(suspend("to"))]
    b = acc["v0"][:len(suspend("to")):1]
    acc["v0"][1] += len(suspend("more"))
    return acc, a, b, -len(suspend("minus")), not suspend("not")

def f_x_attribute(n, k=1):
    block = Block("a")
    block.name += suspend("more")
    block.name = block.name + suspend("most")
    return block.name

def f_x_calls(n, k=1):
    def ask(*given, **named):
        return given, named, suspend("in")
    acc = [ask(n, suspend("a"), x=suspend("b"), y=ask(suspend("c")))]
    acc += [str.upper(suspend("d")), "x".join(suspend("e"))]
    acc.append((lambda a, b=2: (a, suspend("f"), b))(suspend("g")))
    return acc

def f_x_text(n, k=1):
    return f"{n!r:>5} {suspend('a'):>4}{n}{suspend('b')!r}" + suspend("c") * 2

def f_x_with_head(n, k=1):
    acc = []
    with Block("a"), Block(suspend("name")) as b, Swallow(b.name + suspend("more")):
        acc.append((b.name, suspend("in")))
        raise KeyError
    return acc

def f_x_for_head(n, k=1):
    acc = []
    for each in (1, suspend("head")):
        for other in [suspend(each)]:
            acc.append((each, other))
    return acc

def f_x_yields(n, k=1):
    acc = []
    def ask():
        try:
            got = yield suspend("before")
            out(got)
            for i in range(2):
                with Block(str(i)):
                    yield i, suspend(i)
        finally:
            out(suspend("finally"))
    asking = ask()
    acc.append(next(asking))
    acc.append((asking.send("sent"), suspend("between")))
    for each in asking:
        acc.append((each, suspend("in")))
    return acc

def f_x_gen_in_values(n, k=1):
    def count():
        i = 0
        try:
            while True:
                try:
                    i += (yield i) or 1
                except KeyError as error:
                    got = yield repr(error)
                    i += 10
        finally:
            out("closed")
    counts = count()
    fresh = count()
    acc = [next(counts), counts.send(5), counts.throw(KeyError("x"))]
    acc.append(suspend("a"))
    acc += [next(counts), next(counts), next(fresh)]
    acc.append(suspend("b"))
    counts.close()
    return acc, next(fresh)

def f_x_genexpr(n, k=1):
    acc = []
    squares = (i * i for i in range(5) if i != 2)
    acc.append(next(squares))
    acc.append(suspend("a"))
    acc += squares
    for each in (suspend(i) for i in range(2)):
        acc.append(each)
    return acc

def f_x_delegating(n, k=1):
    def inner(m):
        got = yield suspend("inner")
        yield got
        return m
    def outer():
        acc = [0, (yield from inner(1)), 2]
        yield (acc, suspend("outer"))
    each = outer()
    acc = [next(each), suspend("mid"), each.send("sent"), suspend("late")]
    for last in each:
        acc.append(last)
    return acc, suspend("last")

def f_x_shared(n, k=1):
    acc = []
    count = 0
    def bump(by=1):
        nonlocal count
        count += by
        return suspend("bump"), count
    def read():
        return count
    acc.append(bump())
    acc.append(read())
    acc.append(suspend("between"))
    count = 10
    acc.append((bump(2), read()))
    return acc, count

def f_x_factories(n, k=1):
    def make(a):
        def made(b):
            def deep():
                return a, b, suspend("deep")
            return deep
        return made
    one, two = make(1), make(2)
    acc = [one(3)(), suspend("mid"), two(4)()]
    return acc, one(5)()

def f_x_lambdas(n, k=1):
    ways = [lambda: 1, lambda: suspend("a"), lambda x: (x, suspend("b"))]
    acc = [ways[1](), ways[0]()]
    acc.append(suspend("c"))
    return acc, ways[2](n)

def f_x_local_class(n, k=1):
    class Local:
        kind = "local"
        def __init__(self, name):
            self.name = name
        def ask(self, what):
            return self.name, what, suspend("method"), self.kind
        @staticmethod
        def plain(what):
            return what, suspend("static")
        @classmethod
        def of(cls, name):
            made = cls(name)
            return made.ask(suspend("class"))
    local = Local("a")
    acc = [local.ask("x"), local.plain("y"), Local.of("z")]
    return acc, suspend("end"), type(local) is Local

def f_x_super(n, k=1):
    class Base:
        def ask(self):
            return suspend("base")
    class Derived(Base):
        def ask(self):
            return "derived", super().ask(), suspend("derived")
    return Derived().ask()

def f_x_wrapped(n, k=1):
    def named(name):
        def deco(fn):
            @wraps(fn)
            def wrapper(*args, **kwargs):
                with Block(name):
                    got = fn(*args, **kwargs)
                    return got, suspend("wrapper")
            return wrapper
        return deco
    @named("outer")
    @named("inner")
    def ask(what):
        return what, suspend("ask")
    return ask(n), ask.__name__

def f_x_comprehensions(n, k=1):
    i = "kept"
    acc = [[(i, j, suspend(i)) for j in range(2) if suspend(j)] for i in range(2)]
    acc.append({i: suspend("value") for i in "a"})
    acc.append(sorted({suspend("set") for i in "ab"}))
    return acc, i

def f_x_comprehension_waits(n, k=1):
    def ask(what):
        return what, suspend(what)
    return [ask(i) for i in range(2)], [i for i in [suspend("head")]]

def f_x_comprehension_names(n, k=1):
    a, b, c = "a", "b", "c"
    acc = [(a, b, c, suspend(a)) for a in "12" for b in range(1) for c in [b]]
    acc += [[(a, suspend(b)) for b in a] for a in ["xy"]]
    return acc, a, b, c

def f_x_comprehension_cells(n, k=1):
    i = "outer"
    acc = [lambda: (i, k, suspend(i)) for i in range(2)]
    acc = [acc[0](), suspend(k), acc[1]()]
    acc += [each() for each in [lambda: (j, suspend("now")) for j in "ab"]]
    acc += [(suspend("cell"), (lambda: z)()) for z in range(2)]
    return acc, i

def f_x_cells_of_comprehensions(n, k=1):
    here = [n]
    acc = [(here, i) for i in range(2)]
    acc.append(suspend("a"))
    here.append(suspend("b"))
    acc += [i for i in here if i in here]
    return acc, here

def f_x_comprehension_places(n, k=1):
    acc = []
    for i in range(2):
        try:
            acc.append([j for j in [i] if suspend(j)])
            if i:
                return {(j, suspend("key")): suspend("value") for j in acc[0]}
        finally:
            acc += [suspend("finally") for _ in "x"]
    return acc

def f_x_comprehension_nested(n, k=1):
    def each(m):
        return [(m, x, suspend(x)) for x in range(m)]
    return [y for x in range(3) for y in each(x) if suspend(y) and x], {
        x: [suspend(y) for y in x] for x in ("a", "bc")
    }
"""
