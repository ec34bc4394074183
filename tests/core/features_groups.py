"""Exception groups and except*."""

from __future__ import annotations

from greenflow import suspend
from tests.core.features import Throw, feature
from tests.core.features_handlers import lines


@feature(
    sends=[
        Throw(ExceptionGroup, ("g", [ValueError(1), KeyError(2), ValueError(3)])),
        "v",
        "k",
        "e",
    ],
    asks=["go", "ValueError 2", "KeyError 1", "end"],
    gives=["v", "k", "e"],
)
def except_star():
    got = []
    try:
        suspend("go")
    except* ValueError as group:
        got.append(suspend(f"ValueError {len(group.exceptions)}"))
    except* KeyError as group:
        got.append(suspend(f"KeyError {len(group.exceptions)}"))
    got.append(suspend("end"))
    return got


@feature(sends=["v"], asks=["handled"], gives=("v", ["TypeError"], "left"))
def except_star_with_a_rest():
    try:
        try:
            raise ExceptionGroup("left", [ValueError(1), TypeError(2)])
        except* ValueError:
            got = suspend("handled")
    except ExceptionGroup as rest:
        return got, [type(error).__name__ for error in rest.exceptions], rest.message


@feature(
    sends=["v", Throw(OSError, ("new",))],
    asks=["a", "b"],
    gives=(["OSError", "ExceptionGroup"], "v"),
)
def except_star_that_raises():
    try:
        try:
            raise ExceptionGroup("g", [ValueError(1), TypeError(2)])
        except* ValueError:
            got = suspend("a")
            suspend("b")
    except ExceptionGroup as error:
        return [type(inner).__name__ for inner in error.exceptions], got


@feature(
    sends=["x"],
    asks=["now"],
    gives=("g", [["a"], ["b"]], [("raises", "raise ExceptionGroup(name, [one, two])")]),
)
def group_kept():
    def raises(name):
        one, two = ValueError("a"), KeyError("b")
        raise ExceptionGroup(name, [one, two])

    try:
        raises("g")
    except ExceptionGroup as group:
        suspend("now")
        inner = [list(error.args) for error in group.exceptions]
        return group.message, inner, lines(group, __file__)[1:]
