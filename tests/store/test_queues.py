"""Queues: their order by priority, and that each has its turn."""

from __future__ import annotations

import random

import pytest

from greenflow import limits
from greenflow.store import LmdbStore
from greenflow.store.base import NewFlow, Step
from tests.store.conftest import Open
from tests.store.helpers import (
    add,
    check_invariants,
    contents,
    ids,
    record,
    take,
    wait,
    waiting_flow,
)


def test_the_highest_priority_is_first_and_then_who_came_first(store: LmdbStore):
    for flow_id, priority in (("a", 0), ("b", 5), ("c", -5), ("d", 5), ("e", 0)):
        add(store, flow_id, priority=priority)
    assert ids(store.claims(9)) == ["b", "d", "a", "e", "c"]
    check_invariants(store)


def test_every_priority_there_is(store: LmdbStore):
    every = list(range(-limits.PRIORITY_MAX, limits.PRIORITY_MAX + 1))
    random.Random(1).shuffle(every)
    for priority in every:
        for turn in "ab":
            add(store, f"{priority}{turn}", priority=priority)
    check_invariants(store)
    expected = [
        f"{each}{turn}" for each in sorted(every, reverse=True) for turn in "ab"
    ]
    claimed = store.claims(101) + store.claims(1000)
    assert ids(claimed) == expected
    assert store.claims(1) == []


def test_a_woken_flow_keeps_its_priority(store: LmdbStore):
    add(store, "high", priority=1)
    wait(store, take(store))
    add(store, "low")
    store.send("high", "", b"m")
    assert ids(store.claims(2)) == ["high", "low"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"priority": limits.PRIORITY_MAX + 1},
        {"priority": -limits.PRIORITY_MAX - 1},
        {"queue": "a\0b"},
        {"queue": "x" * (limits.NAME_CHARS_MAX + 1)},
        {"queue": "\ud800"},
        {"parent": "a b"},
    ],
)
def test_impossible_places(store: LmdbStore, wrong: dict[str, object]):
    with pytest.raises(ValueError, match=r"priority|queue|parent|id of|surrogate"):
        store.create(NewFlow(record=record("one", **wrong), state=b""))
    assert list(store.flows()) == []


def test_every_queue_has_its_turn(store: LmdbStore):
    for queue in ("", "b", "a", "a\1"):
        for number in range(3):
            add(store, f"{queue}{number}".replace("\1", "_"), queue=queue)
    check_invariants(store)
    assert ids(store.claims(5)) == ["a0", "a_0", "b0", "0", "a1"]
    # A later claim goes on where the last one stopped.
    assert [take(store).record.id for _ in range(3)] == ["a_1", "b1", "1"]
    assert ids(store.claims(9)) == ["a2", "a_2", "b2", "2"]


def test_a_queue_that_is_always_full_does_not_starve_the_others(store: LmdbStore):
    add(store, "slow", queue="z")
    for number in range(5):
        add(store, f"busy{number}", queue="a")
        claim = take(store)
        store.commit(claim, Step(status="ready"))
        if claim.record.id == "slow":
            assert number == 1
            return
    pytest.fail("never claimed")


def test_only_the_queues_that_are_asked_for(store: LmdbStore):
    for queue in ("a", "b", "c"):
        for number in range(3):
            add(store, f"{queue}{number}", queue=queue)
    assert store.claims(9, []) == []
    assert store.claims(9, ["x", "a\0", "x" * 300]) == []
    assert ids(store.claims(3, ["c", "a"])) == ["c0", "a0", "c1"]
    # Nor does the first that is named starve those behind it.
    assert ids(store.claims(1, ["c", "a"])) == ["a1"]
    assert ids(store.claims(1, ["c", "a", "c"])) == ["c2"]
    assert ids(store.claims(9, ["c", "a"])) == ["a2"]
    assert store.claims(9, ["c", "a"]) == []
    assert ids(store.claims(9, ["b"])) == ["b0", "b1", "b2"]


def test_many_claims_are_one_transaction(store: LmdbStore):
    for number in range(100):
        add(store, f"f{number:02}")
    add(store, "other")
    store.release(take(store, "other"))
    before = store.read(lambda work: work.txn.id())
    claimed = store.claims(64)
    assert store.read(lambda work: work.txn.id()) == before + 1
    assert ids(claimed) == [f"f{number:02}" for number in range(64)]
    assert {claim.record.owner for claim in claimed} == {claimed[0].record.owner}
    assert all(store.get(claim.record.id) == claim.record for claim in claimed)
    check_invariants(store)


def test_claims_of_nothing(store: LmdbStore):
    add(store, "one")
    assert store.claims(0) == []
    assert take(store).record.id == "one"
    before = contents(store)
    assert store.claims(64) == []
    assert contents(store) == before


def test_claims_of_a_killed_worker_come_back(store: LmdbStore, open_again: Open):
    other = open_again()
    for number in range(10):
        add(other, f"f{number}", queue=f"q{number % 3}", priority=number)
    assert len(other.claims(7)) == 7
    other.close()
    assert sorted(ids(store.claims(64))) == [f"f{number}" for number in range(10)]
    check_invariants(store)


def test_claims_bring_the_messages_of_each(store: LmdbStore):
    for number in range(5):
        waiting_flow(store, f"f{number}")
    for number in range(5):
        store.send(f"f{number}", "", b"%d" % number)
    found = store.claims(5)
    assert [claim.message.body for claim in found] == [b"0", b"1", b"2", b"3", b"4"]
