"""Turns: who runs after whom, until when, and what ends a tasklet."""

from __future__ import annotations

import logging
import threading
import time

import pytest

import greenflow
from greenflow import green
from greenflow.green import Channel, TaskletExit, here, run, schedule, spawn
from tests.conftest import Child


def turns(name: str, count: int, seen: list[str]) -> None:
    for number in range(count):
        seen.append(f"{name}{number}")
        schedule()


def test_tasklets_take_turns_in_the_order_in_which_they_were_made() -> None:
    seen: list[str] = []
    for name in "abc":
        spawn(turns, name, 2, seen)
    assert run() is False
    assert seen == ["a0", "b0", "c0", "a1", "b1", "c1"]


def test_a_tasklet_that_is_spawned_by_another_comes_behind_all() -> None:
    seen: list[str] = []

    def parent() -> None:
        spawn(turns, "child", 1, seen)
        turns("parent", 2, seen)

    spawn(parent)
    spawn(turns, "b", 2, seen)
    run()
    assert seen == ["parent0", "b0", "child0", "parent1", "b1"]


def test_what_schedule_is_given_it_returns() -> None:
    seen: list[object] = []
    spawn(lambda: seen.append(schedule("back")))
    run()
    assert seen == ["back"]


def test_run_ends_after_so_many_switches_and_goes_on_where_it_was() -> None:
    seen: list[str] = []
    for name in "ab":
        spawn(turns, name, 50, seen)
    assert run(steps=10) is True
    first = len(seen)
    assert 0 < first <= 10
    assert run() is False
    assert seen == [f"{name}{n}" for n in range(50) for name in "ab"]


def test_run_ends_after_a_time() -> None:
    stop: list[bool] = []

    def for_ever() -> None:
        while not stop:
            schedule()

    spawn(for_ever)
    assert run(seconds=0.02) is True
    stop.append(True)
    assert run() is False


def test_an_error_that_nobody_catches_is_raised_by_run() -> None:
    seen: list[str] = []

    def fails() -> None:
        raise LookupError("nothing there")

    spawn(fails)
    spawn(turns, "other", 1, seen)
    with pytest.raises(LookupError, match="nothing there"):
        run()
    run()
    assert seen == ["other0"]


def test_tasklet_exit_ends_it_and_nobody_is_told() -> None:
    ends: list[str] = []

    def ended() -> None:
        try:
            schedule()
        finally:
            ends.append("finally")

    tasklet = spawn(ended)
    run(steps=1)
    tasklet.kill()
    assert not tasklet.alive
    assert ends == ["finally"]
    tasklet.kill()  # it has ended: nothing is done
    with pytest.raises(RuntimeError, match="not alive"):
        tasklet.throw(ValueError)
    assert tasklet.throw(TaskletExit) is None


def test_one_that_is_killed_before_it_begins_never_runs() -> None:
    seen: list[int] = []
    tasklet = spawn(seen.append, 1)
    tasklet.kill()
    run()
    assert seen == []
    assert not tasklet.alive


def test_sleepers_wake_in_the_order_of_their_times() -> None:
    seen: list[int] = []

    def sleeper(number: int) -> None:
        green.sleep(number / 200)
        seen.append(number)

    for number in (3, 1, 2):
        spawn(sleeper, number)
    run()
    assert seen == [1, 2, 3]


def test_the_main_tasklet_can_sleep_while_others_run() -> None:
    seen: list[str] = []
    spawn(turns, "a", 3, seen)
    green.sleep(0.01)
    assert seen == ["a0", "a1", "a2"]
    with pytest.raises(ValueError, match="seconds"):
        green.sleep(-1)


def test_run_in_a_tasklet_ends_when_nobody_else_can_run() -> None:
    seen: list[str] = []

    def outer() -> None:
        spawn(turns, "inner", 2, seen)
        run()
        seen.append("outer")

    spawn(outer)
    run()
    assert seen == ["inner0", "inner1", "outer"]


def test_a_deadlock_tells_where_each_waits() -> None:
    orders = Channel(label="orders")

    def waits_for_an_order() -> None:
        orders.receive()

    spawn(waits_for_an_order)
    with pytest.raises(greenflow.ChannelDeadlock) as caught:
        Channel(label="answers").receive()
    text = str(caught.value)
    assert "to receive at <channel orders" in text
    assert "in waits_for_an_order" in text
    assert "to receive at <channel answers" in text
    assert isinstance(caught.value, RuntimeError | greenflow.Deadlock)
    # Nothing is lost: the main tasklet runs on, and the other one still waits.
    orders.send(1)
    run()


def test_one_that_lets_nobody_run_is_named_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def selfish() -> None:
        while not caplog.records:
            time.sleep(0.01)

    spawn(selfish)
    with caplog.at_level(logging.WARNING, "greenflow.green"), green.watch(0.04):
        run()
    (record,) = caplog.records
    assert "selfish" in record.getMessage()
    assert "time.sleep(0.01)" in record.getMessage()


def test_one_that_blocked_its_thread_is_named_afterwards(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def selfish() -> None:
        time.sleep(0.05)

    loop = here()
    before, loop.patience = loop.patience, 0.02
    assert before == 1
    try:
        spawn(selfish)
        with caplog.at_level(logging.WARNING, "greenflow.green"):
            run()
            spawn(green.sleep, 0.05)  # who sleeps blocks nobody
            run()
    finally:
        loop.patience = before
    (record,) = caplog.records
    assert "selfish" in record.getMessage()


def test_a_deadlock_tells_of_stacks_that_were_left() -> None:
    def waits_off_its_stack() -> None:
        Channel().receive()

    tasklet = spawn(waits_off_its_stack)
    run()
    greenflow.dumps(tasklet)
    with pytest.raises(greenflow.ChannelDeadlock) as caught:
        Channel().receive()
    assert "in test_a_deadlock_tells_of_stacks_that_were_left" in str(caught.value)
    assert str(caught.value).count("waits_off_its_stack") == 2
    assert "Channel().receive()" in str(caught.value)


def test_each_thread_has_a_scheduler_of_its_own() -> None:
    counts: list[int] = []
    tasklet = spawn(schedule)
    thread = threading.Thread(target=lambda: counts.append(here().runcount))
    thread.start()
    thread.join()
    assert counts == [1]
    assert here().runcount == 2
    assert tasklet.thread_id == threading.get_ident()


def test_a_hundred_thousand_wait_at_once(child: Child) -> None:
    done = child("""
        from greenflow.green import Channel, here, run, spawn

        channel, total = Channel(), []

        def waits(number):
            total.append(number + channel.receive())

        for number in range(100_000):
            spawn(waits, number)
        run()
        assert channel.balance == -100_000
        for number in range(100_000):
            channel.send(1)
        run()
        assert total == list(range(1, 100_001))
        print(len(here().tasklets()))
    """)
    assert done.stdout == "1\n"
