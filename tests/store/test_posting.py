"""Messages that are delivered later, and those that are sent once by their key."""

from __future__ import annotations

from contextlib import closing

import pytest

from greenflow import limits
from greenflow.errors import FlowBusy, FlowNotFound, MailboxFull
from greenflow.store import LmdbStore
from greenflow.store.base import NewFlow, Outgoing, Step, Waiting
from tests.store.helpers import (
    RECV,
    START,
    Clock,
    add,
    bodies,
    check_invariants,
    contents,
    end,
    noise,
    record,
    take,
    waiting_flow,
)


def test_a_message_comes_when_its_time_has_come(store: LmdbStore, clock: Clock):
    waiting_flow(store, "one")
    assert store.send("one", "", b"later", at=START + 10) is None
    assert store.next_due() == START + 10
    assert store.claim() is None
    assert bodies(store, "one") == []
    check_invariants(store)
    clock.now += 10
    claim = take(store)
    assert claim.message is not None
    assert (claim.message.body, store.next_due()) == (b"later", None)
    check_invariants(store)


@pytest.mark.parametrize("at", [None, START - 1, START, 0.0, -5.0, float("-inf")])
def test_a_time_that_is_past_is_now(store: LmdbStore, clock: Clock, at: float | None):
    add(store, "one")
    assert store.send("one", "", b"m", at=at) == 0
    assert bodies(store, "one") == [b"m"]


@pytest.mark.parametrize("at", [1e30, float("inf")])
def test_a_time_that_never_comes(store: LmdbStore, clock: Clock, at: float):
    add(store, "one")
    assert store.send("one", "", b"m", at=at) is None
    check_invariants(store)
    clock.now += 1e9
    store.wake()
    assert bodies(store, "one") == []


def test_a_time_that_is_none(store: LmdbStore):
    add(store, "one")
    with pytest.raises(ValueError, match="nan"):
        store.send("one", "", b"m", at=float("nan"))


def test_they_come_in_the_order_of_their_times(store: LmdbStore, clock: Clock):
    add(store, "one")
    for number, after in enumerate((5, 1, 3, 1, 9)):
        store.send("one", "t", b"%d" % number, at=START + after)
    store.send("one", "t", b"now")
    clock.now += 5
    store.wake()
    assert bodies(store, "one") == [b"now", b"1", b"3", b"2", b"0"]
    seqs = [message.seq for message in store.messages("one")]
    assert seqs == sorted(seqs)
    check_invariants(store)


@pytest.mark.parametrize("size", [0, 5000, limits.MESSAGE_BYTES_MAX])
def test_of_any_size(store: LmdbStore, clock: Clock, size: int):
    add(store, "one")
    for _ in range(2):
        store.send("one", "", noise(size), at=START + 1)
    check_invariants(store)
    clock.now += 1
    store.wake()
    assert bodies(store, "one") == [noise(size)] * 2
    check_invariants(store)


def test_more_than_one_transaction_delivers(store: LmdbStore, clock: Clock):
    claim = take(store, add(store, "one"))
    later = tuple(
        Outgoing(flow="one", topic="", body=b"%d" % n, at=START + 1)
        for n in range(1203)
    )
    store.commit(claim, Step(status="running", sends=later))
    clock.now += 1
    for _ in range(3):
        store.wake()
    assert bodies(store, "one") == [b"%d" % n for n in range(1203)]
    check_invariants(store)


def test_who_sleeps_is_woken_for_an_earlier_message(store: LmdbStore):
    add(store, "one")
    with closing(store.bell()) as bell:
        store.send("one", "", b"m", at=5e9)
        assert bell.wait(0)
        bell.clear()
        store.send("one", "", b"m", at=6e9)
        assert not bell.wait(0)


