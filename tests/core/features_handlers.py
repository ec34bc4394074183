"""What an exception carries over a suspend: context, cause, traceback, exc_info."""

from __future__ import annotations

import sys
import traceback
from contextlib import suppress

from greenflow import suspend
from tests.core.features import Raised, Throw, feature


def lines(error, file=__file__):
    """Return where the error came through, within one file."""
    frames = traceback.extract_tb(error.__traceback__)
    return [(frame.name, frame.line) for frame in frames if frame.filename == file]


def fails(text):
    raise ValueError(text)


def fails_deeper(text):
    return fails(text)


@feature(sends=["x"], asks=["now"], gives=(True, True, "x", (None, None, None)))
def exc_info_right_after():
    try:
        fails("v")
    except ValueError as error:
        got = suspend("now")
        kind, value, trace = sys.exc_info()
        same = value is error, kind is ValueError
        assert trace is not None
        del trace
    return *same, got, sys.exc_info()


@feature(sends=["x"], asks=["now"], gives=["KeyError", "ValueError", "NoneType"])
def exc_info_of_nested_handlers():
    seen = []
    try:
        fails("outer")
    except ValueError:
        try:
            raise KeyError("inner")
        except KeyError:
            suspend("now")
            seen.append(type(sys.exc_info()[1]).__name__)
        seen.append(type(sys.exc_info()[1]).__name__)
    seen.append(type(sys.exc_info()[1]).__name__)
    return seen


def current():
    return sys.exc_info()[1]


@feature(sends=["x"], asks=["below"], gives=("x", True, None))
def exc_info_seen_by_callees():
    def below():
        got = suspend("below")
        return got, current()

    try:
        fails("v")
    except ValueError as error:
        got, seen = below()
        same = seen is error
    return got, same, current()


@feature(
    sends=["x"],
    asks=["now"],
    gives=[
        ("traceback_kept", "fails_deeper(1)"),
        ("fails_deeper", "return fails(text)"),
        ("fails", "raise ValueError(text)"),
    ],
)
def traceback_kept():
    try:
        fails_deeper(1)
    except ValueError as error:
        suspend("now")
        return lines(error)


@feature(
    sends=["x"],
    asks=["now"],
    gives=[("raised_again", "fails(1)"), ("fails", "raise ValueError(text)")],
)
def raised_again():
    try:
        try:
            fails(1)
        except ValueError:
            suspend("now")
            raise
    except ValueError as error:
        return lines(error)


@feature(
    sends=["x"],
    asks=["now"],
    gives=("ValueError", "v", True, [("fails", "raise ValueError(text)")]),
)
def context_of_a_new_error():
    try:
        try:
            fails("v")
        except ValueError as first:
            kept = first
            suspend("now")
            raise KeyError("k")  # noqa: B904
    except KeyError as error:
        context = error.__context__
        same = context is kept
        return type(context).__name__, str(context), same, lines(context)[1:]


@feature(sends=["x", "y"], asks=["now", "then"], gives=("v", None, True, "v"))
def cause_and_suppressed_context():
    try:
        try:
            fails("v")
        except ValueError as first:
            suspend("now")
            raise KeyError("k") from first
    except KeyError as error:
        cause = str(error.__cause__)
        suspend("then")
        root = error.__cause__.__context__
        return cause, root, error.__suppress_context__, str(error.__context__)


@feature(
    sends=["x"],
    asks=["now"],
    gives=["three", "two", "one"],
)
def chain_of_contexts():
    def chained():
        try:
            try:
                raise ValueError("one")
            except ValueError:
                raise ValueError("two")  # noqa: B904
        except ValueError:
            raise ValueError("three")  # noqa: B904

    try:
        chained()
    except ValueError as error:
        suspend("now")
        found, current_error = [], error
        while current_error is not None:
            found.append(str(current_error))
            current_error = current_error.__context__
        return found


@feature(sends=[Throw(KeyError, ("k",))], asks=["handler"], gives=("ValueError", "v"))
def thrown_while_handling_gets_a_context():
    try:
        try:
            fails("v")
        except ValueError:
            suspend("handler")
    except KeyError as error:
        return type(error.__context__).__name__, str(error.__context__)


@feature(
    sends=["x"],
    asks=["now"],
    gives=Raised(RuntimeError, "No active exception to reraise"),
)
def nothing_to_raise_again():
    with suppress(ValueError):
        fails("v")
    suspend("now")
    raise


class Refused(Exception):
    """An error with arguments of its own."""

    def __init__(self, code, *, detail):
        super().__init__(code)
        self.detail = detail

    def __reduce__(self):
        return _refused, (self.args[0], self.detail), self.__dict__


def _refused(code, detail):
    return Refused(code, detail=detail)


@feature(sends=["x"], asks=["now"], gives=(7, ["d"], "more", ["noted"], "x"))
def error_of_ones_own():
    try:
        error = Refused(7, detail=["d"])
        error.more = "more"
        error.add_note("noted")
        raise error
    except Refused as caught:
        got = suspend("now")
        return caught.args[0], caught.detail, caught.more, caught.__notes__, got


@feature(
    sends=["x"], asks=["kept"], gives=("v", ["fails", "error_kept_as_a_value"], "x")
)
def error_kept_as_a_value():
    kept = None
    try:
        fails("v")
    except ValueError as error:
        kept = error
    got = suspend("kept")
    return str(kept), [name for name, _ in reversed(lines(kept))], got


@feature(sends=["1", "2"], asks=["in except", "in finally"], gives=("v", "2", None))
def handler_left_by_its_finally():
    result = None
    try:
        try:
            fails("v")
        except ValueError as error:
            result = str(error)
            suspend("in except")
    finally:
        got = suspend("in finally")
    return result, got, current()


@feature(sends=["f"], asks=["finally"], gives=("v", "f", "ValueError"))
def finally_while_an_error_passes():
    seen = []
    try:
        try:
            fails("v")
        finally:
            got = suspend("finally")
            seen.append(type(current()).__name__)
    except ValueError as error:
        return str(error), got, seen[0]
