"""Functions that wait in the middle, each of another shape; edits are tried on them.

Each takes ``n=3`` and a default ``k``, keeps what it gets in ``acc``, and tells what it
does by ``out()``.
"""

from __future__ import annotations

import re
from textwrap import dedent
from typing import Final

PRELUDE: Final = """\
from contextlib import contextmanager, ExitStack
from functools import wraps
from greenflow import suspend
from corpus_out import out

class Block:
    def __init__(self, name):
        self.name = name
    def __enter__(self):
        out("enter " + self.name)
        return self
    def __exit__(self, *error):
        out("exit " + self.name)
        return False

class Swallow(Block):
    def __exit__(self, *error):
        out("swallow " + str(error[0] and error[0].__name__))
        return True

class Asking:
    def __enter__(self):
        return suspend("enter")
    def __exit__(self, *error):
        out(("left", suspend("exit")))
        return False
    def __add__(self, other):
        return "added", other, suspend("add")
    def __getitem__(self, key):
        return "item", key, suspend("item")
    def __iter__(self):
        return iter((1, 2))
    @property
    def field(self):
        return "field", suspend("field")
"""

_SOURCE: Final = """
def f_plain(n, k=1):
    acc = [n]
    acc.append(suspend("a"))
    out("mid")
    return acc, k

def f_assign(n, k=1):
    out("start")
    acc = suspend("a")
    out(acc)
    return acc, n

def f_two(n, k=1):
    acc = [suspend("a")]
    out("between")
    acc.append(suspend("b"))
    return acc

def f_for(n, k=1):
    acc = []
    for i in range(n):
        acc.append(suspend(i))
        out(i)
    return acc

def f_for_else(n, k=1):
    acc = []
    for i in [1, 2]:
        got = suspend(i)
        acc.append(got)
    else:
        acc.append(suspend("else"))
    return acc

def f_for_break(n, k=1):
    acc = []
    for i in range(10):
        if i == n:
            break
        acc.append(suspend(i))
    out("broke")
    return acc

def f_for_continue(n, k=1):
    acc = []
    for i in range(4):
        got = suspend(i)
        if i % 2:
            continue
        acc.append(got)
    return acc

def f_nested_for(n, k=1):
    acc = []
    for i in range(2):
        for j in "ab":
            acc.append((i, j, suspend(j)))
        out(i)
    return acc

def f_while(n, k=1):
    acc = []
    while len(acc) < n:
        acc.append(suspend(len(acc)))
        out("turn")
    return acc

def f_while_true(n, k=1):
    acc = []
    while True:
        got = suspend("more")
        acc.append(got)
        if len(acc) > 1:
            break
    return acc

def f_while_test(n, k=1):
    acc = []
    while suspend("go on?") != "v1":
        acc.append("turn")
        out("turn")
    return acc

def f_if(n, k=1):
    acc = []
    if n > 2:
        acc.append(suspend("if"))
        out("then")
    else:
        out("else")
    return acc

def f_else(n, k=1):
    acc = []
    if n > 5:
        out("then")
    else:
        got = suspend("else")
        acc.append(got)
    return acc

def f_elif(n, k=1):
    acc = []
    if n > 5:
        out("a")
    elif n > 2:
        acc.append(suspend("elif"))
    else:
        out("b")
    return acc

def f_if_test(n, k=1):
    acc = []
    if suspend("test"):
        acc.append("yes")
    out("end")
    return acc

def f_with(n, k=1):
    acc = []
    with Block("a"):
        acc.append(suspend("in"))
        out("inside")
    return acc

def f_with_as(n, k=1):
    acc = []
    with Block("a") as a:
        acc.append(a.name)
        acc.append(suspend("in"))
        acc.append(a.name)
    return acc

def f_with_two(n, k=1):
    acc = []
    with Block("a"), Block("b"):
        acc.append(suspend("in"))
    out("out")
    return acc

def f_with_nested(n, k=1):
    acc = []
    with Block("a"):
        acc.append(suspend("one"))
        with Block("b"):
            acc.append(suspend("two"))
        acc.append(suspend("three"))
    return acc

def f_with_in_for(n, k=1):
    acc = []
    for i in range(2):
        with Block(str(i)):
            got = suspend(i)
            acc.append(got)
    return acc

def f_for_in_with(n, k=1):
    acc = []
    with Block("all"):
        for i in range(2):
            acc.append(suspend(i))
            out(i)
    return acc

def f_with_return(n, k=1):
    acc = []
    with Block("a"):
        got = suspend("in")
        acc.append(got)
        return acc

def f_with_raise(n, k=1):
    acc = []
    with Swallow("a"):
        acc.append(suspend("in"))
        raise ValueError(acc)
    out("behind")
    return acc

def f_with_enter(n, k=1):
    acc = []
    with Asking() as asked:
        acc.append(asked)
        out("inside")
    return acc

def f_contextmanager(n, k=1):
    @contextmanager
    def managed():
        out("begin")
        yield suspend("made")
        out(suspend("end"))
    acc = []
    with managed() as m:
        acc.append(m)
    return acc

def f_try(n, k=1):
    acc = []
    try:
        acc.append(suspend("try"))
        out("tried")
    except ValueError:
        out("never")
    return acc

def f_try_raise(n, k=1):
    acc = []
    try:
        got = suspend("try")
        acc.append(got)
        raise ValueError(got)
    except ValueError as error:
        acc.append(str(error))
    return acc

def f_except(n, k=1):
    acc = []
    try:
        raise KeyError("x")
    except KeyError as error:
        acc.append(suspend("except"))
        out(repr(error))
    return acc

def f_except_reraise(n, k=1):
    acc = []
    try:
        try:
            raise KeyError("x")
        except KeyError:
            acc.append(suspend("except"))
            raise
    except KeyError:
        out("again")
    return acc

def f_try_else(n, k=1):
    acc = []
    try:
        out("try")
    except KeyError:
        out("never")
    else:
        acc.append(suspend("else"))
    return acc

def f_finally(n, k=1):
    acc = []
    try:
        acc.append(suspend("try"))
    finally:
        out("finally")
    return acc

def f_in_finally(n, k=1):
    acc = []
    try:
        out("try")
    finally:
        acc.append(suspend("finally"))
        out("last")
    return acc

def f_in_finally_raised(n, k=1):
    acc = []
    try:
        try:
            raise KeyError("x")
        finally:
            acc.append(suspend("finally"))
            out("last")
    except KeyError:
        out("caught")
    return acc

def f_try_in_for(n, k=1):
    acc = []
    for i in range(2):
        try:
            acc.append(suspend(i))
            if i:
                raise ValueError(i)
        except ValueError:
            acc.append(suspend("except"))
    return acc

def f_group(n, k=1):
    acc = []
    try:
        raise ExceptionGroup("g", [KeyError(1), ValueError(2)])
    except* KeyError:
        acc.append("key")
    except* ValueError:
        acc.append("value")
    acc.append(suspend("behind"))
    return acc

def f_operand_left(n, k=1):
    acc = [n]
    acc = acc + [suspend("a")]
    out("added")
    return acc

def f_operand_call(n, k=1):
    acc = max(n, 1, suspend("a") == "v0")
    out(acc)
    return acc

def f_operand_tuple(n, k=1):
    acc = (n, suspend("a"), suspend("b"))
    out("made")
    return acc

def f_operand_dict(n, k=1):
    acc = {"x": suspend("a"), "y": suspend("b")}
    return acc

def f_operand_fstring(n, k=1):
    acc = f"{n}-{suspend('a')}-{suspend('b')}"
    out(acc)
    return acc

def f_keyword(n, k=1):
    acc = dict(a=n, b=suspend("a"))
    out("made")
    return acc

def f_compare(n, k=1):
    acc = n < len(suspend("a")) < 10
    out(acc)
    return acc

def f_and(n, k=1):
    acc = n and suspend("a")
    out(acc)
    return acc

def f_ternary(n, k=1):
    acc = suspend("a") if n else suspend("b")
    out(acc)
    return acc

def f_subscript(n, k=1):
    acc = {}
    acc["key"] = suspend("a")
    out("set")
    return acc

def f_augmented(n, k=1):
    acc = "x"
    acc += suspend("a")
    out(acc)
    return acc

def f_walrus(n, k=1):
    acc = []
    while (got := suspend("a")) != "v1":
        acc.append(got)
    return acc

def f_unpack(n, k=1):
    acc, other = suspend("a"), n
    out(other)
    return acc, other

def f_return(n, k=1):
    acc = [n]
    out("start")
    return acc, suspend("a")

def f_expression(n, k=1):
    acc = []
    suspend("a")
    out("next")
    suspend("b")
    return acc

def f_method(n, k=1):
    acc = []
    (acc
        .append(suspend("a")))
    return acc

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

#: The source of each function, by its name.
FUNCTIONS: Final = {
    re.search(r"def (\w+)", text)[1]: dedent(text).strip() + "\n"
    for text in re.split(r"\n(?=def f_)", _SOURCE)
    if text.strip()
}
