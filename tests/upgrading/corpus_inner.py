"""Functions of the corpus in which others wait."""

from __future__ import annotations

from typing import Final

SOURCE: Final = """
def f_listcomp(n, k=1):
    acc = [(i, suspend(i)) for i in range(2)]
    out("made")
    return acc

def f_listcomp_if(n, k=1):
    acc = [i for i in range(3) if suspend(i) != "v1"]
    out("made")
    return acc

def f_dictcomp(n, k=1):
    acc = {i: suspend(i) for i in range(2)}
    out("made")
    return acc

def f_listcomp_outer(n, k=1):
    i = "kept"
    acc = [suspend(i) for i in range(2)]
    out(i)
    return acc

def f_generator(n, k=1):
    acc = []
    def numbers(m):
        for i in range(2):
            got = suspend(i)
            yield i, got
        out("end")
    for pair in numbers(n):
        acc.append(pair)
    return acc

def f_yield_from(n, k=1):
    acc = []
    def inner():
        yield suspend("inner")
        return "r"
    def outer():
        got = yield from inner()
        yield got
    for each in outer():
        acc.append(each)
        out(each)
    return acc

def f_generator_waits(n, k=1):
    acc = []
    def numbers():
        yield 1
        out("second")
        yield 2
    each = numbers()
    acc.append(next(each))
    acc.append(suspend("a"))
    acc.append(next(each))
    return acc

def f_coroutine(n, k=1):
    acc = []
    async def ask():
        got = suspend("a")
        out("asked")
        return got
    async def main():
        first = await ask()
        acc.append(first)
    try:
        main().send(None)
    except StopIteration:
        out("stop")
    return acc

def f_closure(n, k=1):
    acc = []
    def add(x):
        acc.append(x)
    add(suspend("a"))
    out("added")
    return acc

def f_nonlocal(n, k=1):
    acc = []
    count = 0
    def bump():
        nonlocal count
        got = suspend("bump")
        count += 1
        return got
    acc.append(bump())
    acc.append(count)
    return acc

def f_inner(n, k=1):
    def ask(m):
        got = suspend(m)
        out("asked")
        return got, m
    acc = ask(n)
    out("done")
    return acc

def f_decorated(n, k=1):
    def deco(fn):
        @wraps(fn)
        def wrapper(*args):
            out("wrapped")
            return fn(*args)
        return wrapper
    @deco
    def ask(m):
        return suspend(m)
    acc = ask(n)
    return acc

def f_recursive(n, k=1):
    acc = []
    if n:
        acc.append(suspend(n))
        acc += f_recursive(n - 2 if n > 1 else 0)
    out("up")
    return acc

def f_match(n, k=1):
    acc = []
    match [n, "x"]:
        case [int(x), y]:
            acc.append((x, y, suspend("case")))
            out("matched")
        case _:
            out("never")
    return acc

def f_match_guard(n, k=1):
    acc = []
    match n:
        case x if suspend("guard") == "v0":
            acc.append(x)
        case _:
            out("other")
    return acc

def f_match_subject(n, k=1):
    acc = []
    match suspend("subject"):
        case "v0":
            acc.append("v0")
        case _:
            out("other")
    return acc

def f_property(n, k=1):
    acc = [n]
    asking = Asking()
    acc.append(asking.field)
    out("read")
    return acc

def f_operator(n, k=1):
    acc = Asking() + n
    out("added")
    return acc

def f_item(n, k=1):
    acc = Asking()[n]
    out("got")
    return acc

def f_lambda(n, k=1):
    ask = lambda m: (m, suspend(m))
    acc = ask(n)
    out("asked")
    return acc

def f_delete(n, k=1):
    acc = [1]
    extra = n
    del extra
    acc.append(suspend("a"))
    out("deleted")
    return acc

def f_assert(n, k=1):
    acc = []
    assert suspend("a"), "never"
    out("sure")
    return acc

def f_star(n, k=1):
    acc = [*[1, 2], suspend("a")]
    out("made")
    return acc

def f_kwonly(n, k=1, *, deep=False):
    acc = [deep]
    acc.append(suspend("a"))
    out(deep)
    return acc
"""
