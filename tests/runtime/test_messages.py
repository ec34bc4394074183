"""send() and recv(): order, crashes, and who may be sent to."""

from __future__ import annotations

import pytest

import greenflow
from greenflow import limits
from tests.runtime import target_flows
from tests.runtime.conftest import InStore, Journal


def test_message_sent_before_the_flow_runs_is_there(store: greenflow.Store):
    flow = greenflow.spawn(target_flows.receive, 1)
    greenflow.send(flow, "early")
    assert greenflow.run() == 1
    assert flow.result() == ["early"]


def test_message_sent_while_it_waits_wakes_it(
    store: greenflow.Store, in_store: InStore, journal: Journal
):
    flow = greenflow.spawn(target_flows.receive, 1)
    in_store("greenflow.run()\nos.kill(os.getpid(), signal.SIGKILL)", killed=True)
    waiting = flow.record.waiting
    assert flow.status == "waiting"
    assert waiting is not None
    assert (waiting.kind, waiting.topic) == ("recv", "")
    in_store(f"greenflow.send({flow.id!r}, 'late')")
    assert flow.status == "ready"
    in_store("greenflow.run()")
    assert flow.result() == ["late"]


def test_messages_come_in_order_through_many_processes(
    store: greenflow.Store, in_store: InStore, journal: Journal
):
    flow = greenflow.spawn(target_flows.receive, 7)
    for number in range(3):
        greenflow.send(flow, number)
    in_store("greenflow.run()\nos.kill(os.getpid(), signal.SIGKILL)", killed=True)
    in_store(f"for n in (3, 4): greenflow.send({flow.id!r}, n)")
    in_store("greenflow.run()\nos.kill(os.getpid(), signal.SIGKILL)", killed=True)
    for number in (5, 6):
        greenflow.send(flow, number)
    in_store("greenflow.run()")
    assert flow.result() == list(range(7))
    assert journal.lines() == [f"got {number}" for number in range(7)]


def test_killed_before_the_next_save_receives_the_message_again(
    store: greenflow.Store, in_store: InStore, journal: Journal
):
    flow = greenflow.spawn(target_flows.receive, 3)
    for number in range(3):
        greenflow.send(flow, number)
    in_store("greenflow.run()", killed=True, KILL_AT="got 1")
    in_store("greenflow.run()")
    assert flow.result() == [0, 1, 2]
    assert journal.lines() == ["got 0", "got 1", "got 1", "got 2"]


def test_killed_after_the_next_save_does_not_receive_it_again(
    store: greenflow.Store, in_store: InStore, journal: Journal
):
    flow = greenflow.spawn(target_flows.receive_then_checkpoint, 2)
    for number in range(2):
        greenflow.send(flow, number)
    in_store("greenflow.run()", killed=True, KILL_AT="got 0")
    assert [message.seq for message in store.base.messages(flow.id)] == [1]
    in_store("greenflow.run()")
    assert flow.result() == [0, 1]


def test_killed_after_it_was_woken_receives_the_message_again(
    store: greenflow.Store, in_store: InStore, journal: Journal
):
    flow = greenflow.spawn(target_flows.receive, 1)
    greenflow.run()
    greenflow.send(flow, "x")
    in_store("greenflow.run()", killed=True, KILL_AT="got x")
    in_store("greenflow.run()")
    assert flow.result() == ["x"]
    assert journal.lines() == ["got x", "got x"]


def test_topics_are_mailboxes_of_their_own(store: greenflow.Store, journal: Journal):
    flow = greenflow.spawn(target_flows.receive, 2, "wanted")
    greenflow.send(flow, "no topic")
    greenflow.send(flow, "other", topic="other")
    greenflow.send(flow, 1, topic="wanted")
    greenflow.run()
    assert flow.status == "waiting"
    greenflow.send(flow, 2, topic="wanted")
    greenflow.run()
    assert flow.result() == [1, 2]
    left = [message.topic for message in store.base.messages(flow.id)]
    assert sorted(left) == ["", "other"]


def test_message_is_a_copy_as_it_was_when_sent(
    store: greenflow.Store, journal: Journal
):
    message = ["before"]
    flow = greenflow.spawn(target_flows.receive, 1)
    greenflow.send(flow, message)
    message.append("after")
    greenflow.run()
    assert flow.result() == [["before"]]


def test_what_a_flow_sends_goes_out_with_its_next_save(
    store: greenflow.Store, in_store: InStore, journal: Journal
):
    receiver = greenflow.spawn(target_flows.receive, 3)
    greenflow.run()
    sender = greenflow.spawn(target_flows.send_each, receiver, [1, 2, 3])
    in_store("greenflow.run()", killed=True, KILL_AT="sent 2")
    # The first was saved with the checkpoint; the second only lived in the process.
    assert len(list(store.base.messages(receiver.id))) == 1
    greenflow.run()
    assert sender.result() == 3
    assert receiver.result() == [1, 2, 3]


def test_a_flow_that_fails_has_sent_what_it_sent(
    store: greenflow.Store, journal: Journal
):
    receiver = greenflow.spawn(target_flows.receive, 1)
    sender = greenflow.spawn(target_flows.send_then_fail, receiver)
    greenflow.run()
    assert sender.status == "failed"
    assert receiver.result() == ["before the end"]


