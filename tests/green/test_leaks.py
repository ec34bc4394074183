"""What tasklets, channels and images take is given back: counted in objects."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest

import greenflow
from greenflow import green
from greenflow.green import Channel, here, run, schedule, select, spawn

ROUNDS, SLACK = 100, 60


def switches() -> None:
    for _ in range(3):
        spawn(schedule, "x").priority = 1
    run()


def meets() -> None:
    channel, box = Channel(), green.mailbox()
    spawn(channel.send, [1])
    spawn(select, box.receiving(), channel.receiving())
    spawn(channel.send_exception, ValueError, "x")
    run()
    with pytest.raises(ValueError, match="x"):
        channel.receive()
    run()


def images() -> None:
    channel = Channel()
    tasklet = spawn(select, channel.receiving())
    run()
    (other,) = greenflow.loads(greenflow.dumps([tasklet]))
    for each in (tasklet, other):
        each.kill()
    run()


def kills() -> None:
    for each in [spawn(Channel().receive), spawn(schedule)]:
        each.run()
        each.kill()
    run()


def parks_for_ever() -> None:
    """The control: the collector does not see into stacks."""
    channel = Channel()
    spawn(channel.receive)
    run()


def grown(work: Callable[[], None]) -> int:
    for _ in range(5):
        work()
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(ROUNDS):
        work()
    gc.collect()
    return len(gc.get_objects()) - before


@pytest.mark.parametrize("work", [switches, meets, images, kills])
def test_nothing_is_kept(work: Callable[[], None]) -> None:
    for _ in range(3):  # caches may grow the first time
        if (left := grown(work)) <= SLACK:
            break
    assert left <= SLACK
    assert here().runcount == 1


def test_what_is_kept_is_seen() -> None:
    assert grown(parks_for_ever) > ROUNDS
