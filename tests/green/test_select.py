"""select(): one tasklet waits at several channels."""

from __future__ import annotations

import threading
import time

import pytest
from greenlet import greenlet

import greenflow
from greenflow import green
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


def test_select_over_channels_mailboxes_and_times() -> None:
    channel, box, seen = Channel(), green.mailbox(label="in"), list[object]()
    cases = [channel.receiving(), box.receiving(), green.after(0.02)]

    def waits() -> None:
        for _ in range(3):
            case, value = select(*cases)
            seen.append((cases.index(case), value))
            if case is cases[-1]:
                cases.pop()

    spawn(waits)
    run(steps=1)
    box.send((1, 2))
    run()
    channel.send(None)
    run()
    assert seen == [(1, (1, 2)), (2, None), (0, None)]
    with pytest.raises(TypeError, match="cases"):
        select(channel)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="seconds"):
        green.after(-1)


@pytest.mark.parametrize("saved", [False, True], ids=["here", "loaded"])
def test_what_came_before_the_time_is_not_lost(*, saved: bool) -> None:
    """The time comes while it can run already, but has had no turn."""
    box, seen = green.mailbox(), list[object]()

    def waits() -> None:
        seen.append(select(box.receiving(), timeout=0.01)[1])

    tasklet = spawn(waits)
    run(steps=1)
    box.preference = 1  # the sender goes on
    box.send("came")
    time.sleep(0.02)
    found = seen
    if saved:
        _, found = greenflow.loads(greenflow.dumps((tasklet, seen)))
    run()
    assert found == ["came"]


def test_a_time_ends_one_wait_only() -> None:
    channel, seen = Channel(), list[object]()

    def waits() -> None:
        seen.append(select(channel.receiving(), timeout=0.02)[1])
        seen.append(channel.receive())

    def sleeps() -> None:
        seen.append(green.sleep(0.02))
        seen.append(channel.receive())

    for function in (waits, sleeps):
        tasklet = spawn(function)
        run(steps=1)
        if function is waits:
            channel.send("first")
        else:
            tasklet.run()
        green.sleep(0.03)
        assert tasklet.blocked
        channel.send("second")
        run()
    assert seen == ["first", "second", None, "second"]


def test_select_over_mailboxes_of_threads_loses_nothing() -> None:
    boxes = [green.mailbox() for _ in range(3)]

    def sends(number: int) -> None:
        for value in range(300):
            boxes[number].send((number, value))

    threads = [threading.Thread(target=sends, args=(n,)) for n in range(3)]
    for each in threads:
        each.start()
    cases = [each.receiving() for each in boxes]
    seen = [select(*cases, green.after(60))[1] for _ in range(900)]
    for each in threads:
        each.join()
    for number in range(3):
        assert [v for n, v in seen if n == number] == list(range(300))
