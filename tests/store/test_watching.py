"""Flows that wait for the end of others, or for room in their mailbox."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from greenflow.errors import Deadlock, FlowBusy, FlowNotFound
from greenflow.store import LmdbStore
from greenflow.store.base import Step, Waiting
from tests.store.helpers import (
    START,
    Clock,
    add,
    check_invariants,
    contents,
    end,
    new,
    take,
    taken,
    wait,
    waiting_flow,
)


def join(*flows: str, **more: object) -> Waiting:
    return Waiting(kind="join", flows=flows, **more)


def first(*flows: str, **more: object) -> Waiting:
    return Waiting(kind="first", flows=flows, **more)


def status(store: LmdbStore, flow_id: str = "w") -> str:
    check_invariants(store)
    return store.get(flow_id).status


@pytest.fixture
def three(store: LmdbStore) -> LmdbStore:
    """A store with three flows that can run."""
    for flow_id in "abc":
        add(store, flow_id)
    return store


def done(store: LmdbStore, flow_id: str) -> None:
    end(store, flow_id)


def failed(store: LmdbStore, flow_id: str) -> None:
    end(store, flow_id, "failed")


def killed(store: LmdbStore, flow_id: str) -> None:
    store.kill(flow_id, "killed", b"v")


def cancelled(store: LmdbStore, flow_id: str) -> None:
    store.cancel(flow_id, b"", "cancelled", b"v")


@pytest.mark.parametrize("ended", [done, failed, killed, cancelled])
def test_it_is_woken_by_the_last_of_all(
    three: LmdbStore, ended: Callable[[LmdbStore, str], None]
):
    waiting_flow(three, "w", join("a", "b", "c"))
    for flow_id, left in (("b", 2), ("a", 1)):
        ended(three, flow_id)
        assert status(three) == "waiting"
        assert three.get("w").waiting.left == left
    ended(three, "c")
    assert status(three) == "ready"
    claim = take(three, "w")
    assert (claim.message, claim.record.waiting.left) == (None, 0)
    check_invariants(three)


def test_it_is_woken_by_the_first_of_several(three: LmdbStore):
    waiting_flow(three, "w", first("a", "b"))
    done(three, "c")
    assert status(three) == "waiting"
    done(three, "b")
    assert status(three) == "ready"
    done(three, "a")
    assert status(three) == "ready"
    three.commit(take(three, "w"), Step(status="done"))
    check_invariants(three)


@pytest.mark.parametrize("waiting", [join("a", "b"), first("a", "c"), join()])
def test_what_is_over_already_is_not_waited_for(three: LmdbStore, waiting: Waiting):
    for flow_id in "ab":
        done(three, flow_id)
    claim = take(three, add(three, "w"))
    committed = three.commit(claim, Step(status="waiting", state=b"", waiting=waiting))
    assert (committed.record.status, committed.message) == ("running", None)
    check_invariants(three)


def test_some_are_over_already(three: LmdbStore):
    done(three, "a")
    waiting_flow(three, "w", join("a", "b"))
    assert (status(three), three.get("w").waiting.left) == ("waiting", 1)
    done(three, "b")
    assert status(three) == "ready"


@pytest.mark.parametrize("make", [join, first])
def test_the_same_flow_twice_is_one(three: LmdbStore, make: Callable[..., Waiting]):
    waiting_flow(three, "w", make("a", "a"))
    assert status(three) == "waiting"
    done(three, "a")
    assert status(three) == "ready"


def test_a_flow_that_waits_for_itself_can_be_ended(three: LmdbStore, clock: Clock):
    waiting_flow(three, "w", join("w", until=START + 1))
    assert status(three) == "waiting"
    clock.now += 1
    claim = take(three, "w")
    assert claim.record.waiting.due
    before = contents(three)
    with pytest.raises(Deadlock, match="w waits for w"):
        wait(three, claim, join("w", "w"))
    assert contents(three) == before
    wait(three, claim, join("w", "w", until=START + 9))
    check_invariants(three)
    three.kill("w", "killed", b"")
    assert status(three) == "cancelled"


def test_several_wait_for_one(three: LmdbStore):
    for flow_id in ("w", "x", "y"):
        waiting_flow(three, flow_id, join("a"))
    waiting_flow(three, "z", first("a", "b"))
    done(three, "a")
    assert [status(three, each) for each in "wxyz"] == ["ready"] * 4


def test_there_is_no_such_flow(three: LmdbStore):
    claim = take(three, add(three, "w"))
    before = contents(three)
    with pytest.raises(FlowNotFound, match="nobody"):
        three.commit(
            claim, Step(status="waiting", state=b"1", waiting=join("a", "nobody"))
        )
    assert contents(three) == before


def test_it_waits_for_a_flow_of_the_same_step(store: LmdbStore):
    claim = take(store, add(store, "w"))
    step = Step(
        status="waiting", state=b"", waiting=join("child"), spawns=(new("child"),)
    )
    store.commit(claim, step)
    assert status(store) == "waiting"
    done(store, "child")
    assert status(store) == "ready"


def test_time_message_and_exception_end_the_wait_too(three: LmdbStore, clock: Clock):
    for flow_id in ("t", "u", "v", "x"):
        waiting_flow(three, flow_id, first("a", until=START + 5, topics=("m",)))
    three.answer("u", "throw", b"")
    three.cancel("v", b"", "", b"")
    three.send("x", "other", b"")
    three.send("x", "m", b"m")
    assert [status(three, each) for each in "tuvx"] == ["waiting"] + ["ready"] * 3
    # A message of one of its topics only wakes it: it takes it by itself.
    assert take(three, "x").message is None
    assert take(three, "u").message is not None
    clock.now += 5
    assert take(three, "t").record.waiting.due
    check_invariants(three)
    done(three, "a")
    check_invariants(three)
    with pytest.raises(FlowBusy):
        three.answer("t", "value", b"")


def test_what_ends_between_two_waits_is_seen(three: LmdbStore):
    waiting_flow(three, "w", join("a"))
    three.answer("w", "throw", b"")
    claim = take(three, "w")
    done(three, "a")  # nobody is told: it does not wait now
    step = Step(
        status="waiting", state=b"", waiting=join("a"), consumed=taken(claim.message)
    )
    assert three.commit(claim, step).record.status == "running"
    check_invariants(three)


def test_a_flow_that_waits_is_killed(three: LmdbStore):
    waiting_flow(three, "w", join("a", "b"))
    killed(three, "w")
    assert status(three) == "cancelled"
    done(three, "a")
    assert status(three) == "cancelled"


def test_a_chain_of_flows(store: LmdbStore):
    add(store, "0")
    for number in range(1, 5):
        waiting_flow(store, str(number), join(str(number - 1)))
    for number in range(5):
        claim = take(store)
        assert claim.record.id == str(number)
        store.commit(claim, Step(status="done"))
        check_invariants(store)


def test_held_flows_are_woken_when_they_are_held_no_more(three: LmdbStore):
    waiting_flow(three, "w", join("a"))
    three.hold("w")
    done(three, "a")
    assert status(three) == "held"
    three.unhold("w")
    assert status(three) == "ready"
