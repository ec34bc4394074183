"""try, except, else and finally: suspended in every position."""
# The odd ways to write things are what is tested.
# ruff: noqa: F821

from __future__ import annotations

from greenflow import suspend
from tests.core.features import Raised, Throw, feature


@feature(sends=["t", "l", "f"], asks=["try", "else", "finally"], gives=["t", "l", "f"])
def try_else_finally():
    got = []
    try:
        got.append(suspend("try"))
    except ValueError:
        got.append("not reached")
    else:
        got.append(suspend("else"))
    finally:
        got.append(suspend("finally"))
    return got


@feature(
    sends=[Throw(ValueError, ("v",)), "e", "f"],
    asks=["try", "except v", "finally"],
    gives=(["e", "f"], "unbound"),
)
def except_and_finally():
    got = []
    try:
        suspend("try")
    except ValueError as error:
        got.append(suspend(f"except {error}"))
    else:
        got.append("not reached")
    finally:
        got.append(suspend("finally"))
    try:
        return got, error
    except UnboundLocalError:
        return got, "unbound"


@feature(sends=["g"], asks=["handler"], gives=("g", "first", True))
def bare_raise_after_a_suspend():
    raised = KeyError("first")
    try:
        try:
            raise raised
        except KeyError:
            got = suspend("handler")
            raise
    except KeyError as error:
        return got, error.args[0], error is raised


@feature(
    sends=["1", "2", "3"],
    asks=["outer", "inner", "outer again"],
    gives=["inner", "outer"],
)
def nested_handlers():
    got = []
    try:
        try:
            raise ValueError("outer")
        except ValueError:
            suspend("outer")
            try:
                try:
                    raise KeyError("inner")
                except KeyError:
                    suspend("inner")
                    raise
            except KeyError as error:
                got.append(error.args[0])
            suspend("outer again")
            raise
    except ValueError as error:
        got.append(error.args[0])
    return got


@feature(
    sends=[Throw(KeyError, ("k",)), Throw(ValueError, ("v",)), "end"],
    asks=["one", "two", "three"],
    gives=["KeyError", "ValueError", "none", "end"],
)
def one_handler_after_another():
    got = []
    for name in ("one", "two", "three"):
        try:
            answer = suspend(name)
        except (KeyError, ValueError) as error:
            got.append(type(error).__name__)
        else:
            got += ["none", answer]
    return got


@feature(sends=["f"], asks=["finally"], gives=("returned", ["f"]))
def finally_after_return():
    log = []

    def inner():
        try:
            return "returned"
        finally:
            log.append(suspend("finally"))

    return inner(), log


@feature(sends=["f"], asks=["finally"], gives="from finally")
def finally_that_returns():
    try:
        raise ValueError("dropped")
    finally:
        suspend("finally")
        return "from finally"  # noqa: B012


@feature(sends=["f0", "f1", "f2"], asks=[0, 1, 2], gives=(["f0", "f1", "f2"], 2))
def finally_with_continue_and_break():
    log = []
    for i in range(5):
        try:
            if i == 1:
                raise KeyError(i)
            if i == 2:
                break
        except KeyError:
            continue
        finally:
            log.append(suspend(i))
    return log, i


@feature(sends=["a", "b"], asks=["finally 0", "finally 1"], gives=(["a", "b"], 2))
def break_inside_finally():
    log, turns = [], 0
    while True:
        turns += 1
        for i in range(2):
            try:
                raise ValueError(i)
            finally:
                log.append(suspend(f"finally {i}"))
                if i == 0:
                    continue  # noqa: B012
                break  # noqa: B012
        return log, i + 1


@feature(
    sends=["deep", Throw(ValueError, ("v",)), "f1", "f2", "caught"],
    asks=["go", "raise", "finally 1", "finally 2", "caught v"],
    gives=(["f1", "f2"], "caught"),
)
def finally_in_each_frame():
    log = []

    def down(n):
        try:
            if n == 0:
                return suspend("go"), suspend("raise")
            return down(n - 1)
        finally:
            if n:
                log.append(suspend(f"finally {n}"))

    try:
        down(2)
    except ValueError as error:
        got = suspend(f"caught {error}")
    return log, got


@feature(
    sends=[Throw(ValueError, ("v",)), "r"],
    asks=["bottom", "caught at 2: v"],
    gives=[4, 3, 2, "r"],
)
def thrown_and_caught_at_depth_2():
    def down(n):
        if n == 0:
            return [suspend("bottom"), "not reached"]
        try:
            below = down(n - 1)
        except ValueError as error:
            if n != 2:
                raise
            below = [suspend(f"caught at {n}: {error}")]
        return [n, *below]

    return down(4)


@feature(
    sends=[Throw(ValueError, ("v",))],
    asks=["bottom"],
    gives=("v", ["level 1", "level 2", "level 3"]),
)
def thrown_through_many_frames():
    log = []

    def down(n):
        if n == 0:
            return suspend("bottom")
        try:
            return down(n - 1)
        except ValueError:
            log.append(f"level {n}")
            raise

    try:
        down(3)
    except ValueError as error:
        return str(error), log


@feature(sends=[Throw(ValueError, ("v",))], asks=["x"], gives=Raised(ValueError, "v"))
def thrown_and_not_caught():
    return suspend("x")


@feature(
    sends=[Throw(KeyError, ("k",))], asks=["x"], gives=Raised(LookupError, "other")
)
def thrown_and_replaced():
    try:
        return suspend("x")
    except KeyError:
        raise LookupError("other") from None


@feature(sends=["a"], asks=["x"], gives=Raised(ZeroDivisionError, "division by zero"))
def fails_after_the_suspend():
    suspend("x")
    return 1 / 0


@feature(
    sends=[Throw(StopIteration, (7,)), Throw(GeneratorExit), "end"],
    asks=["stop", "exit", "end"],
    gives=[7, "exit", "end"],
)
def exceptions_with_a_meaning():
    got = []
    try:
        suspend("stop")
    except StopIteration as error:
        got.append(error.value)
    try:
        suspend("exit")
    except GeneratorExit:
        got.append("exit")
    got.append(suspend("end"))
    return got
