"""Nothing grows: blocks, tracked objects, references and file descriptors."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import threading

import pytest

from greenflow import Continuation, NotSaveable, NotSuspendable, suspend
from greenflow.continuation import frames
from tests.conftest import child_environment
from tests.core import lines, stepping

CHILD_SECONDS_MAX = 280

#: What the interpreter's own caches may take and give back between two counts.
NOISE_BLOCKS = 30


def level(n):
    if n:
        level(n - 1)
    for turn in range(10**9):
        suspend(turn)


def endless():
    """A flow with something of everything, that suspends for ever."""

    def walk():
        try:
            yield from (suspend(x) for x in range(10**9))
        finally:
            kept.clear()

    kept, text = [1, 2], "text"
    try:
        raise KeyError("handled")
    except KeyError:
        for value in walk():
            assert value == text or not kept


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def counts() -> tuple[int, int, int]:
    gc.collect()
    return sys.getallocatedblocks(), len(gc.get_objects()), open_files()


def growth(cycle, cycles: int) -> tuple[int, ...]:
    """Return the least that a round of ``cycles`` added: what leaks, leaks in each.

    The interpreter's own caches fill up in the first rounds.
    """
    rounds = []
    for _ in range(4):
        before = counts()
        for _ in range(cycles):
            cycle()
        rounds.append([b - a for a, b in zip(before, counts(), strict=True)])
    return tuple(map(min, zip(*rounds, strict=True)))


def check_growth(cycle, cycles: int) -> None:
    blocks, objects, files = growth(cycle, cycles)
    assert (blocks <= NOISE_BLOCKS, objects <= 3, files) == (True, True, 0), (
        f"{blocks} blocks, {objects} objects, {files} files more in {cycles} cycles"
    )


def test_ten_thousand_cycles_in_memory():
    k = Continuation.start(level, 10)
    check_growth(k.resume, 5_000)


def test_ten_thousand_cycles_of_a_generator_and_a_handler():
    k = Continuation.start(endless)
    check_growth(lambda: k.resume("text"), 5_000)


@pytest.mark.parametrize("function", [lambda: level(10), endless])
def test_two_thousand_cycles_over_bytes(function):
    box = [Continuation.start(function)]

    def cycle():
        box[0] = Continuation.loads(box[0].dumps()).resume("text")

    check_growth(cycle, 1_000)


def test_cycles_that_drop_the_continuation():
    check_growth(lambda: Continuation.start(endless), 1_000)


def test_cycles_that_save_and_drop():
    check_growth(lambda: Continuation.start(endless).dumps(), 500)


def test_cycles_that_load_and_drop():
    data = Continuation.start(endless).dumps()
    check_growth(lambda: Continuation.loads(data), 500)


def test_cycles_that_throw():
    def cycle():
        k = Continuation.start(level, 5)
        with pytest.raises(ValueError, match="thrown"):
            k.throw(ValueError("thrown"))

    check_growth(cycle, 500)


def refused():
    try:
        return sorted([1], key=lambda x: suspend(x))
    except NotSuspendable:
        return "refused"


def test_cycles_that_are_refused():
    check_growth(lambda: Continuation.start(refused), 500)


def holds(thing):
    return suspend(), thing


def test_cycles_that_cannot_be_saved():
    k = Continuation.start(holds, threading.Lock())

    def cycle():
        with pytest.raises(NotSaveable):
            k.dumps()

    check_growth(cycle, 200)


@pytest.mark.parametrize("function", [lambda: level(10), endless])
def test_a_thousand_cycles_that_rest(function):
    k = Continuation.start(function)
    check_growth(lambda: k.rest(lambda frame: frame.f_locals), 1_000)


def test_a_thousand_cycles_that_look_and_fail():
    k = Continuation.start(endless)

    def fails(frame):
        raise ValueError("look")

    def cycle():
        with pytest.raises(ValueError, match="look"):
            k.rest(fails)

    check_growth(cycle, 1_000)


def at_a_line(k, number, take):
    """Let it go on, and call ``take(frame)`` at so many lines from here."""
    told = iter(range(1, number + 1))

    def line(frame):
        if next(told, None) == number:
            take(frame)

    with stepping.told_of_lines(line):
        k.resume(1)


def test_a_thousand_cycles_of_snapshots_that_go_on():
    k = Continuation.start(lines.endless)

    def cycle():
        saved = []
        at_a_line(k, 2, lambda frame: saved.append(k.snapshot(frame)))
        assert Continuation.loads(saved[0]).resume().value == "turn"

    check_growth(cycle, 1_000)


def test_a_thousand_cycles_of_a_line_where_an_error_is_thrown():
    saved = []
    k = Continuation.start(lines.handled, KeyError)
    at_a_line(k, 3, lambda frame: saved.append(k.snapshot(frame)))

    def cycle():
        assert Continuation.loads(saved[0]).throw(KeyError).value[0] == "caught"

    check_growth(cycle, 1_000)


def test_a_thousand_cycles_that_leave_at_a_line():
    box = [Continuation.start(lines.endless)]

    def cycle():
        at_a_line(box[0], 2, frames.abandon)
        assert box[0].value is None
        assert box[0].resume().value == "turn"

    check_growth(cycle, 1_000)


@pytest.mark.parametrize("carry", ["in_memory", "over_bytes", "rested", "at_lines"])
def test_no_feature_leaks(carry: str):
    finished = subprocess.run(
        [sys.executable, "-m", "tests.core.target_leaks", carry],
        env=child_environment(),
        capture_output=True,
        text=True,
        timeout=CHILD_SECONDS_MAX,
        check=True,
    )
    measured = json.loads(finished.stdout)
    assert len(measured) > 300
    # What leaks at all leaks in every run. References are counted by debug builds only.
    grown = {
        name: counters
        for name, counters in measured.items()
        if any(counters[it] >= counters["runs"] for it in counters.keys() - {"runs"})
    }
    assert not grown
