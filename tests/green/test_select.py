"""select(): one tasklet waits at several channels."""

from __future__ import annotations

import pytest

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
