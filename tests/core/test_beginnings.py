"""A frame that goes on at the beginning of an instruction, in the middle of a step."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest

from greenflow import Continuation
from greenflow.continuation import LEAVE, Sent, frames
from tests.core import lines, stepping


@pytest.fixture(autouse=True)
def _fresh() -> None:
    lines.log.clear()


# --- leaving ------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["made *= 2", "yield made"])
def test_nothing_runs_when_a_flow_is_left(text: str) -> None:
    k = stepping.left_at(
        lines.makes, text, Continuation.start(lines.ends_everything, 1), 10
    )
    assert lines.log == []
    assert (k.done, k.value) == (False, None)
    k = Continuation.loads(k.dumps()).resume()
    assert k.value == (1, [22])
    assert lines.log == ["made", ("exit", None), "finally"]


@pytest.mark.parametrize(
    ("function", "text", "before"),
    [
        (lines.middle, "number += made", 0),
        (lines.middle, "return number", 1),
        (lines.ends_everything, 'log.append("finally")', 2),
        (lines.ends_everything, "return value", 3),
    ],
)
def test_left_in_the_functions_around(function: Any, text: str, before: int) -> None:
    ends = ["made", ("exit", None), "finally"]
    k = stepping.left_at(
        function, text, Continuation.start(lines.ends_everything, 1), 10
    )
    assert lines.log == ends[:before]
    assert k.resume().value == (1, [22])
    assert lines.log == ends


def test_left_in_a_handler() -> None:
    k = stepping.left_at(
        lines.handling, "got += 1", Continuation.start(lines.handling), 5
    )
    assert Continuation.loads(k.dumps()).resume().value == (6, "KeyError('first')")


def test_left_by_who_looks_before_it_goes_on() -> None:
    k = Continuation.start(lines.ends_everything, 1)

    def pause(frame: FrameType) -> object:
        sys.settrace(lambda *event: None)
        while frame is not None:
            frame.f_trace = local
            frame = frame.f_back
        return None

    def local(frame: FrameType, event: str, argument: object) -> Any:
        if event == "line":
            frames.abandon(frame)
        return local

    try:
        k.advance(Sent(10), None, pause)
    finally:
        sys.settrace(None)
    assert lines.log == []
    assert f" line {stepping.line_of(lines.makes, 'made *= 2')}," in repr(k)
    assert k.resume().value == (1, [22])


def test_a_pause_that_leaves() -> None:
    k = Continuation.start(lines.ends_everything, 1)
    k.advance(Sent(10), None, lambda frame: LEAVE)
    assert (k.done, lines.log) == (False, [])
    assert k.resume(10).value == (1, [22])


# --- going on -----------------------------------------------------------------------


def test_it_is_saved_where_it_is_told_to_be() -> None:
    k = stepping.saved_at(
        lines.adds, "total += value", Continuation.start(lines.calls, [3, 4])
    )
    assert k.value == "saved"
    assert k.variables()[0] == {"values": [3, 4], "total": 1, "value": 3} | {
        key: value for key, value in k.variables()[0].items() if isinstance(key, int)
    }
    assert k.resume("ignored").value == 8


def test_saved_again_and_again_at_the_same_line() -> None:
    k, turns = Continuation.start(lines.calls, list(range(1, 50))), 0
    while not k.done:
        taken: list[bytes] = []

        def take(
            frame: FrameType,
            k: Continuation = k,
            turn: int = turns,
            taken: list[bytes] = taken,
        ) -> None:
            if frame.f_locals["value"] == turn + 1 and not taken:
                taken.append(k.snapshot(frame))

        with stepping.when(lines.adds, "total += value", take):
            k.resume(0 if turns == 0 else None)
        assert k.value == sum(range(50))
        if taken:
            turns += 1
            k = Continuation.loads(taken[0])
    assert turns == 49


def test_the_outermost_is_a_class() -> None:
    start = Continuation.start(lines.Outermost, 5)
    k = stepping.saved_at(lines.Outermost.__init__, "self.more", start)
    made = Continuation.loads(k.dumps()).resume().value
    assert (type(made), made.value, made.more) == (lines.Outermost, 6, 6)
    assert start.value.more == 6


def test_it_suspends_after_a_beginning_and_goes_on() -> None:
    start = Continuation.start(lines.ends_everything, 2)
    k = stepping.saved_at(lines.makes, "made += suspend", start)
    for answer in (None, 5):
        k = Continuation.loads(k.dumps()).resume(answer)
    assert k.value == (2, [4, 15])


@pytest.mark.parametrize(
    ("function", "place", "text", "caught"),
    [
        (lines.handled, lines.handled, "outside = first", False),
        (lines.handled, lines.handled, "inside = outside", True),
        (lines.handled, lines.handled, "return inside", False),
        (lines.consumes, lines.generates, "yield outside", True),
    ],
)
@pytest.mark.parametrize("kind", [KeyError, ValueError])
def test_an_error_is_thrown_at_a_beginning(
    function: Any, place: Any, text: str, caught: bool, kind: type[Exception]
) -> None:
    k = stepping.saved_at(place, text, Continuation.start(function, kind))
    if not caught or kind is ValueError:
        with pytest.raises(KeyError, match="thrown") as error:
            k.throw(KeyError("thrown"))
        seen = [(entry.name, entry.lineno + 1) for entry in error.traceback]
        assert (place.__name__, stepping.line_of(place, text)) in seen
        return
    answer = k.throw(KeyError("thrown")).value
    expected = "caught", "KeyError('thrown')"
    assert answer == ([expected] if function is lines.consumes else expected)


def test_an_error_is_thrown_in_a_handler() -> None:
    k = stepping.saved_at(
        lines.handling, "got += 1", Continuation.start(lines.handling)
    )
    value = k.throw(KeyError("second")).value
    assert value == (1, "KeyError('second')")


def test_a_line_that_a_debugger_has_jumped_to() -> None:
    k, saved = Continuation.start(lines.over_lines), []
    first, back = stepping.line_of(lines.over_lines, "first = 1"), []

    def take(frame: FrameType) -> None:
        if not back:
            back.append(frame.f_lineno)
            frame.f_lineno = first
            saved.append(k.snapshot(frame))

    with stepping.when(lines.over_lines, "return first", take):
        k.resume()
    assert k.value == "begins"
    k = Continuation.loads(saved[0]).resume()
    assert k.value == "begins"
    assert k.resume().value == (1, 2)