def test_a_flow_that_fails_leaves_what_it_received(store: greenflow.Store):
    flow = greenflow.spawn(target_flows.receive_then_fail)
    greenflow.send(flow, "kept")
    greenflow.run()
    assert flow.status == "failed"
    assert len(list(store.base.messages(flow.id))) == 1


def test_ended_flow_refuses_messages(store: greenflow.Store):
    flow = greenflow.spawn(target_flows.add, 1)
    greenflow.run()
    with pytest.raises(greenflow.FlowBusy):
        greenflow.send(flow, 1)
    sender = greenflow.spawn(target_flows.send_then_fail, flow)
    greenflow.run()
    assert isinstance(sender.exception(), greenflow.FlowBusy)


def send_and_end_the_receiver(flow):
    greenflow.send(flow, "too late")
    flow.throw(KeyError("ended before the message went out"))
    greenflow.run()
    try:
        greenflow.checkpoint()
    except greenflow.FlowBusy:
        greenflow.checkpoint()
        return "told"


def test_message_whose_receiver_ended_meanwhile_is_told_at_the_next_save(
    store: greenflow.Store,
):
    receiver = greenflow.spawn(target_flows.ask, "?")
    greenflow.run()
    sender = greenflow.spawn(send_and_end_the_receiver, receiver)
    greenflow.run()
    assert receiver.status == "failed"
    assert sender.result() == "told"


def send_and_return(flow, other):
    greenflow.send(flow, "too late")
    greenflow.send(other, "in time")
    flow.throw(KeyError("ended before the message went out"))
    greenflow.run()
    return "returned"


def test_message_whose_receiver_ended_does_not_keep_the_sender_from_ending(
    store: greenflow.Store, journal: Journal, caplog: pytest.LogCaptureFixture
):
    receiver = greenflow.spawn(target_flows.ask, "?")
    other = greenflow.spawn(target_flows.receive, 1)
    greenflow.run()
    sender = greenflow.spawn(send_and_return, receiver, other)
    greenflow.run()
    assert sender.result() == "returned"
    assert other.result() == ["in time"]
    assert "message was dropped" in caplog.text


def test_message_above_the_limit_is_refused(store: greenflow.Store):
    flow = greenflow.spawn(target_flows.receive, 1)
    with pytest.raises(greenflow.TooLarge, match="message to flow"):
        greenflow.send(flow, b"x" * limits.MESSAGE_BYTES_MAX)
    assert list(store.base.messages(flow.id)) == []


def send_to_itself():
    greenflow.send(greenflow.current(), "me")
    return greenflow.recv()


def test_a_flow_may_send_to_itself(store: greenflow.Store):
    flow = greenflow.spawn(send_to_itself)
    assert greenflow.run() == 1
    assert flow.result() == "me"


def test_flow_of_another_store_is_sent_to_at_once(
    store: greenflow.Store, tmp_path: object, journal: Journal
):
    with greenflow.open(f"{tmp_path}/other") as other:
        receiver = greenflow.spawn(target_flows.receive, 1)
    sender = greenflow.spawn(target_flows.send_then_fail, receiver)
    greenflow.run()
    assert sender.status == "failed"
    assert receiver.result() == ["before the end"]
    with pytest.raises(ValueError, match="not of"):
        store.send(receiver, 1)
    other.close()


def fill_mailbox(receiver, count):
    for number in range(count):
        greenflow.send(receiver, number)
        greenflow.checkpoint()
    return "all sent"


def take_some(count):
    return [greenflow.recv() for _ in range(count)]


def test_a_flow_waits_that_sends_to_a_full_mailbox(
    store: greenflow.Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(limits, "MAILBOX_MESSAGES_MAX", 3)
    receiver = greenflow.spawn(target_flows.receive, 1, "another topic")
    sender = greenflow.spawn(fill_mailbox, receiver, 6)
    greenflow.run()
    assert (sender.status, sender.record.blocked) == ("waiting", receiver.id)
    # The one that is too many is there: its sender waits, and sends no more.
    assert len(list(store.base.messages(receiver.id))) == 4
    with pytest.raises(greenflow.MailboxFull, match="full"):
        greenflow.send(receiver, "one more")
    receiver.kill()
    greenflow.run()
    assert sender.status == "failed"  # it sent again, to one that had ended
    assert isinstance(sender.exception(), greenflow.FlowBusy)


def test_a_flow_that_waits_for_room_goes_on_when_there_is_some(
    store: greenflow.Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(limits, "MAILBOX_MESSAGES_MAX", 3)
    receiver = greenflow.spawn(take_some, 6)
    sender = greenflow.options(priority=1).spawn(fill_mailbox, receiver, 6)
    assert sender.result(60) == "all sent"
    assert receiver.result(60) == list(range(6))


def test_what_a_flow_that_waits_for_room_waits_for_besides_wakes_it_later(
    store: greenflow.Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(limits, "MAILBOX_MESSAGES_MAX", 1)
    receiver = greenflow.spawn(target_flows.receive, 1, "another topic")

    def send_two_then_sleep():
        greenflow.send(receiver, 1)
        greenflow.send(receiver, 2)
        greenflow.sleep(0)
        return "slept"

    sender = greenflow.spawn(send_two_then_sleep)
    greenflow.run()
    assert (sender.status, sender.record.blocked) == ("waiting", receiver.id)
    receiver.kill()
    assert sender.result(60) == "slept"
