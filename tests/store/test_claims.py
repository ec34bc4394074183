"""Who runs a flow: claims, their order, and what becomes of them."""

from __future__ import annotations

import os

import pytest

from greenflow.errors import Conflict
from greenflow.store import LmdbStore, commits
from greenflow.store.base import ANSWERS, Outgoing, Step
from tests.store.conftest import Open
from tests.store.helpers import (
    RECV,
    SUSPEND,
    add,
    check_invariants,
    contents,
    take,
    taken,
    wait,
    waiting_flow,
)


def lock_file(store: LmdbStore, owner: str) -> str:
    return os.path.join(store.location, "workers", f"{owner}.lock")


def test_nothing_to_claim(store: LmdbStore):
    assert store.claim() is None
    waiting_flow(store, "one")
    assert store.claim() is None
    assert store.claim("one") is None


def test_claim_tells_all_that_is_needed(store: LmdbStore):
    add(store, "one", b"abc")
    claim = take(store)
    assert (claim.state, claim.message) == (b"abc", None)
    assert (claim.record.status, claim.record.epoch) == ("running", 1)
    assert claim.record == store.get("one")
    assert os.path.exists(lock_file(store, claim.record.owner))
    assert store.claim() is None
    assert store.claim("one") is None
    check_invariants(store)


def test_first_ready_is_first_claimed(store: LmdbStore):
    for flow_id in "badc":
        add(store, flow_id)
    first = take(store)
    assert first.record.id == "b"
    # Given back it is ready anew, behind the others.
    store.release(first)
    assert [take(store).record.id for _ in range(4)] == ["a", "d", "c", "b"]
    assert store.claim() is None
    check_invariants(store)


def test_claim_of_one_flow_leaves_the_queue_in_order(store: LmdbStore):
    for flow_id in "abc":
        add(store, flow_id)
    assert take(store, "b").record.id == "b"
    assert [take(store).record.id for _ in range(2)] == ["a", "c"]


def test_woken_flow_stands_behind_those_that_were_ready(store: LmdbStore):
    waiting_flow(store, "woken")
    add(store, "before")
    store.send("woken", "", b"m")
    add(store, "after")
    assert [take(store).record.id for _ in range(3)] == ["before", "woken", "after"]


def test_queue_that_was_empty_begins_anew(store: LmdbStore):
    for _ in range(3):
        claim = take(store, add(store, f"f{_}"))
        store.commit(claim, Step(status="done"))
        assert store.claim() is None
    check_invariants(store)


def test_release_gives_the_flow_back_as_it_was(store: LmdbStore):
    waiting_flow(store, "one")
    store.send("one", "", b"m")
    before = contents(store)
    claim = take(store)
    assert claim.message is not None
    store.release(claim)
    record = store.get("one")
    assert (record.status, record.owner, record.waiting) == ("ready", "", RECV)
    again = take(store)
    assert again.message == claim.message
    assert again.record.epoch == claim.record.epoch + 1
    changed = {key[:1] for key, value in contents(store).items() - before.items()}
    assert changed == {b"f", b"r"}
    check_invariants(store)


def test_stale_release_is_ignored(store: LmdbStore):
    first = take(store, add(store, "one"))
    store.release(first)
    store.release(first)
    second = take(store)
    before = contents(store)
    store.release(first)
    assert contents(store) == before
    store.commit(second, Step(status="done"))
    before = contents(store)
    store.release(second)
    assert contents(store) == before


@pytest.mark.parametrize("status", ["running", "ready", "waiting", "done", "failed"])
@pytest.mark.parametrize("over_by", ["claim", "release", "leave", "end"])
def test_claim_that_is_over_writes_nothing(store: LmdbStore, status: str, over_by: str):
    receiver = waiting_flow(store, "receiver")
    claim = take(store, add(store, "one"))
    store.send("one", "t", b"m")
    if over_by == "leave":
        wait(store, claim)
    elif over_by == "end":
        store.commit(claim, Step(status="done", value=b"result"))
    else:
        store.release(claim)
        if over_by == "claim":
            take(store, "one")
    step = Step(
        status=status,
        state=b"stale",
        value=b"stale",
        waiting=RECV if status == "waiting" else None,
        consumed=(("t", 0),),
        sends=(Outgoing(flow=receiver, topic="", body=b"stale"),),
    )
    before = contents(store)
    with pytest.raises(Conflict, match="one"):
        store.commit(claim, step)
    assert contents(store) == before
    check_invariants(store)


def test_fence_is_what_keeps_a_stale_claim_out(
    store: LmdbStore, monkeypatch: pytest.MonkeyPatch
):
    """The control of the test above: without the fence the stale step is written."""
    claim = take(store, add(store, "one"))
    store.release(claim)
    newer = take(store, "one")
    store.commit(newer, Step(status="running", state=b"newer"))
    monkeypatch.setattr(commits, "_fenced", lambda work, record: work.row(record.id))
    store.commit(claim, Step(status="running", state=b"stale"))
    assert store.state("one") == b"stale"


def test_two_stores_in_one_process_are_two_workers(store: LmdbStore, open_again: Open):
    other = open_again()
    first = take(store, add(store, "one"))
    second = take(other, add(other, "two"))
    assert first.record.owner != second.record.owner
    # Both live: neither takes the other's for a dead one's.
    assert store.claim() is None
    assert other.claim("one") is None
    store.close()
    assert take(other).record.id == "one"
    assert take(other, add(other, "three")).record.id == "three"
    with pytest.raises(Conflict):
        other.commit(first, Step(status="done"))
    check_invariants(other)


def test_closed_store_leaves_no_lock_file(store: LmdbStore, open_again: Open):
    owner = take(store, add(store, "one")).record.owner
    path = lock_file(store, owner)
    assert os.path.exists(path)
    open_again()
    store.close()
    assert not os.path.exists(path)


def test_flows_of_the_dead_stand_at_the_end_of_the_queue(
    store: LmdbStore, open_again: Open
):
    other = open_again()
    add(store, "held")
    take(store)
    for flow_id in "ab":
        add(other, flow_id)
    store.close()
    assert [take(other).record.id for _ in range(3)] == ["a", "b", "held"]
    check_invariants(other)


def test_message_comes_again_until_another_state_is_saved(
    store: LmdbStore, open_again: Open
):
    other = open_again()
    waiting_flow(store, "one")
    store.send("one", "", b"m")
    claim = take(store)
    store.close()
    again = take(other)
    assert again.message == claim.message
    other.commit(
        again, Step(status="running", state=b"2", consumed=taken(again.message))
    )
    other.close()
    third = open_again()
    last = take(third)
    assert (last.state, last.message) == (b"2", None)
    assert list(third.messages("one")) == []


def test_message_given_in_place_comes_again_too(store: LmdbStore, open_again: Open):
    other = open_again()
    claim = take(store, add(store, "one"))
    store.send("one", "", b"m")
    step = Step(status="waiting", state=b"at recv", waiting=RECV)
    committed = store.commit(claim, step)
    assert committed.record.status == "running"
    assert committed.message is not None
    store.close()
    again = take(other)
    assert (again.state, again.message) == (b"at recv", committed.message)


def test_waiting_flow_gets_its_answer_with_the_claim(store: LmdbStore):
    waiting_flow(store, "one", SUSPEND)
    store.send("one", "", b"not this")
    assert store.get("one").status == "waiting"
    store.answer("one", "value", b"this")
    claim = take(store)
    assert claim.message is not None
    assert (claim.message.topic, claim.message.body) == (ANSWERS, b"this")
    assert claim.message.kind == "value"
    check_invariants(store)
