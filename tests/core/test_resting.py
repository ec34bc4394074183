"""A stack that is built to be looked at, changed, and taken apart again."""

from __future__ import annotations

from typing import Any

import pytest

from greenflow import Continuation, suspend
from tests.core import driving, lines, stepping
from tests.core.features import FEATURES, Run, load

NAMES = [name for name, item in load().items() if not item.long]


@pytest.fixture(autouse=True)
def _fresh() -> None:
    lines.log.clear()


# --- on every delivery there is -----------------------------------------------------


def rested(k: Continuation) -> Continuation:
    """Let it rest twice, once from its bytes, where it can be saved."""
    k.rest(stepping.look)
    k = Continuation.loads(k.dumps())
    k.rest(stepping.look)
    return k


@pytest.mark.parametrize("name", NAMES)
def test_every_feature_rests_where_it_suspends(name: str) -> None:
    driving.check(FEATURES[name], rested)


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("lines.")])
def test_it_rests_at_a_line(name: str) -> None:
    item = FEATURES[name]
    _, recorder = stepping.record(item)
    for answered, data, where in recorder.saved:
        k, same = Continuation.loads(data), Continuation.loads(data)
        k.rest(stepping.look)
        assert k.value == where
        assert k.dumps() == same.dumps()
        run = Run(list(item.expected.asks[:answered]))
        stepping.go_on(item, Continuation.loads(k.dumps()), run)
        assert run == item.expected, where


@pytest.mark.parametrize("watched", [driving.traced, driving.profiled])
def test_a_tracer_sees_the_frames_called_and_returned(watched: Any) -> None:
    k = Continuation.start(lines.outer, 2)
    with watched() as events:
        k.rest(stepping.look)
    assert lines.outer.__code__ in events.codes
    assert (events.unbalanced, events.stack) == ([], [])


# --- what is changed ----------------------------------------------------------------


def test_variables_of_all_frames_are_changed() -> None:
    k = Continuation.start(lines.outer, 2)
    k.rest(stepping.setting(factor=10, got=["changed"]))
    assert lines.log == []
    assert k.value == 0
    k = Continuation.loads(k.dumps()).resume(1).resume(2)
    # the call that waits appends to the list that it has got
    assert k.value == (12, ["changed", 12])


def test_a_cell_is_shared_afterwards_too() -> None:
    k = Continuation.start(lines.outer, 1)
    k.rest(stepping.setting(total=100))
    k = Continuation.loads(k.dumps()).resume(1)
    assert k.value == (101, [101])


def test_variables_of_a_generator_are_changed() -> None:
    k = Continuation.start(lines.consumes_two)
    k.rest(stepping.setting(step=7))
    k.resume(1)
    assert k.value == 7
    k.rest(stepping.setting(step=9, kept=[0]))
    assert k.resume(1).value == [0, 9]


async def awaits(value: int) -> int:
    kept = value
    got = suspend("deep")
    return got + kept


def coroutines() -> int | None:
    try:
        awaits(1).send(None)
    except StopIteration as end:
        return end.value
    return None


def test_variables_of_a_coroutine_are_changed() -> None:
    k = Continuation.start(coroutines)
    k.rest(stepping.setting(kept=20))
    assert k.resume(3).value == 23


def test_it_is_the_same_as_before_if_nothing_is_changed() -> None:
    k = Continuation.start(lines.outer, 2)
    data = k.dumps()
    for _ in range(3):
        k.rest(stepping.look)
        assert k.dumps() == data
    assert lines.log == []
