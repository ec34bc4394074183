"""Functions that only another minor version of CPython is tried on: see corpus."""

from __future__ import annotations

from typing import Final

SOURCE: Final = """
def f_x_ways_out(n, k=1):
    acc = []
    for i in range(5):
        try:
            if i == 0:
                continue
            if i == 3:
                break
            out(i)
        finally:
            acc.append(suspend(i))
            out("last")
        out("behind")
    out("end")
    return acc

def f_x_way_ways(n, k=1):
    def way(i):
        while True:
            for each in "ab":
                try:
                    if i == 0:
                        return "constant"
                    if i == 1:
                        return [i]
                    if i == 2:
                        i = 0
                        continue
                    if i == 3:
                        i = 1
                        break
                    if i == 4:
                        i = 3
                        raise KeyError(i)
                    i -= 1
                finally:
                    out((i, suspend(each)))
                out("behind")
            out("around")
    acc = []
    for i in range(6):
        try:
            acc.append(way(i))
        except KeyError as error:
            out(repr(error))
    return acc

def f_x_return_value(n, k=1):
    acc = [n]
    with Block("around"):
        for each in range(3):
            with Block("in"):
                try:
                    return acc + [each]
                finally:
                    out(suspend("leaving"))
                    acc = ["other"]

def f_x_return_two(n, k=1):
    try:
        try:
            if n == 3:
                return [n]
            return [k]
        finally:
            out(suspend("inner"))
    finally:
        out(suspend("outer"))

def f_x_returns(n, k=1):
    def which(i):
        try:
            if i == 0:
                return 1
            if i == 1:
                return 2
            if i == 2:
                return "x"
            out("none")
        finally:
            out(suspend(i))
        return 3
    return [which(i) for i in [0]] + [*map(which, ())] + list((which(1),)) + [
        which(2), which(3)
    ]

def f_x_return_in_handler(n, k=1):
    acc = []
    try:
        raise KeyError("x")
    except KeyError as error:
        with Block("in"):
            return acc, repr(error), suspend("returning")
    finally:
        out(suspend("finally"))

def f_x_nested_handlers(n, k=1):
    acc = []
    try:
        raise KeyError("one")
    except KeyError:
        try:
            raise ValueError("two")
        except ValueError as error:
            acc.append(suspend("both"))
            out(repr(error.__context__))
        acc.append(suspend("outer"))
        try:
            raise
        except KeyError as error:
            acc.append(repr(error))
    acc.append(suspend("behind"))
    return acc

def f_x_handler_in_finally(n, k=1):
    acc = []
    for i in range(2):
        try:
            try:
                if i:
                    raise KeyError("first")
            finally:
                try:
                    raise ValueError("second")
                except ValueError:
                    acc.append(suspend("in both"))
                acc.append(suspend("in finally"))
        except KeyError as error:
            acc.append(repr(error))
    return acc

def f_x_finally_in_handler(n, k=1):
    acc = []
    try:
        raise KeyError("first")
    except KeyError:
        for each in "ab":
            try:
                if each == "b":
                    raise ValueError("second")
            except ValueError:
                acc.append(suspend("second"))
            finally:
                acc.append(suspend("finally"))
                out("last")
    return acc

def f_x_finally_in_finally(n, k=1):
    acc = []
    for i in range(4):
        try:
            try:
                if i == 1:
                    raise KeyError(i)
            finally:
                try:
                    if i == 2:
                        raise ValueError(i)
                    if i == 3:
                        continue
                finally:
                    acc.append(suspend((i, "inner")))
                acc.append(suspend((i, "outer")))
        except (KeyError, ValueError) as error:
            acc.append(repr(error))
    return acc

def f_x_with_in_handler(n, k=1):
    acc = []
    try:
        raise KeyError("x")
    except KeyError:
        for i in range(2):
            with Block("in"), Swallow("out"):
                acc.append([i, suspend(i)])
                raise
    return acc

def f_x_with_like_its_exit(n, k=1):
    class Both:
        def __init__(self, *given):
            out(suspend(given))
        def __enter__(self):
            return self
        def __exit__(self, *error):
            out(("left", suspend("exit")))
            return True
    def both(*given):
        out(("both", suspend("made")))
        return Both(*given)
    with both(1, 2):
        out(suspend("in"))
        raise KeyError
    with both(1, 2, 3):
        out("in")
    return n

def f_x_handler_head(n, k=1):
    def kinds(what):
        return suspend(what)  and (ValueError, KeyError)
    acc = []
    try:
        raise KeyError("x")
    except kinds("first"):
        acc.append("caught")
    return acc

def f_x_group(n, k=1):
    acc = []
    try:
        raise ExceptionGroup("g", [KeyError(1), ValueError(2), OSError(3)])
    except* KeyError as group:
        acc.append((suspend("key"), repr(group)))
    except* ValueError:
        acc.append(suspend("value"))
    except* OSError as group:
        for each in group.exceptions:
            acc.append((repr(each), suspend("os")))
    return acc

def f_x_group_left(n, k=1):
    acc = []
    try:
        try:
            raise ExceptionGroup("g", [KeyError(1), ValueError(2)])
        except* KeyError:
            acc.append(suspend("key"))
    except ExceptionGroup as group:
        acc.append((suspend("left"), repr(group.exceptions)))
    return acc

def f_x_retry(n, k=1):
    acc = []
    tries = 0
    while True:
        tries += 1
        try:
            if tries < n:
                raise OSError(tries)
            acc.append(suspend("try"))
            break
        except OSError as error:
            acc.append((repr(error), suspend("sleep")))
            if tries == 2:
                continue
            out("again")
    return acc

def f_x_context(n, k=1):
    try:
        try:
            raise KeyError("a")
        except KeyError as cause:
            out(suspend("a"))
            raise ValueError("b") from cause
    except ValueError as error:
        out(suspend("b"))
        return repr(error.__cause__), repr(error.__context__)

def f_x_while_both(n, k=1):
    acc = []
    while n and suspend(len(acc)) != "v2":
        acc.append(n)
    else:
        acc.append("else")
    return acc

def f_x_match_guards(n, k=1):
    acc = []
    for what in [(1, 2), [3], "x", None]:
        match what:
            case (a, b) if suspend("first") and a > b:
                acc.append("never")
            case [a] if suspend("second"):
                acc.append(a)
            case (a, b):
                acc.append((a, suspend("pair"), b))
            case str(a) if suspend("third") == "never":
                acc.append(a)
            case _ if suspend("last"):
                acc.append(what)
    return acc

def f_x_match_no_default(n, k=1):
    acc = []
    match {"a": n}:
        case {"b": x}:
            out("never")
        case {"a": x, **rest} if suspend("guard"):
            acc.append((x, rest, suspend("body")))
    return acc
"""
