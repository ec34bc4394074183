"""What one step writes, all of it or nothing."""

from __future__ import annotations

import pytest

from greenflow import limits
from greenflow.errors import FlowBusy, FlowNotFound, InternalError, TooLarge
from greenflow.store import LmdbStore
from greenflow.store.base import ANSWERS, Outgoing, Step, Waiting
from tests.store.helpers import (
    RECV,
    SUSPEND,
    add,
    bodies,
    check_invariants,
    contents,
    take,
    taken,
    wait,
    waiting_flow,
)


def test_checkpoint_keeps_the_claim(store: LmdbStore):
    claim = take(store, add(store, "one"))
    first = store.commit(claim, Step(status="running", state=b"1", label="here"))
    assert first.message is None
    assert (first.record.seq, first.record.label) == (1, "here")
    second = store.commit(claim, Step(status="running", state=b"22"))
    assert second.record == store.get("one")
    assert (second.record.seq, second.record.label) == (2, "here")
    assert (second.record.status, second.record.state_bytes) == ("running", 2)
    assert second.record.owner == claim.record.owner
    assert second.record.updated > second.record.created
    assert store.state("one") == b"22"
    check_invariants(store)


def test_wait_gives_the_claim_back(store: LmdbStore):
    claim = take(store, add(store, "one"))
    waiting = Waiting(kind="suspend", preview="{'need': 'a number'}")
    step = Step(status="waiting", state=b"1", value=b"payload", waiting=waiting)
    committed = store.commit(claim, step)
    assert (committed.message, committed.record) == (None, store.get("one"))
    assert (committed.record.status, committed.record.waiting) == ("waiting", waiting)
    assert committed.record.owner == ""
    assert store.value("one") == b"payload"
    check_invariants(store)


def test_wait_for_a_message_that_is_there_goes_on(store: LmdbStore):
    claim = take(store, add(store, "one"))
    for body in (b"first", b"second"):
        store.send("one", "", body)
    step = Step(status="waiting", state=b"1", waiting=RECV)
    committed = store.commit(claim, step)
    assert committed.message is not None
    assert (committed.message.body, committed.record.status) == (b"first", "running")
    assert bodies(store, "one") == [b"first", b"second"]
    step = Step(
        status="waiting", state=b"2", waiting=RECV, consumed=taken(committed.message)
    )
    committed = store.commit(claim, step)
    assert committed.message is not None
    assert committed.message.body == b"second"
    assert bodies(store, "one") == [b"second"]
    step = Step(
        status="waiting", state=b"3", waiting=RECV, consumed=taken(committed.message)
    )
    assert store.commit(claim, step).message is None
    assert store.get("one").status == "waiting"
    assert bodies(store, "one") == []
    check_invariants(store)


@pytest.mark.parametrize("status", ["done", "failed"])
def test_end(store: LmdbStore, status: str):
    waiting_flow(store, "one", SUSPEND)
    store.answer("one", "value", b"m")
    claim = take(store)
    store.commit(claim, Step(status=status, value=b"v", error="E: why"))
    record = store.get("one")
    assert (record.status, record.waiting, record.error) == (status, None, "E: why")
    assert (record.owner, record.seq) == ("", 1)
    # The last saved state is kept, and so is what was not consumed.
    assert store.state("one") == b"waits"
    assert store.value("one") == b"v"
    assert bodies(store, "one") == [b"m"]
    assert store.claim() is None
    assert store.claim("one") is None
    with pytest.raises(FlowBusy, match=status):
        store.send("one", "", b"late")
    with pytest.raises(FlowBusy, match=status):
        store.answer("one", "throw", b"late")


def test_ready_gives_the_claim_back_and_goes_to_the_end(store: LmdbStore):
    claim = take(store, add(store, "one"))
    add(store, "two")
    store.commit(claim, Step(status="ready", state=b"1"))
    record = store.get("one")
    assert (record.status, record.owner, record.seq) == ("ready", "", 1)
    assert [take(store).record.id for _ in range(2)] == ["two", "one"]
    check_invariants(store)


def test_value_is_of_the_last_step_only(store: LmdbStore):
    claim = take(store, add(store, "one"))
    store.commit(claim, Step(status="running", state=b"1", value=b"v" * 9000))
    store.commit(claim, Step(status="running", state=b"2"))
    assert store.value("one") is None
    check_invariants(store)


def test_step_without_a_state_leaves_the_last(store: LmdbStore):
    waiting_flow(store, "one")
    store.send("one", "", b"m")
    claim = take(store)
    record = store.commit(claim, Step(status="running", label="x")).record
    assert (record.seq, record.label, record.waiting) == (1, "x", RECV)
    assert store.state("one") == b"waits"
    store.release(claim)
    assert take(store).message == claim.message


