"""Flows that are made by a step, with it or not at all."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from greenflow.errors import FlowExists, FlowNotFound, TooLarge
from greenflow.store import LmdbStore
from greenflow.store.base import NewFlow, Outgoing, Step, Waiting
from tests.store.conftest import Open
from tests.store.helpers import (
    RECV,
    START,
    Clock,
    add,
    bodies,
    check_invariants,
    contents,
    end,
    ids,
    new,
    record,
    take,
)


def test_a_step_makes_flows(store: LmdbStore):
    claim = take(store, add(store, "one"))
    spawns = tuple(new(name, b"state", parent="one") for name in ("c", "a"))
    store.commit(claim, Step(status="running", state=b"1", spawns=spawns))
    assert store.children("one") == ["a", "c"]
    assert (store.get("a").parent, store.get("a").status) == ("one", "ready")
    assert ids(store.claims(9)) == ["c", "a"]
    assert store.state("a") == b"state"
    assert store.children("a") == []
    with pytest.raises(FlowNotFound):
        store.children("nobody")
    check_invariants(store)


def test_it_can_send_to_what_it_makes(store: LmdbStore):
    claim = take(store, add(store, "one"))
    step = Step(
        status="done",
        spawns=(new("child"),),
        sends=(Outgoing(flow="child", topic="", body=b"first"),),
    )
    store.commit(claim, step)
    assert bodies(store, "child") == [b"first"]
    check_invariants(store)


@pytest.mark.parametrize("twice", [False, True])
def test_an_id_that_is_taken_stops_the_step(store: LmdbStore, twice: bool):
    add(store, "old")
    claim = take(store, add(store, "one"))
    before = contents(store)
    second = "child" if twice else "old"
    step = Step(status="running", state=b"1", spawns=(new("child"), new(second)))
    with pytest.raises(FlowExists, match=second):
        store.commit(claim, step)
    assert contents(store) == before


def test_unless_one_that_is_there_will_do(store: LmdbStore):
    add(store, "old", b"old")
    claim = take(store, add(store, "one"))
    spawns = tuple(
        NewFlow(record=record(name, parent="one"), state=state, exist_ok=True)
        for name, state in (("old", b"new"), ("child", b"1"), ("child", b"2"))
    )
    send = Outgoing(flow="old", topic="", body=b"m")
    store.commit(claim, Step(status="running", spawns=spawns, sends=(send,)))
    assert [store.state(name) for name in ("old", "child")] == [b"old", b"1"]
    # The old one is nobody's child by that.
    assert (store.children("one"), store.get("old").parent) == (["child"], "")
    assert bodies(store, "old") == [b"m"]
    assert not store.create(spawns[0])
    check_invariants(store)


@pytest.mark.parametrize("also", ["send", "wait"])
def test_the_one_that_is_there_may_have_ended(store: LmdbStore, also: str):
    end(store, add(store, "old"))
    claim = take(store, add(store, "one"))
    spawn = NewFlow(record=record("old"), state=b"", exist_ok=True)
    before = contents(store)
    if also == "send":
        send = Outgoing(flow="old", topic="", body=b"m")
        step = Step(status="running", state=b"1", spawns=(spawn,), sends=(send,))
        with pytest.raises(Exception, match="done: it receives nothing"):
            store.commit(claim, step)
        assert contents(store) == before
    else:
        join = Waiting(kind="join", flows=("old",))
        step = Step(status="waiting", state=b"1", spawns=(spawn,), waiting=join)
        assert store.commit(claim, step).record.status == "running"
    check_invariants(store)


def test_a_flow_that_starts_later(store: LmdbStore, clock: Clock):
    start = Waiting(kind="start", until=START + 5)
    add(store, "one", waiting=start)
    assert store.get("one").status == "waiting"
    assert store.claim() is None
    check_invariants(store)
    store.send("one", "", b"early")  # it does not begin sooner by that
    assert store.claim() is None
    clock.now += 5
    claim = take(store)
    assert (claim.message, claim.record.waiting.due) == (None, True)
    check_invariants(store)
    step = Step(status="waiting", state=b"1", waiting=RECV)
    assert store.commit(claim, step).message.body == b"early"
    check_invariants(store)


def test_what_began_and_was_not_saved_is_cancelled_all_the_same(
    store: LmdbStore, open_again: Open, clock: Clock
):
    start = Waiting(kind="start", until=START + 5)
    made = new("one", waiting=start)
    store.create(replace(made, deadline=START + 9, cancelled=b"too late"))
    clock.now += 5
    dying = open_again()
    assert take(dying, "one").message is None
    dying.close()
    clock.now += 5
    claim = take(store)
    assert (claim.record.id, claim.record.seq) == ("one", 0)
    assert claim.message.body == b"too late"
    check_invariants(store)


def test_a_step_makes_one_that_starts_later(store: LmdbStore, clock: Clock):
    claim = take(store, add(store, "one"))
    start = Waiting(kind="start", until=START + 5)
    store.commit(claim, Step(status="done", spawns=(new("child", waiting=start),)))
    assert store.claim() is None
    clock.now += 5
    assert take(store).record.id == "child"


def test_a_new_flow_waits_for_nothing_but_its_start(store: LmdbStore):
    with pytest.raises(ValueError, match="join"):
        add(store, "one", waiting=Waiting(kind="join", flows=("two",)))


def test_names_have_a_limit(store: LmdbStore):
    for more in ({"name": "ä" * 101}, {"tags": ("ok", "x" * 201)}):
        with pytest.raises(TooLarge, match="a name of"):
            add(store, "one", **more)
    assert list(store.flows()) == []
