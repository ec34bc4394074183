"""Flows that filled a mailbox: they wait until there is room in it."""

from __future__ import annotations

import pytest

from greenflow import limits
from greenflow.errors import FlowBusy
from greenflow.store import LmdbStore
from greenflow.store.base import Claim, Outgoing, Step, Waiting
from tests.store.helpers import (
    RECV,
    START,
    SUSPEND,
    Clock,
    add,
    bodies,
    check_invariants,
    end,
    take,
    waiting_flow,
)

ONCE = Waiting(kind="once")


def status(store: LmdbStore, flow_id: str = "w") -> str:
    check_invariants(store)
    return store.get(flow_id).status


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a mailbox hold two messages."""
    monkeypatch.setattr(limits, "MAILBOX_MESSAGES_MAX", 2)


def sends(count: int, to: str = "to") -> tuple[Outgoing, ...]:
    return tuple(Outgoing(flow=to, topic="", body=b"%d" % n) for n in range(count))


def blocked(store: LmdbStore, waiting: Waiting | None = RECV) -> str:
    """Let flow "w" fill the mailbox of "to"."""
    waiting_flow(store, "to", SUSPEND)
    claim = take(store, add(store, "w"))
    step = Step(
        status="running" if waiting in (None, ONCE) else "waiting",
        state=b"1",
        waiting=waiting,
        sends=sends(3),
    )
    committed = store.commit(claim, step)
    assert (committed.record.status, committed.message) == ("waiting", None)
    assert (committed.record.owner, committed.record.blocked) == ("", "to")
    assert status(store) == "waiting"
    assert store.claim() is None
    return "w"


def emptying(store: LmdbStore) -> Claim:
    store.answer("to", "value", b"go")
    return take(store, "to")


def consume(store: LmdbStore, claim: Claim, *seqs: int) -> None:
    consumed = tuple(("", seq) for seq in seqs)
    store.commit(claim, Step(status="running", state=b"", consumed=consumed))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("message", [False, True])
def test_who_fills_a_mailbox_waits_until_there_is_room(store: LmdbStore, message: bool):
    blocked(store)
    assert bodies(store, "to") == [b"0", b"1", b"2"]  # nothing is lost
    if message:
        store.send("w", "", b"m")
        assert status(store) == "waiting"
    claim = emptying(store)
    consume(store, claim, 0)
    # The answer takes a place as well.
    assert status(store) == "waiting"
    assert store.get("w").blocked == "to"
    consume(store, claim, 1)
    assert store.get("w").blocked == ""
    assert status(store) == ("ready" if message else "waiting")
    store.send("w", "", b"m")
    assert take(store).message.body == b"m"


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("waiting", [None, ONCE])
def test_a_checkpoint_that_fills_a_mailbox_goes_on_when_there_is_room(
    store: LmdbStore, waiting: Waiting | None
):
    blocked(store, waiting)
    store.send("w", "", b"m")
    assert status(store) == "waiting"
    consume(store, emptying(store), 0, 1)
    assert status(store) == "ready"
    claim = take(store)
    assert (claim.state, claim.message, claim.record.waiting) == (b"1", None, waiting)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("how", ["done", "failed", "killed"])
def test_a_full_mailbox_that_ends_blocks_nobody(store: LmdbStore, how: str):
    blocked(store, None)
    if how == "killed":
        store.kill("to", "", b"")
    else:
        store.release(emptying(store))
        end(store, "to", how)
    assert status(store) == "ready"


@pytest.mark.usefixtures("small")
def test_it_waits_for_the_end_of_the_one_that_blocks_it(store: LmdbStore):
    waiting_flow(store, "to", SUSPEND)
    claim = take(store, add(store, "w"))
    step = Step(
        status="waiting",
        state=b"",
        waiting=Waiting(kind="join", flows=("to",)),
        sends=sends(3),
    )
    store.commit(claim, step)
    assert status(store) == "waiting"
    other = emptying(store)
    consume(store, other, 0, 1)
    assert status(store) == "waiting"
    assert store.get("w").blocked == ""
    store.commit(other, Step(status="done"))
    assert status(store) == "ready"


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("by_id", [False, True])
def test_its_time_comes_while_it_is_blocked(
    store: LmdbStore, clock: Clock, by_id: bool
):
    blocked(store, Waiting(kind="recv", topic="", until=START + 1))
    clock.now += 1
    assert store.claim("w" if by_id else None) is None
    assert status(store) == "waiting"
    assert store.get("w").waiting.due
    assert store.next_due() is None
    consume(store, emptying(store), 0, 1)
    assert status(store) == "ready"
    assert take(store).record.waiting.due


@pytest.mark.usefixtures("small")
def test_a_blocked_flow_is_answered_once(store: LmdbStore):
    blocked(store, SUSPEND)
    store.answer("w", "value", b"answer")
    with pytest.raises(FlowBusy, match="has an answer"):
        store.answer("w", "value", b"another")
    assert status(store) == "waiting"
    consume(store, emptying(store), 0, 1)
    assert take(store, "w").message.body == b"answer"
    assert status(store) == "running"


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("waiting", [None, RECV, SUSPEND])
def test_a_blocked_flow_is_cancelled_at_once(store: LmdbStore, waiting: Waiting | None):
    blocked(store, waiting)
    store.cancel("w", b"cancelled", "", b"")
    assert status(store) == "ready"
    claim = take(store)
    assert (claim.message is None) == (waiting is None)
    consume(store, emptying(store), 0, 1)
    check_invariants(store)
    store.commit(claim, Step(status="done"))
    check_invariants(store)


@pytest.mark.usefixtures("small")
def test_a_shielded_one_is_not(store: LmdbStore):
    blocked(store, Waiting(kind="recv", topic="", shielded=True))
    store.cancel("w", b"cancelled", "", b"")
    assert status(store) == "waiting"
    consume(store, emptying(store), 0, 1)
    assert status(store) == "waiting"
    store.send("w", "", b"m")
    assert take(store).message.body == b"m"


@pytest.mark.usefixtures("small")
def test_a_blocked_flow_is_killed(store: LmdbStore):
    blocked(store)
    store.kill("w", "", b"")
    assert status(store) == "cancelled"
    consume(store, emptying(store), 0, 1)
    assert status(store) == "cancelled"


@pytest.mark.usefixtures("small")
def test_a_blocked_flow_is_held(store: LmdbStore):
    blocked(store, None)
    store.hold("w")
    assert status(store) == "waiting"
    consume(store, emptying(store), 0, 1)
    assert status(store) == "held"
    store.unhold("w")
    assert status(store) == "ready"


@pytest.mark.usefixtures("small")
def test_a_flow_does_not_block_itself(store: LmdbStore):
    claim = take(store, add(store, "w"))
    step = Step(status="waiting", state=b"", waiting=RECV, sends=sends(5, "w"))
    assert store.commit(claim, step).message.body == b"0"
    check_invariants(store)


@pytest.mark.usefixtures("small")
def test_several_blocked_ones_go_on_together(store: LmdbStore):
    blocked(store, None)
    claim = take(store, add(store, "x"))
    store.commit(claim, Step(status="running", state=b"", sends=sends(1)))
    assert store.get("x").blocked == "to"
    consume(store, emptying(store), 0, 1, 2)
    assert [status(store, each) for each in "wx"] == ["ready", "ready"]


@pytest.mark.usefixtures("small")
def test_a_step_that_ends_is_not_blocked(store: LmdbStore):
    waiting_flow(store, "to", SUSPEND)
    claim = take(store, add(store, "w"))
    store.commit(claim, Step(status="done", sends=sends(3)))
    assert status(store) == "done"