def test_messages_go_out_with_the_step(store: LmdbStore):
    waiting_flow(store, "receiver", Waiting(kind="recv", topic="t"))
    waiting_flow(store, "sleeper")
    claim = take(store, add(store, "sender"))
    sends = tuple(
        Outgoing(flow=flow, topic="t", body=b"%d" % number)
        for number, flow in enumerate(["receiver", "sleeper", "receiver"])
    )
    store.commit(claim, Step(status="done", sends=sends))
    assert bodies(store, "receiver") == [b"0", b"2"]
    assert bodies(store, "sleeper", "t") == [b"1"]
    assert store.get("receiver").status == "ready"
    assert store.get("sleeper").status == "waiting"
    woken = take(store)
    assert woken.message is not None
    assert woken.message.body == b"0"
    check_invariants(store)


def test_message_to_itself(store: LmdbStore):
    claim = take(store, add(store, "one"))
    own = Outgoing(flow="one", topic="", body=b"me")
    committed = store.commit(
        claim, Step(status="waiting", state=b"1", waiting=RECV, sends=(own, own))
    )
    assert committed.message is not None
    assert (committed.message.body, committed.record.status) == (b"me", "running")
    assert store.get("one") == committed.record
    committed = store.commit(
        claim,
        Step(
            status="waiting",
            state=b"2",
            waiting=SUSPEND,
            consumed=taken(committed.message),
            sends=(own,),
        ),
    )
    assert (committed.message, committed.record.status) == (None, "waiting")
    assert [message.seq for message in store.messages("one")] == [1, 2]
    check_invariants(store)


def ended(store: LmdbStore) -> None:
    store.commit(take(store, add(store, "other")), Step(status="done"))


@pytest.mark.parametrize(
    ("prepare", "error"), [(lambda store: None, FlowNotFound), (ended, FlowBusy)]
)
def test_message_that_cannot_be_delivered_stops_the_whole_step(
    store: LmdbStore, prepare, error
):
    prepare(store)
    waiting_flow(store, "good")
    waiting_flow(store, "one")
    store.send("one", "", b"m")
    claim = take(store, "one")
    before = contents(store)
    step = Step(
        status="running",
        state=b"new",
        value=b"new",
        consumed=taken(claim.message),
        sends=(
            Outgoing(flow="good", topic="", body=b"1"),
            Outgoing(flow="other", topic="", body=b"2"),
        ),
    )
    with pytest.raises(error, match="other"):
        store.commit(claim, step)
    assert contents(store) == before
    store.commit(claim, Step(status="done", consumed=taken(claim.message)))
    check_invariants(store)


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (Step(status="waiting"), ValueError),
        (Step(status="running", waiting=RECV), ValueError),
        (Step(status="running", label="x" * 201), TooLarge),
        (
            Step(
                status="waiting",
                state=b"s",
                waiting=Waiting(kind="recv", topic="x" * 201),
            ),
            TooLarge,
        ),
        (
            Step(status="done", sends=(Outgoing(flow="one", topic=ANSWERS, body=b""),)),
            ValueError,
        ),
        (
            Step(
                status="done",
                sends=(
                    Outgoing(
                        flow="one", topic="", body=bytes(limits.MESSAGE_BYTES_MAX + 1)
                    ),
                ),
            ),
            TooLarge,
        ),
        (Step(status="running", state=b"", consumed=(("", 7),)), InternalError),
        (Step(status="running", consumed=(("", 0),)), ValueError),
    ],
)
def test_step_that_makes_no_sense(store: LmdbStore, step: Step, error):
    claim = take(store, add(store, "one"))
    before = contents(store)
    with pytest.raises(error):
        store.commit(claim, step)
    assert contents(store) == before


def test_thrown_into_a_flow_that_waits_for_a_message(store: LmdbStore):
    waiting_flow(store, "one")
    store.answer("one", "throw", b"error")
    store.send("one", "", b"m")
    claim = take(store)
    assert claim.message is not None
    assert (claim.message.kind, claim.message.body) == ("throw", b"error")
    wait_again = Step(
        status="waiting", state=b"1", waiting=RECV, consumed=taken(claim.message)
    )
    committed = store.commit(claim, wait_again)
    assert committed.message is not None
    assert committed.message.body == b"m"
    wait(store, claim, SUSPEND)
    assert bodies(store, "one") == [b"m"]
    check_invariants(store)
