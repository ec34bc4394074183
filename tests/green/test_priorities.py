"""Priorities: who has turns before whom, and that images keep it."""

from __future__ import annotations

import pytest

import greenflow
from greenflow.green import Channel, here, run, schedule, spawn


def turns(name: str, seen: list[str]) -> None:
    for number in range(2):
        seen.append(f"{name}{number}")
        schedule()


def group(seen: list[str]) -> None:
    for name, priority in [("low", -1), ("a", 0), ("high", 1), ("b", 0), ("top", 1)]:
        spawn(turns, name, seen).priority = priority


ORDER = [
    *("high0", "top0", "high1", "top1"),
    *("a0", "b0", "a1", "b1", "low0", "low1"),
]


def test_the_higher_run_first_and_equals_take_turns() -> None:
    seen: list[str] = []
    group(seen)
    assert here().runcount == 6
    run()
    assert seen == ORDER


def test_an_image_keeps_them() -> None:
    seen: list[str] = []
    group(seen)
    run(steps=3)
    waiting = [each for each in here().tasklets() if not each.is_main]
    others, other_seen = greenflow.loads(greenflow.dumps((waiting, seen)))
    assert [each.priority for each in others] == [-1, 0, 1, 0, 1]
    for each in waiting:
        each.kill()
    run()
    assert other_seen == ORDER


def test_where_two_meet_the_higher_goes_on() -> None:
    for preference in (-1, 0, 1):
        for priority in (-1, 1):
            channel, seen = Channel(), list[str]()
            channel.preference = preference

            def sends(channel: Channel = channel, seen: list[str] = seen) -> None:
                channel.send(1)
                seen.append("sent")

            def receives(channel: Channel = channel, seen: list[str] = seen) -> None:
                channel.receive()
                seen.append("received")

            spawn(receives).priority = priority
            run()
            spawn(sends)
            run()
            expected = ["received", "sent"]
            assert seen == (expected if priority > 0 else expected[::-1])


def test_one_that_is_run_at_once_is_run_whatever_its_priority() -> None:
    seen: list[str] = []
    spawn(turns, "high", seen).priority = 1
    low = spawn(turns, "low", seen)
    low.priority = -1
    low.run()
    assert seen[0] == "low0"
    low.kill()
    run()


def test_an_error_is_raised_before_higher_ones_run_on() -> None:
    seen: list[str] = []

    def fails() -> None:
        spawn(turns, "high", seen).priority = 1
        raise LookupError

    spawn(fails)
    with pytest.raises(LookupError):
        run()
    assert seen == []
    run()


def test_a_priority_can_change_in_its_turn() -> None:
    seen: list[str] = []
    a, _ = spawn(turns, "a", seen), spawn(turns, "b", seen)
    a.priority = -1
    for wrong in (2, -2, 1 << 70):
        with pytest.raises(ValueError, match="priority"):
            a.priority = wrong
    run()
    assert seen == ["b0", "b1", "a0", "a1"]
