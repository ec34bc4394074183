"""A stack that rests while something goes wrong: it stays as it was."""

from __future__ import annotations

import gc
import sys
from types import FrameType
from typing import Any

import pytest

from greenflow import (
    Continuation,
    ContinuationError,
    NotInFlow,
    StackTooDeep,
    suspend,
)
from tests.core import lines, stepping


@pytest.fixture(autouse=True)
def _fresh() -> None:
    lines.log.clear()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_what_look_raises_comes_out(error: type[BaseException]) -> None:
    k = Continuation.start(lines.outer, 1)

    def fails(frame: FrameType) -> None:
        stepping.setting(factor=2)(frame)
        raise error("look")

    with pytest.raises(error, match="look"):
        k.rest(fails)
    assert lines.log == []
    assert (k.done, k.value) == (False, 0)
    assert k.resume(4).value == (8, [8])


def test_it_does_not_suspend_while_it_rests() -> None:
    k = Continuation.start(lines.outer, 1)
    said = []

    def asks(frame: FrameType) -> None:
        with pytest.raises((RuntimeError, NotInFlow)) as caught:
            suspend("from look")
        said.append(str(caught.value))
        assert Continuation.start(lines.consumes_two).value == 1

    for _ in range(2):
        k.rest(asks)
    k.resume(4)
    assert len(said) == 2
    assert k.value == (4, [4])


def keeps_a_generator():
    def walk():
        try:
            yield 1
        finally:
            lines.log.append("ended")

    walker = walk()
    next(walker)
    suspend("kept")
    return list(walker)


def test_generators_in_variables_keep_their_finally() -> None:
    k = Continuation.start(keeps_a_generator)
    k.rest(stepping.look)
    assert lines.log == []
    assert k.resume().value == []
    assert lines.log == ["ended"]


@pytest.mark.parametrize("loaded", [False, True])
def test_what_was_saved_and_rested_runs_nothing_when_it_goes(loaded: bool) -> None:
    k = Continuation.start(keeps_a_generator)
    data = k.dumps()
    if loaded:
        k = Continuation.loads(data)
    k.rest(stepping.look)
    del k
    gc.collect()
    assert lines.log == []
    assert Continuation.loads(data).resume().value == []
    assert lines.log == ["ended"]


def down(depth: int) -> int:
    try:
        return suspend("bottom") if depth == 0 else down(depth - 1) + 1
    finally:
        lines.log.append(depth)


def test_a_stack_that_is_too_deep_here() -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(2_000)
    try:
        k = Continuation.start(down, 1_000)
        sys.setrecursionlimit(900)
        with pytest.raises(StackTooDeep):
            k.rest(stepping.look)
        assert (k.value, lines.log) == ("bottom", [])
        with pytest.raises(StackTooDeep):
            k.resume(1)
        assert (k.value, lines.log) == ("bottom", [])
        sys.setrecursionlimit(2_000)
        k.rest(stepping.look)
        assert k.value == "bottom"
        assert k.resume(1).value == 1_001
    finally:
        sys.setrecursionlimit(before)


def test_what_has_no_frames_does_not_rest() -> None:
    new = Continuation.new(lines.outer, (1,))
    done = Continuation.start(lambda: 1)
    failed = Continuation.start(lines.outer, 1)
    with pytest.raises(KeyError):
        failed.throw(KeyError)
    for k in (new, done, failed):
        with pytest.raises(ContinuationError):
            k.rest(stepping.look)
    assert new.resume().value == 0


def test_it_does_not_rest_while_it_rests() -> None:
    k = Continuation.start(lines.outer, 1)

    def again(frame: FrameType) -> None:
        with pytest.raises(ContinuationError, match="running"):
            k.rest(stepping.look)

    k.rest(again)
    assert k.resume(1).value == (1, [1])


def test_a_tracer_that_raises_runs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    k, told = Continuation.start(lines.outer, 1), []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: told.append(what.exc_value))

    def fails(frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_code is lines.inner.__code__:
            raise ValueError("tracer")
        return fails

    sys.settrace(fails)
    try:
        k.rest(stepping.look)
    finally:
        sys.settrace(None)
    assert [str(error) for error in told] == ["tracer"]
    assert lines.log == []
    assert k.resume(1).value == (1, [1])
