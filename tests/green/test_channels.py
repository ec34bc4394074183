"""Channels: who waits, who goes on first, what comes, and what is told of it."""

from __future__ import annotations

import threading

import pytest

from greenflow import green
from greenflow.green import Channel, here, run, schedule, spawn


def test_values_come_in_the_order_in_which_they_were_sent() -> None:
    channel, seen = Channel(), list[int]()

    def sender() -> None:
        for number in range(5):
            channel.send(number)
        channel.close()

    def receiver() -> None:
        seen.extend(channel)
        seen.append(-1)

    spawn(receiver)
    spawn(sender)
    run()
    assert seen == [0, 1, 2, 3, 4, -1]


def test_the_balance_counts_who_waits() -> None:
    channel = Channel()
    assert (channel.balance, channel.queue) == (0, None)
    senders = [spawn(channel.send, number) for number in range(3)]
    run()
    assert channel.balance == 3
    assert channel.queue is senders[0]
    assert channel.waiting == senders
    assert [each.blocked for each in senders] == [True] * 3
    assert (senders[0].next, senders[2].next) == (senders[1], None)
    assert [channel.receive() for _ in range(3)] == [0, 1, 2]
    receivers = [spawn(channel.receive) for _ in range(2)]
    run()
    assert channel.balance == -2
    for each in receivers:
        each.kill()
    assert channel.balance == 0


def met(preference: int, *, begins: str) -> list[str]:
    """Let a sender and a receiver meet; return who went on first."""
    channel, seen = Channel(), list[str]()
    channel.preference = preference

    def receiver() -> None:
        seen.append(f"received {channel.receive()}")

    def sender() -> None:
        channel.send(1)
        seen.append("sent")

    for each in (sender, receiver) if begins == "sender" else (receiver, sender):
        spawn(each)
    run()
    return seen


@pytest.mark.parametrize(
    ("preference", "order"),
    [
        (-1, ["received 1", "sent"]),
        (1, ["sent", "received 1"]),
        (0, ["sent", "received 1"]),
    ],
)
def test_who_is_preferred_goes_on_at_once_when_a_value_is_sent(
    preference: int, order: list[str]
) -> None:
    assert met(preference, begins="receiver") == order


@pytest.mark.parametrize(
    ("preference", "order"),
    [
        (-1, ["received 1", "sent"]),
        (1, ["sent", "received 1"]),
        (0, ["received 1", "sent"]),
    ],
)
def test_who_is_preferred_goes_on_at_once_when_a_value_is_taken(
    preference: int, order: list[str]
) -> None:
    assert met(preference, begins="sender") == order


def test_with_schedule_all_others_run_before_both() -> None:
    channel, seen = Channel(), list[str]()
    channel.schedule_all = True

    def receiver() -> None:
        channel.receive()
        seen.append("received")

    def sender() -> None:
        channel.send(1)
        seen.append("sent")

    spawn(receiver)
    spawn(sender)
    spawn(seen.append, "other")
    run()
    assert seen == ["other", "received", "sent"]


def test_an_exception_is_raised_where_it_is_received() -> None:
    channel, seen = Channel(), list[object]()

    def receiver() -> None:
        try:
            channel.receive()
        except LookupError as error:
            seen.append(error.args)

    spawn(receiver)
    run()
    channel.send_exception(LookupError, "a", 1)
    spawn(receiver)
    run()
    error = LookupError("b")
    channel.send_throw(LookupError, error)
    assert seen == [("a", 1), ("b",)]
    with pytest.raises(TypeError, match="exception is needed"):
        channel.send_exception(int)


def test_a_channel_that_is_closed_lets_nobody_wait() -> None:
    channel = Channel()
    sender = spawn(channel.send, 1)
    run()
    channel.close()
    assert (channel.closing, channel.closed) == (True, False)
    assert channel.receive() == 1
    assert channel.closed
    run()
    assert not sender.alive
    with pytest.raises(ValueError, match="closed"):
        channel.receive()
    with pytest.raises(ValueError, match="closed"):
        channel.send(1)
    assert list(channel) == []
    channel.open()
    assert not channel.closing


def test_who_must_not_wait_is_told() -> None:
    channel = Channel()
    current = here().current
    current.block_trap = True
    try:
        with pytest.raises(RuntimeError, match="does not like to be blocked"):
            channel.receive()
    finally:
        current.block_trap = False


def test_a_buffer_keeps_values_and_their_order() -> None:
    channel, seen = Channel(2), list[int]()

    def sender() -> None:
        for number in range(5):
            channel.send(number)
            seen.append(number)

    spawn(sender)
    run()
    assert seen == [0, 1]
    assert (len(channel), channel.balance, channel.capacity) == (2, 1, 2)
    assert [channel.receive() for _ in range(5)] == [0, 1, 2, 3, 4]
    run()
    assert seen == [0, 1, 2, 3, 4]
    assert channel.send_nowait(5)
    assert channel.send_nowait(6)
    assert not channel.send_nowait(7)
    channel.close()
    assert list(channel) == [5, 6]
    with pytest.raises(ValueError, match="negative"):
        Channel(-1)


def test_a_channel_joins_tasklets_of_two_threads() -> None:
    numbers, sums = Channel(), Channel()
    count = 200

    def adds() -> None:
        total = 0
        for number in numbers:
            total += number
            sums.send(total)

    def of_thread() -> None:
        tasklet = spawn(adds)
        while tasklet.alive:
            run(seconds=0.05, threads=True)

    thread = threading.Thread(target=of_thread, daemon=True)
    thread.start()
    seen = []
    for number in range(count):
        numbers.send(number)
        seen.append(sums.receive())
    numbers.send_exception(StopIteration)
    thread.join()
    assert seen == [sum(range(n + 1)) for n in range(count)]


def test_many_threads_give_and_take_each_value_once() -> None:
    channel, taken = Channel(), list[int]()

    def gives(begin: int) -> None:
        for number in range(begin, begin + 100):
            channel.send(number)

    threads = [
        threading.Thread(target=gives, args=(n * 100,), daemon=True) for n in range(4)
    ]
    for each in threads:
        each.start()
    taken = [channel.receive() for _ in range(400)]
    for each in threads:
        each.join()
    assert sorted(taken) == list(range(400))
    by_thread = [[n for n in taken if n // 100 == thread] for thread in range(4)]
    assert by_thread == [sorted(each) for each in by_thread]


def test_switches_are_refused_where_they_are_trapped() -> None:
    channel = Channel()
    spawn(channel.receive)
    run()
    here()._trap += 1
    try:
        with pytest.raises(RuntimeError, match="switch_trap"):
            schedule()
        with pytest.raises(RuntimeError, match="switch_trap"):
            channel.send(1)
        assert channel.balance == -1
    finally:
        here()._trap -= 1
    channel.send(1)
    assert green.here().runcount == 1


def test_a_buffer_keeps_each_value_as_it_is() -> None:
    values: list[object] = [None, (), (1,), (1, 2), [3]]
    channel = Channel(len(values))
    for value in values:
        channel.send(value)
    spawn(channel.send, (7, 8))
    run()
    assert [channel.receive() for _ in range(6)] == [*values, (7, 8)]
    run()


def test_who_runs_for_other_threads_ends_when_nobody_waits_here() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    spawn(schedule)
    assert run(threads=True) is False
    stop.set()
    thread.join()
