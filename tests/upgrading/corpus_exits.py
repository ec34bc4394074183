"""Functions of the corpus that wait in with and try blocks."""

from __future__ import annotations

from typing import Final

SOURCE: Final = """
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
"""
