"""Damage in what is due at a time: told, kept, and nobody is woken by it."""

from __future__ import annotations

import pytest

from greenflow import limits
from greenflow.errors import BadRecord
from greenflow.store import LmdbStore, keys, records
from greenflow.store.base import Step, Waiting
from tests.store.helpers import (
    START,
    Clock,
    add,
    bodies,
    check_invariants,
    contents,
    end,
    flips,
    ids,
    overwrite,
    take,
    told,
    waiting_flow,
)


@pytest.fixture
def later(store: LmdbStore, clock: Clock) -> LmdbStore:
    """A store with a message that is delivered later."""
    add(store, "later")
    store.send("later", "t", b"later", at=START + 1)
    store.hold("later")
    return store


def delayed_key(store: LmdbStore) -> bytes:
    (key,) = (key for key in contents(store) if key[:1] == keys.DELAYED)
    return key


def test_a_delayed_message_that_is_damaged_is_told_and_kept(
    later: LmdbStore, clock: Clock
):
    good = contents(later)[delayed_key(later)]
    for bad in flips(good):
        overwrite(later, delayed_key(later), bad)
        clock.now = later.next_due()
        with pytest.raises(BadRecord) as caught:
            later.claim()
        assert any("flow later" in note for note in caught.value.__notes__)
        # It keeps nobody busy until it is looked at again.
        assert later.next_due() == clock.now + limits.DAMAGED_SECONDS
        assert later.claim() is None
        assert bodies(later, "later") == []
    clock.now = later.next_due()
    with pytest.raises(BadRecord):
        later.wake()


def test_a_delayed_message_that_lies_at_another_time(later: LmdbStore, clock: Clock):
    key = delayed_key(later)
    other = keys.put_off(key, START + 5)
    overwrite(later, other, contents(later)[key])
    clock.now += 1
    later.wake()
    assert bodies(later, "later") == [b"later"]
    clock.now += 4
    with pytest.raises(BadRecord):
        later.wake()
    assert bodies(later, "later") == [b"later"]


def test_a_damaged_delayed_message_does_not_keep_others_waiting(
    later: LmdbStore, clock: Clock
):
    add(later, "other")
    later.send("other", "t", b"good", at=START + 2)
    overwrite(later, min(k for k in contents(later) if k[:1] == keys.DELAYED), b"bad")
    clock.now += 2
    assert ids(later.claims(9)) == ["other"]
    assert bodies(later, "other") == [b"good"]


def test_a_delayed_message_for_a_flow_that_is_gone(store: LmdbStore, clock: Clock):
    add(store, "one")
    store.send("one", "", b"m", at=START + 1)
    row = store.read(lambda work: work.row("one"))
    for key in list(contents(store)):
        if key != keys.META and key[:1] != keys.DELAYED:
            store.write(lambda work, key=key: work.txn.delete(key))
    assert row.delayed == 1
    clock.now += 1
    store.wake()
    check_invariants(store)
    assert store.next_due() is None


def test_timers_that_are_not_of_their_flows(store: LmdbStore, clock: Clock):
    """The flow says until when it waits: an entry alone wakes nobody."""
    waiting_flow(store, "sleeps", Waiting(kind="sleep", until=START + 100))
    waiting_flow(store, "waits")
    claim = take(store, add(store, "runs"))
    end(store, add(store, "over"))
    for flow_id in ("sleeps", "waits", "runs", "over"):
        key = keys.timer(START + 1, flow_id)
        overwrite(store, key, records.encode_index(key))
    clock.now += 1
    notes = told(store)
    assert sorted(note.split()[1] for note in notes) == [
        "over",
        "runs",
        "sleeps",
        "waits",
    ]
    assert store.get("sleeps").waiting.due is False
    statuses = [store.get(each).status for each in ("sleeps", "waits", "over")]
    assert statuses == ["waiting", "waiting", "done"]
    store.commit(claim, Step(status="running", state=b"1"))
    check_invariants(store)  # and they are gone
    assert store.next_due() == START + 100


def test_a_timer_of_a_flow_that_cannot_be_read(store: LmdbStore, clock: Clock):
    waiting_flow(store, "bad", Waiting(kind="sleep", until=START + 1))
    good = contents(store)[keys.flow("bad")]
    overwrite(store, keys.flow("bad"), b"damage")
    key = keys.timer(START + 1, "gone")
    overwrite(store, key, records.encode_index(key))
    clock.now += 1
    assert sorted(note.split()[1] for note in told(store)) == ["bad", "gone"]
    assert store.next_due() == clock.now + limits.DAMAGED_SECONDS
    assert store.claim() is None
    # It is woken when it can be read.
    overwrite(store, keys.flow("bad"), good)
    clock.now += limits.DAMAGED_SECONDS
    assert take(store).record.waiting.due
