"""Tasklets that cannot be saved: whoever asks is told, and they go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import greenflow
from greenflow.continuation import Continuation
from greenflow.green import here, run, schedule, spawn

TARGET = str(Path(__file__).with_name("target_group.py"))


def copied(value: Any) -> Any:
    return greenflow.loads(greenflow.dumps(value))


def test_what_cannot_be_left_is_refused_and_goes_on() -> None:
    seen: list[Any] = []

    def sorts() -> None:
        def key(number: int) -> int:
            schedule()
            return -number

        seen.extend(sorted([1, 2], key=key))

    tasklet = spawn(sorts)
    run(steps=1)
    assert not tasklet.restorable
    with pytest.raises(greenflow.NotSuspendable, match="sorted"):
        greenflow.dumps(tasklet)
    run()
    assert seen == [2, 1]


def test_a_continuation_inside_a_tasklet_is_refused_and_goes_on() -> None:
    seen: list[Any] = []

    def inner() -> str:
        schedule()
        return "inner"

    tasklet = spawn(lambda: seen.append(Continuation.start(inner).value))
    run(steps=1)
    with pytest.raises(greenflow.NotSuspendable, match="within another"):
        greenflow.dumps(tasklet)
    run()
    assert seen == ["inner"]


def test_what_cannot_be_saved_is_named_and_goes_on() -> None:
    seen: list[Any] = []

    def holds(file: Any) -> None:
        schedule()
        seen.append(file.read())

    with Path(__file__).open() as file:
        tasklet = spawn(holds, file)
        run(steps=1)
        with pytest.raises(greenflow.NotSaveable):
            greenflow.dumps(tasklet)
        run()
    assert len(seen) == 1


def test_who_runs_cannot_be_saved_and_main_is_main() -> None:
    seen: list[Any] = []

    def saves_itself() -> None:
        try:
            greenflow.dumps(here().current)
        except greenflow.ContinuationError as error:
            seen.append(str(error))

    spawn(saves_itself)
    run()
    assert "runs, and cannot be saved" in seen[0]
    assert copied(here().main) is here().main


def test_suspend_pauses_a_tasklet_and_recv_is_refused() -> None:
    seen: list[Any] = []

    def pauses() -> None:
        seen.append(greenflow.suspend())
        try:
            greenflow.recv()
        except greenflow.NotInFlow:
            seen.append("no flow")

    tasklet = spawn(pauses)
    run()
    assert tasklet.paused
    other = copied(tasklet)
    tasklet.tempval = "on"
    tasklet.insert()
    run()
    assert seen == ["on", "no flow"]
    assert other.paused
