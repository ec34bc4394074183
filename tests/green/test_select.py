"""select(): one tasklet waits at several channels."""

from __future__ import annotations

import pytest
from greenlet import greenlet

from greenflow.green import Channel, run, select, spawn


def test_select_takes_the_first_that_can_be_done() -> None:
    first, second = Channel(), Channel()
    spawn(second.send, "two")
    run()
    case, value = select(first.receiving(), second.receiving())
    assert (case.channel, value) == (second, "two")
    assert select(first.receiving(), timeout=0) == (None, None)


def test_select_waits_for_all_and_leaves_all_queues() -> None:
    first, second, seen = Channel(), Channel(), list[object]()

    def waits() -> None:
        receives, sends = first.receiving(), second.sending("out")
        for _ in range(2):
            case, value = select(receives, sends)
            seen.append((case is receives, value))

    tasklet = spawn(waits)
    run()
    assert (first.balance, second.balance) == (-1, 1)
    assert tasklet.blocked
    first.send("in")
    assert (first.balance, second.balance) == (-1, 1)
    assert second.receive() == "out"
    run()
    assert seen == [(True, "in"), (False, None)]
    assert (first.balance, second.balance) == (0, 0)


def test_select_waits_no_longer_than_its_timeout() -> None:
    channel, seen = Channel(), list[object]()
    spawn(lambda: seen.append(select(channel.receiving(), timeout=0.01)))
    run()
    assert seen == [(None, None)]
    assert channel.balance == 0
    with pytest.raises(ValueError, match="case"):
        select()


def test_one_that_waits_in_select_can_be_killed() -> None:
    channel = Channel()
    tasklet = spawn(select, channel.receiving(), channel.receiving())
    run()
    assert channel.balance == -2
    tasklet.kill()
    assert channel.balance == 0


def test_an_exception_waits_its_turn_behind_a_buffer() -> None:
    channel = Channel(1)
    channel.send(1)
    spawn(channel.send_exception, LookupError, "second")
    run()
    assert (len(channel), channel.balance) == (1, 1)
    assert channel.receive() == 1
    assert (len(channel), channel.balance) == (1, 0)
    with pytest.raises(LookupError, match="second"):
        channel.receive()
    assert len(channel) == 0


def test_a_tasklet_waits_in_its_own_greenlet_only() -> None:
    channel, seen = Channel(), list[object]()

    def waits() -> None:
        with pytest.raises(RuntimeError, match="greenlet that it made itself"):
            greenlet(channel.receive).switch()
        seen.append(channel.balance)
        greenlet(seen.append).switch("a greenlet that does not wait")

    spawn(waits)
    run()
    assert seen == [0, "a greenlet that does not wait"]
