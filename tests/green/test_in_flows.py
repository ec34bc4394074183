"""Tasklets inside flows of a store: each flow's are its own, and are saved with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import greenflow
from greenflow import green
from greenflow.green import Channel, here


@pytest.fixture
def store(tmp_path: Path) -> Iterator[greenflow.Store]:
    with greenflow.open(tmp_path / "store") as store:
        yield store


def turns(name: str, seen: list[str]) -> None:
    for number in range(2):
        seen.append(f"{name}{number}")
        green.schedule()


def in_turn(prefix: str) -> tuple[list[str], int]:
    seen: list[str] = []
    for name in "ab":
        green.spawn(turns, prefix + name, seen)  # nobody else refers to it
    green.run(steps=1)
    greenflow.recv()
    green.run()
    return seen, here().runcount


def parked(prefix: str) -> list[Any]:
    channel, seen = Channel(), list[Any]()

    def collects() -> None:
        seen.extend(channel)

    green.spawn(collects)
    green.run()
    for _ in range(2):
        channel.send((prefix, greenflow.recv()))
    channel.close()
    green.run()
    return seen


def sleeps() -> list[Any]:
    seen: list[Any] = []

    def late(seconds: float) -> None:
        green.sleep(seconds)
        seen.append(seconds)

    for seconds in (0.02, 0.01):
        green.spawn(late, seconds)
    green.run(steps=2)
    greenflow.checkpoint()
    greenflow.recv()
    green.run()
    return seen


def ends(flow: greenflow.Flow[Any], *messages: object) -> Any:
    for each in messages:
        greenflow.run()
        greenflow.send(flow, each)
    return flow.result()


def test_those_in_turn_go_on_with_their_own_flow(store: greenflow.Store) -> None:
    flows = [store.spawn(in_turn, str(number)) for number in range(3)]
    with store:
        greenflow.run()
        for number, flow in enumerate(flows):
            n = str(number)
            expected = [n + "a0", n + "b0", n + "a1", n + "b1"], 1
            assert ends(flow, "on") == expected
    assert here().runcount == 1  # none of them came into this thread's turns


def test_those_that_wait_or_sleep_are_saved(store: greenflow.Store) -> None:
    with store:
        flow = store.spawn(parked, "p")
        assert ends(flow, 1, 2) == [("p", 1), ("p", 2)]
        assert ends(store.spawn(sleeps), "on") == [0.01, 0.02]


def test_a_deadlock_in_a_flow_is_told_at_once(store: greenflow.Store) -> None:
    flow = store.spawn(lambda: Channel(label="nobody").receive())
    with store, pytest.raises(greenflow.ChannelDeadlock, match="nobody"):
        flow.result()


seen: list[str] = []


def with_finally() -> str:
    def waits() -> None:
        try:
            green.schedule()
        finally:
            seen.append("finally")

    green.spawn(waits)
    green.run(steps=1)
    greenflow.recv()
    green.run()
    return "done"


def test_no_finally_of_a_flows_tasklet_runs_when_it_leaves(
    store: greenflow.Store,
) -> None:
    seen.clear()
    with store:
        assert ends(store.spawn(with_finally), "on") == "done"
    assert seen == ["finally"]
