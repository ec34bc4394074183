"""Messages: in order, counted, of one topic, and to whoever can take them."""

from __future__ import annotations

import pytest

from greenflow import limits
from greenflow.errors import FlowBusy, TooLarge
from greenflow.store import LmdbStore
from greenflow.store.base import ANSWERS, Outgoing, Step, Waiting
from tests.store.helpers import (
    RECV,
    SUSPEND,
    add,
    bodies,
    check_invariants,
    noise,
    take,
    taken,
    waiting_flow,
)


def test_order_within_and_across_topics(store: LmdbStore):
    add(store, "one")
    add(store, "on")  # its mailbox is beside the other's
    topics = ["b", "a", "", "b", "a", "b", ""]
    for number, topic in enumerate(topics):
        assert store.send("one", topic, b"%d" % number) == number
        store.send("on", topic, b"other")
    assert bodies(store, "one") == [b"%d" % number for number in range(7)]
    assert bodies(store, "one", "b") == [b"0", b"3", b"5"]
    assert bodies(store, "one", "") == [b"2", b"6"]
    assert bodies(store, "one", "c") == []
    assert [message.topic for message in store.messages("one")] == topics
    check_invariants(store)


def test_order_beyond_one_byte_of_seq(store: LmdbStore):
    claim = take(store, add(store, "one"))
    sends = tuple(
        Outgoing(flow="one", topic="t", body=b"%d" % number) for number in range(300)
    )
    store.commit(claim, Step(status="running", sends=sends))
    assert bodies(store, "one", "t") == [b"%d" % number for number in range(300)]
    for number in range(3):
        step = Step(
            status="waiting",
            state=b"s",
            waiting=Waiting(kind="recv", topic="t"),
            consumed=(("t", number - 1),) if number else (),
        )
        message = store.commit(claim, step).message
        assert message is not None
        assert (message.seq, message.body) == (number, b"%d" % number)


def test_seq_is_never_used_again(store: LmdbStore):
    waiting_flow(store, "one")
    store.send("one", "", b"first")
    claim = take(store)
    store.commit(
        claim, Step(status="running", state=b"", consumed=taken(claim.message))
    )
    assert list(store.messages("one")) == []
    assert store.send("one", "", b"second") == 1


@pytest.mark.parametrize("size", [0, 4000, 4076, 5000, 9000, limits.MESSAGE_BYTES_MAX])
def test_message_of_any_size_comes_and_goes(store: LmdbStore, size: int):
    body = noise(size)
    waiting_flow(store, "one")
    for each in (body, b"small", body):
        store.send("one", "", each)
    assert bodies(store, "one") == [body, b"small", body]
    claim = take(store)
    assert claim.message is not None
    assert claim.message.body == body
    step = Step(
        status="waiting", state=b"", waiting=RECV, consumed=taken(claim.message)
    )
    committed = store.commit(claim, step)
    assert committed.message is not None
    assert committed.message.body == b"small"
    assert bodies(store, "one") == [b"small", body]
    check_invariants(store)


def test_message_above_the_limit(store: LmdbStore):
    add(store, "one")
    big = bytes(limits.MESSAGE_BYTES_MAX + 1)
    with pytest.raises(TooLarge, match="flow one"):
        store.send("one", "", big)
    with pytest.raises(TooLarge, match="a topic of 201"):
        store.send("one", "x" * 201, b"")
    waiting_flow(store, "two", SUSPEND)
    with pytest.raises(TooLarge, match="flow two"):
        store.answer("two", "value", big)
    assert list(store.messages("one")) == []
    check_invariants(store)


def test_full_mailbox(store: LmdbStore, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "MAILBOX_MESSAGES_MAX", 2)
    waiting_flow(store, "one", SUSPEND)
    for _ in range(2):
        store.send("one", "", b"m")
    with pytest.raises(FlowBusy, match="full: 2 messages"):
        store.send("one", "", b"m")
    # Its answer comes through: only the flow itself can empty its mailbox.
    store.answer("one", "value", b"a")
    claim = take(store)
    consumed = (*taken(claim.message), ("", 0))
    store.commit(claim, Step(status="running", state=b"", consumed=consumed))
    assert store.send("one", "", b"m") == 3
    check_invariants(store)


def test_only_what_it_waits_for_wakes_a_flow(store: LmdbStore):
    waiting_flow(store, "one", Waiting(kind="recv", topic="wanted"))
    store.send("one", "other", b"m")
    assert store.get("one").status == "waiting"
    assert store.claim() is None
    store.send("one", "wanted", b"m")
    assert store.get("one").status == "ready"
    store.send("one", "wanted", b"n")
    claim = take(store)
    assert claim.message is not None
    assert (claim.message.topic, claim.message.seq) == ("wanted", 1)
    assert store.claim() is None


def test_topic_of_answers_is_not_for_users(store: LmdbStore):
    waiting_flow(store, "one", SUSPEND)
    with pytest.raises(ValueError, match="NUL"):
        store.send("one", ANSWERS, b"forged")
    assert store.get("one").status == "waiting"


@pytest.mark.parametrize("kind", ["value", "throw"])
def test_only_a_waiting_flow_is_answered_and_only_once(store: LmdbStore, kind: str):
    add(store, "one")
    with pytest.raises(FlowBusy, match="ready"):
        store.answer("one", kind, b"")
    claim = take(store)
    with pytest.raises(FlowBusy, match="running"):
        store.answer("one", kind, b"")
    store.release(claim)
    waiting_flow(store, "two", SUSPEND)
    store.answer("two", kind, b"")
    with pytest.raises(FlowBusy, match="ready"):
        store.answer("two", kind, b"")
    assert len(list(store.messages("two"))) == 1


def test_flow_that_waits_for_a_message_takes_no_value(store: LmdbStore):
    waiting_flow(store, "one", Waiting(kind="recv", topic="t"))
    with pytest.raises(FlowBusy, match="recv"):
        store.answer("one", "value", b"")
    assert store.get("one").status == "waiting"
    store.answer("one", "throw", b"")
    assert store.get("one").status == "ready"


def test_message_taken_while_the_mailbox_is_looked_at(store: LmdbStore):
    waiting_flow(store, "one")
    for number in range(3):
        store.send("one", "", b"%d" % number)
    looking = store.messages("one")
    assert next(looking).body == b"0"
    claim = take(store)
    store.commit(claim, Step(status="running", state=b"", consumed=(("", 0), ("", 1))))
    assert [message.body for message in looking] == [b"2"]
