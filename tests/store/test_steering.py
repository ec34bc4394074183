"""What people do to a flow from outside: cancel, kill, hold, retry."""

from __future__ import annotations

import pytest

from greenflow.errors import Conflict, FlowBusy, FlowNotFound
from greenflow.store import LmdbStore
from greenflow.store.base import CANCELS, Claim, Step, Waiting
from tests.store.helpers import (
    RECV,
    START,
    SUSPEND,
    Clock,
    add,
    bodies,
    check_invariants,
    contents,
    end,
    noise,
    take,
    taken,
    wait,
    waiting_flow,
)

SHIELDED = Waiting(kind="recv", topic="", shielded=True)


def in_status(store: LmdbStore, status: str, state: bytes | None = None) -> str:
    """Return a flow that is in this status; saved, if a state is given."""
    flow_id = add(store, "one")
    if status == "held":
        store.hold(flow_id)
    elif status != "ready":
        claim = take(store, flow_id)
        if state is not None:
            store.commit(claim, Step(status="running", state=state))
        if status == "waiting":
            wait(store, claim)
        elif status == "retrying":
            store.commit(claim, Step(status="retrying", error="E", retry_at=START + 5))
        elif status == "hospital":
            store.commit(claim, Step(status="hospital", error="E"))
        elif status != "running":
            store.commit(claim, Step(status=status))
    assert store.get(flow_id).status == status
    check_invariants(store)
    return flow_id


GOING_ON = ["ready", "running", "waiting", "held", "retrying", "hospital"]


@pytest.mark.parametrize("status", GOING_ON)
def test_kill_ends_any_flow(store: LmdbStore, clock: Clock, status: str):
    in_status(store, status)
    store.send("one", "other", b"m")
    store.kill("one", "killed: why", noise(9000))
    record = store.get("one")
    assert (record.status, record.error) == ("cancelled", "killed: why")
    assert (record.waiting, record.owner, record.retry_at) == (None, "", None)
    assert store.value("one") == noise(9000)
    check_invariants(store)
    clock.now += 100
    assert store.claim() is store.claim("one") is None
    assert store.next_due() is None
    for call in (
        lambda: store.kill("one", "", b""),
        lambda: store.cancel("one", b"", "", b""),
        lambda: store.hold("one"),
        lambda: store.unhold("one"),
        lambda: store.retry("one"),
        lambda: store.send("one", "", b""),
        lambda: store.answer("one", "throw", b""),
    ):
        with pytest.raises(FlowBusy, match="cancelled"):
            call()
    check_invariants(store)


def test_who_runs_a_killed_flow_writes_nothing_more(store: LmdbStore):
    receiver = waiting_flow(store, "receiver")
    claim = take(store, add(store, "one"))
    store.commit(claim, Step(status="running", state=b"kept", value=b"old"))
    store.kill("one", "killed", b"end")
    before = contents(store)
    for status in ("running", "done", "ready"):
        with pytest.raises(Conflict, match="cancelled"):
            store.commit(claim, Step(status=status, state=b"stale", value=b"stale"))
    store.release(claim)
    assert contents(store) == before
    assert (store.state("one"), store.value("one")) == (b"kept", b"end")
    assert bodies(store, receiver) == []


def test_cancel_is_thrown_where_the_flow_waits(store: LmdbStore):
    waiting_flow(store, "one", SUSPEND)
    store.cancel("one", b"cancelled", "line", b"value")
    claim = take(store)
    assert claim.message is not None
    assert (claim.message.topic, claim.message.kind) == (CANCELS, "throw")
    assert claim.message.body == b"cancelled"
    assert store.value("one") is None
    check_invariants(store)


@pytest.mark.parametrize("status", ["running", "retrying", "hospital"])
def test_or_where_it_waits_next(store: LmdbStore, clock: Clock, status: str):
    in_status(store, status, state=b"1")
    running = Claim(record=store.get("one"), state=b"", message=None)
    store.cancel("one", b"cancelled", "line", b"value")
    assert store.get("one").status == status
    check_invariants(store)
    if status == "hospital":
        store.retry("one")
    clock.now += 5
    claim = store.claim() or running
    assert claim.message is None  # it did not wait when it was saved
    step = Step(status="waiting", state=b"", waiting=RECV)
    assert store.commit(claim, step).message.body == b"cancelled"
    check_invariants(store)


@pytest.mark.parametrize("status", ["retrying", "hospital"])
def test_one_that_was_never_saved_ends(store: LmdbStore, clock: Clock, status: str):
    in_status(store, status)
    store.cancel("one", b"cancelled", "the line", b"value")
    assert (store.get("one").status, store.get("one").error) == (
        "cancelled",
        "the line",
    )
    clock.now += 9
    assert store.claim() is None
    check_invariants(store)


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("later", [False, True])
def test_one_that_has_not_begun_ends(store: LmdbStore, held: bool, later: bool):
    start = Waiting(kind="start", until=5e9) if later else None
    add(store, "one", waiting=start)
    if held:
        store.hold("one")
    store.cancel("one", b"cancelled", "the line", b"value")
    record = store.get("one")
    assert (record.status, record.error) == ("cancelled", "the line")
    assert store.value("one") == b"value"
    assert store.claim() is None
    check_invariants(store)


