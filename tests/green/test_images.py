"""Tasklets and channels as bytes: alone, in groups, all of them; here and elsewhere."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import greenflow
from greenflow import green
from greenflow.green import Channel, Tasklet, run, schedule, select, spawn
from tests.conftest import Child

TARGET = str(Path(__file__).with_name("target_group.py"))


def copied(value: Any) -> Any:
    return greenflow.loads(greenflow.dumps(value))


def test_a_thousand_on_shared_channels_go_on_in_another_process(
    child: Child, tmp_path: Path
) -> None:
    path = str(tmp_path / "group")
    done, count = json.loads(child(TARGET, "begin", path).stdout)
    assert count == 1000
    lines = json.loads(child(TARGET, "end", path).stdout)
    assert 0 < done < len(lines)
    # Each value once, and those of one sender in their order.
    assert sorted(map(tuple, lines)) == [(n, v) for n in range(400) for v in range(5)]
    for name in range(400):
        assert [v for n, v in lines if n == name] == list(range(5))


def test_a_snapshot_is_all_of_a_thread_and_goes_on_elsewhere(
    child: Child, tmp_path: Path
) -> None:
    path = str(tmp_path / "image")
    assert child(TARGET, "snapshot", path).stdout == "6\n"
    count, lines = child(TARGET, "restore", path).stdout.splitlines()
    assert count == "6"
    assert json.loads(lines) == [[n, v] for v in range(5) for n in range(3)]
    assert [each.name for each in tmp_path.iterdir()] == ["image"]


def collect(channel: Channel, seen: list[Any]) -> None:
    for value in channel:
        seen.append(value)
    seen.append("end")


def test_one_that_waits_at_a_channel_takes_it_along() -> None:
    channel, seen = Channel(label="in"), list[Any]()
    tasklet = spawn(collect, channel, seen)
    run()
    other, other_channel, other_seen = copied((tasklet, channel, seen))
    assert other is not tasklet
    assert other.blocked
    assert other_channel.queue is other
    assert other_channel.label == "in"
    other_channel.send(1)
    other_channel.close()
    run()
    assert (other_seen, seen) == ([1, "end"], [])
    channel.send(2)  # it goes on here as if nothing had been
    run()
    assert seen == [2]


def test_pickle_alone_saves_one_which_is_not_inserted() -> None:
    seen: list[Any] = []

    def work() -> None:
        schedule()
        seen.append("done")

    tasklet = spawn(work)
    run(steps=1)
    other = pickle.loads(pickle.dumps(tasklet))
    assert (tasklet.scheduled, other.scheduled) == (True, False)
    assert (other.alive, other.paused) == (True, True)
    tasklet.kill()
    other.insert()
    run()
    assert not other.alive


def test_one_that_has_not_begun_is_saved_with_its_arguments() -> None:
    seen: list[Any] = []
    _, other_seen = copied((spawn(seen.append, "x"), seen))
    run()
    assert (seen, other_seen) == (["x"], ["x"])
    unbound = copied(Tasklet())
    assert not unbound.alive


def test_the_order_of_turns_is_kept() -> None:
    seen: list[str] = []

    def turns(name: str) -> None:
        for _ in range(2):
            schedule()
            seen.append(name)

    group = [spawn(turns, name) for name in "abc"]
    run(steps=2)
    group[0].remove()
    group[0].insert()
    others, other_seen = copied((group, seen))
    assert len(others) == 3
    run()
    half = len(seen) // 2
    assert seen == other_seen
    assert seen[:half] == seen[half:]


def sleeper(seen: list[Any]) -> None:
    green.sleep(0.02)
    seen.append("awake")


def test_a_sleeper_sleeps_for_what_is_left() -> None:
    seen: list[Any] = []
    tasklet = spawn(sleeper, seen)
    run(steps=1)
    assert tasklet.timer is not None
    _, other_seen = copied((tasklet, seen))
    run()
    assert (seen, other_seen) == (["awake"], ["awake"])


def test_pickle_alone_lets_a_sleeper_sleep_on() -> None:
    seen: list[Any] = []
    tasklet = spawn(sleeper, seen)
    run(steps=1)
    other = pickle.loads(pickle.dumps(tasklet))
    tasklet.kill()
    run()
    assert (seen, other.alive) == ([], False)
    tasklet = spawn(sleeper, seen)
    run(steps=1)
    tasklet.remove()  # it sleeps no more
    green.sleep(0.03)
    assert tasklet.paused


def test_one_that_waits_in_select_waits_in_it_again() -> None:
    first, second, seen = Channel(), Channel(), list[Any]()

    def waits(first: Channel, second: Channel, seen: list[Any]) -> None:
        cases = first.receiving(), second.sending("out")
        for _ in cases:
            case, value = select(*cases)
            seen.append((cases.index(case), value))

    spawn(waits, first, second, seen)
    run()
    one, two, others = copied((first, second, seen))
    assert (one.balance, two.balance) == (-1, 1)
    assert two.receive() == "out"
    run()
    assert (one.balance, two.balance) == (-1, 1)
    one.send("in")
    run()
    assert others == [(1, None), (0, "in")]
    assert (one.balance, two.balance) == (0, 0)
    assert seen == []


def test_a_buffer_and_the_flags_are_part_of_a_channel() -> None:
    channel = Channel(3, label="kept")
    channel.send("a")
    channel.send("b")
    channel.preference, channel.schedule_all = 1, True
    channel.close()
    other = copied(channel)
    assert list(other) == ["a", "b"]
    flags = other.capacity, other.preference, other.schedule_all, other.closing
    assert flags == (3, 1, True, True)


def numbers() -> Iterator[int]:
    try:
        for number in range(3):
            schedule()
            yield number
    finally:
        schedule()


def consumes(generator: Iterator[int], seen: list[int]) -> None:
    seen.extend([*generator])  # a list that is filled in C


@pytest.mark.parametrize("generator_first", [False, True], ids=["after", "before"])
def test_a_generator_on_a_stack_is_the_one_that_others_have(
    *, generator_first: bool
) -> None:
    generator, seen = numbers(), list[int]()
    tasklet = spawn(consumes, generator, seen)
    run(steps=2)
    parts = (generator, tasklet) if generator_first else (tasklet, generator)
    (*others, other_seen) = copied((*parts, seen))
    other = others[0] if generator_first else others[1]
    run()
    assert (seen, other_seen) == ([0, 1, 2], [0, 1, 2])
    assert other is not generator
    assert list(other) == []


def test_an_exception_on_its_way_is_saved() -> None:
    channel, seen = Channel(), list[Any]()
    spawn(channel.send_exception, LookupError, "gone")
    run()
    other = copied(channel)
    with pytest.raises(LookupError, match="gone"):
        other.receive()
    with pytest.raises(LookupError, match="gone"):
        channel.receive()
    run()
    assert seen == []


def test_no_finally_runs_when_a_stack_is_left() -> None:
    seen: list[Any] = []

    def work(seen: list[Any]) -> None:
        try:
            schedule()
        finally:
            seen.append("finally")

    tasklet = spawn(work, seen)
    run(steps=1)
    other, other_seen = copied((tasklet, seen))
    assert seen == []
    tasklet.remove()
    tasklet.bind(None)  # dropped, as Stackless does
    assert not tasklet.alive
    run()
    assert (seen, other_seen) == ([], ["finally"])
    assert not other.alive


class Named(Tasklet):
    """A subclass, with an attribute of its own."""

    label = ""


def test_a_subclass_keeps_its_class_and_attributes() -> None:
    tasklet = Named(schedule)()
    tasklet.label, tasklet.name = "mine", "worker"
    other = copied(tasklet)
    assert type(other) is Named
    assert (other.label, other.name) == ("mine", "worker")