def test_it_counts_as_one_that_waits(
    store: LmdbStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(limits, "MAILBOX_MESSAGES_MAX", 2)
    add(store, "one")
    store.send("one", "", b"1", at=START + 1)
    store.send("one", "", b"2")
    for at in (None, START + 5):
        with pytest.raises(MailboxFull):
            store.send("one", "", b"3", at=at)
    clock.now += 1
    store.wake()
    assert bodies(store, "one") == [b"2", b"1"]
    check_invariants(store)


def test_to_a_flow_that_ends_meanwhile(store: LmdbStore, clock: Clock):
    waiting_flow(store, "other")
    add(store, "one")
    store.send("one", "", b"m", at=START + 1)
    end(store, "one")
    check_invariants(store)
    clock.now += 1
    store.wake()
    assert (bodies(store, "one"), store.next_due()) == ([], None)
    check_invariants(store)
    with pytest.raises(FlowBusy):
        store.send("one", "", b"m", at=START + 9)
    with pytest.raises(FlowNotFound):
        store.send("nobody", "", b"m", at=START + 9)


def test_a_message_of_a_key_comes_once(store: LmdbStore, clock: Clock):
    add(store, "one")
    add(store, "two")
    assert store.send("one", "t", b"1", key="k") == 0
    assert store.send("one", "t", b"2", key="k") is None
    assert store.send("one", "t", b"3", key="other") == 1
    assert store.send("one", "u", b"4", key="k") == 2  # of another topic
    assert store.send("two", "t", b"5", key="k") == 0  # for another flow
    assert store.send("one", "t", b"6", key="k", at=START + 1) is None
    assert bodies(store, "one") == [b"1", b"3", b"4"]
    assert store.next_due() is None
    check_invariants(store)


def test_topic_and_key_are_not_taken_for_each_other(store: LmdbStore):
    add(store, "one")
    pairs = [("a", "b\0c"), ("a\0b", "c"), ("ab", "c"), ("a", "bc"), ("1:a", "b")]
    pairs += [("", "1:ab"), ("", "abc")]
    for topic, key in pairs:
        assert store.send("one", topic, b"m", key=key) is not None
        assert store.send("one", topic, b"m", key=key) is None
    assert len(bodies(store, "one")) == len(pairs)


def test_its_key_is_known_while_it_is_under_way(store: LmdbStore, clock: Clock):
    add(store, "one")
    assert store.send("one", "", b"later", key="k", at=START + 1) is None
    assert store.send("one", "", b"at once", key="k") is None
    clock.now += 1
    store.wake()
    assert bodies(store, "one") == [b"later"]
    # And when it was taken out.
    claim = take(store)
    step = Step(status="running", state=b"", consumed=(("", 1),))
    store.commit(claim, step)
    assert store.send("one", "", b"again", key="k") is None
    assert bodies(store, "one") == []
    check_invariants(store)


def test_a_key_twice_in_one_step_and_in_another(store: LmdbStore):
    waiting_flow(store, "to")
    claim = take(store, add(store, "one"))
    twice = tuple(
        Outgoing(flow="to", topic="", body=body, key="k") for body in (b"1", b"2")
    )
    store.commit(claim, Step(status="running", state=b"", sends=twice))
    store.commit(claim, Step(status="done", sends=twice))
    assert bodies(store, "to") == [b"1"]
    assert store.get("to").status == "ready"
    check_invariants(store)


def test_what_is_void_needs_no_room(store: LmdbStore, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "MAILBOX_MESSAGES_MAX", 1)
    add(store, "one")
    store.send("one", "", b"m", key="k")
    before = contents(store)
    assert store.send("one", "", b"m", key="k") is None
    with pytest.raises(MailboxFull):
        store.send("one", "", b"m", key="new")
    assert contents(store) == before  # its key is not known by that
    with pytest.raises(FlowNotFound):
        store.send("nobody", "", b"m", key="k")


@pytest.mark.parametrize(
    "wrong", [{"topic": "\ud800"}, {"key": "\ud800"}, {"topic": "\0x"}]
)
def test_what_cannot_be_stored(store: LmdbStore, wrong: dict[str, str]):
    add(store, "one")
    with pytest.raises(ValueError, match=r"surrogate|NUL"):
        store.send(**{"flow_id": "one", "topic": "", "body": b"", **wrong})


def test_a_deadline_is_thrown_where_the_flow_waits(store: LmdbStore, clock: Clock):
    given = NewFlow(
        record=record("one"), state=b"s", deadline=START + 5, cancelled=b"too late"
    )
    store.create(given)
    check_invariants(store)
    assert store.next_due() == START + 5
    claim = take(store)
    store.commit(claim, Step(status="waiting", state=b"", waiting=RECV))
    clock.now += 5
    claim = take(store)
    assert claim.message is not None
    assert (claim.message.kind, claim.message.body) == ("throw", b"too late")
    check_invariants(store)


def test_a_deadline_of_a_flow_that_ended_is_nothing(store: LmdbStore, clock: Clock):
    store.create(NewFlow(record=record("one"), state=b"s", deadline=START + 5))
    end(store, "one")
    clock.now += 5
    assert store.claim() is None
    assert (store.get("one").status, store.next_due()) == ("done", None)
    check_invariants(store)


def test_a_deadline_does_not_end_a_shielded_wait(store: LmdbStore, clock: Clock):
    store.create(
        NewFlow(record=record("one"), state=b"s", deadline=START + 1, cancelled=b"x")
    )
    shielded = Waiting(kind="recv", topic="", shielded=True)
    store.commit(take(store), Step(status="waiting", state=b"", waiting=shielded))
    clock.now += 1
    assert store.claim() is None
    check_invariants(store)
    store.send("one", "", b"m")
    claim = take(store)
    assert claim.message is not None
    assert claim.message.body == b"m"
    step = Step(status="waiting", state=b"", waiting=RECV, consumed=(("", 2),))
    committed = store.commit(claim, step)
    assert committed.message is not None
    assert committed.message.body == b"x"
    check_invariants(store)