def test_a_shielded_wait_goes_on_when_the_flow_is_cancelled(store: LmdbStore):
    waiting_flow(store, "one", SHIELDED)
    store.cancel("one", b"cancelled", "", b"")
    assert (store.get("one").status, store.claim()) == ("waiting", None)
    check_invariants(store)
    store.send("one", "", b"m")
    claim = take(store)
    assert claim.message is not None
    assert claim.message.body == b"m"
    again = Step(
        status="waiting", state=b"", waiting=SHIELDED, consumed=taken(claim.message)
    )
    assert store.commit(claim, again).record.status == "waiting"
    check_invariants(store)
    store.answer("one", "throw", b"error")  # that is no cancel()
    claim = take(store)
    step = Step(
        status="waiting", state=b"", waiting=SUSPEND, consumed=taken(claim.message)
    )
    committed = store.commit(claim, step)
    assert committed.message is not None
    assert committed.message.body == b"cancelled"
    check_invariants(store)


def test_a_held_flow_is_not_claimed(store: LmdbStore):
    add(store, "one")
    add(store, "two")
    store.hold("one")
    store.hold("one")
    assert store.get("one").status == "held"
    assert store.claim("one") is None
    assert [claim.record.id for claim in store.claims(9)] == ["two"]
    store.unhold("one")
    store.unhold("one")
    assert take(store).record.id == "one"
    check_invariants(store)


def test_what_it_waits_for_comes_while_it_is_held(store: LmdbStore, clock: Clock):
    for flow_id in ("m", "t"):
        waiting_flow(store, flow_id, Waiting(kind="recv", topic="", until=START + 1))
        store.hold(flow_id)
        assert store.get(flow_id).status == "waiting"
    store.send("m", "", b"m")
    assert store.get("m").status == "held"
    clock.now += 1
    assert store.claim() is None
    assert store.get("t").status == "held"
    check_invariants(store)
    for flow_id in ("t", "m"):
        store.unhold(flow_id)
    assert take(store).record.waiting.due
    assert take(store).message.body == b"m"


@pytest.mark.parametrize("status", ["running", "waiting", "ready"])
def test_a_flow_that_runs_is_held_at_its_next_commit(store: LmdbStore, status: str):
    claim = take(store, add(store, "one"))
    store.hold("one")
    assert store.get("one").status == "running"
    store.send("one", "", b"m")
    step = Step(
        status=status, state=b"1", waiting=RECV if status == "waiting" else None
    )
    committed = store.commit(claim, step)
    assert (committed.record.status, committed.message) == ("held", None)
    assert store.claim() is None
    check_invariants(store)
    with pytest.raises(Conflict):
        store.commit(claim, step)
    store.unhold("one")
    claim = take(store)
    assert claim.state == b"1"
    assert (claim.message is not None) == (status == "waiting")


def test_a_held_flow_that_has_to_wait_waits(store: LmdbStore):
    claim = take(store, add(store, "one"))
    store.hold("one")
    wait(store, claim)
    assert (store.get("one").status, store.get("one").held) == ("waiting", True)
    check_invariants(store)


def test_a_held_flow_ends_by_its_own_step(store: LmdbStore):
    claim = take(store, add(store, "one"))
    store.hold("one")
    store.commit(claim, Step(status="done"))
    assert store.get("one").status == "done"
    check_invariants(store)


def test_a_held_flow_of_a_released_claim(store: LmdbStore):
    claim = take(store, add(store, "one"))
    store.hold("one")
    store.release(claim)
    assert store.get("one").status == "held"
    check_invariants(store)


@pytest.mark.parametrize("status", ["retrying", "hospital"])
def test_retry_lets_it_run_now(store: LmdbStore, clock: Clock, status: str):
    in_status(store, status)
    assert store.claim() is None
    store.retry("one")
    assert (store.get("one").attempts, store.next_due()) == (0, None)
    check_invariants(store)
    claim = take(store)
    assert (claim.record.attempts, claim.record.trouble) == (1, "E")
    store.commit(claim, Step(status="running", state=b"better"))
    assert store.get("one").trouble == ""


@pytest.mark.parametrize("status", ["ready", "running", "waiting", "held"])
def test_what_is_in_no_trouble_is_not_retried(store: LmdbStore, status: str):
    in_status(store, status)
    with pytest.raises(FlowBusy, match=f"one is {status}"):
        store.retry("one")


@pytest.mark.parametrize("status", ["retrying", "hospital"])
def test_a_held_flow_is_not_retried_at_once(
    store: LmdbStore, clock: Clock, status: str
):
    in_status(store, status)
    store.hold("one")
    assert store.get("one").status == status
    store.retry("one")
    assert store.get("one").status == "held"
    check_invariants(store)


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.kill("no", "", b""),
        lambda store: store.cancel("no", b"", "", b""),
        lambda store: store.hold("no"),
        lambda store: store.unhold("no"),
        lambda store: store.retry("no"),
        lambda store: list(store.flows(after="no")),
    ],
)
def test_there_is_no_such_flow(store: LmdbStore, call):
    end(store, add(store, "yes"))
    with pytest.raises(FlowNotFound):
        call(store)
