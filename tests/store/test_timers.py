"""Flows that wait until a time: an index by it, and what wins when a message comes."""

from __future__ import annotations

import random

import pytest

from greenflow.errors import BadRecord, FlowBusy
from greenflow.store import LmdbStore, keys
from greenflow.store.base import Step, Waiting
from tests.store.conftest import Open
from tests.store.helpers import (
    START,
    Clock,
    add,
    check_invariants,
    overwrite,
    take,
    taken,
    wait,
    waiting_flow,
)


def sleeping(until: float | None) -> Waiting:
    return Waiting(kind="sleep", until=until)


def test_it_is_claimed_when_its_time_has_come(store: LmdbStore, clock: Clock):
    waiting_flow(store, "one", sleeping(START + 10))
    assert store.next_due() == START + 10
    assert store.claim() is None
    assert store.claim("one") is None
    clock.now += 10
    claim = take(store)
    assert claim.record.waiting == Waiting(
        kind="sleep", until=START + 10, due=True, late=True
    )
    assert claim.message is None
    assert store.next_due() is None
    check_invariants(store)


def test_the_earliest_comes_first(store: LmdbStore, clock: Clock):
    offsets = list(range(100))
    random.Random(1).shuffle(offsets)
    for offset in offsets:
        waiting_flow(store, f"f{offset}", sleeping(START + offset))
    assert store.next_due() == START
    clock.now += 49.5
    claimed = []
    while (claim := store.claim()) is not None:
        claimed.append(claim.record.id)
        store.commit(claim, Step(status="done"))
    assert claimed == [f"f{offset}" for offset in range(50)]
    assert store.next_due() == START + 50
    check_invariants(store)


def test_more_than_one_transaction_wakes(store: LmdbStore, clock: Clock):
    for number in range(1203):
        waiting_flow(store, f"f{number}", sleeping(START + 1))
    clock.now += 1
    count = 0
    while (claim := store.claim()) is not None:
        store.commit(claim, Step(status="done"))
        count += 1
    assert count == 1203


def test_one_that_is_asked_for_by_its_id(store: LmdbStore, clock: Clock):
    waiting_flow(store, "one", sleeping(START + 1))
    waiting_flow(store, "other", sleeping(START + 1))
    clock.now += 1
    assert take(store, "other").record.id == "other"
    check_invariants(store)
    assert take(store).record.id == "one"


@pytest.mark.parametrize("late", [False, True])
def test_a_message_wins_as_long_as_nobody_took_the_flow(
    store: LmdbStore, clock: Clock, late: bool
):
    waiting = Waiting(kind="recv", topic="t", until=START + 1)
    waiting_flow(store, "one", waiting)
    add(store, "other")
    if late:
        clock.now += 5
        assert take(store).record.id == "other"
        check_invariants(store)
    store.send("one", "t", b"message")
    check_invariants(store)
    claim = take(store, "one")
    assert claim.message is not None
    assert claim.message.body == b"message"
    assert store.next_due() is None
    store.commit(
        claim, Step(status="done", value=b"end", consumed=taken(claim.message))
    )
    check_invariants(store)


def test_who_was_told_that_it_is_too_late_is_told_so_again(
    store: LmdbStore, open_again: Open, clock: Clock
):
    """Code that runs again, because its worker died, gets what it got before."""
    waiting_flow(store, "one", Waiting(kind="recv", topic="t", until=START + 1))
    clock.now += 5
    dying = open_again()
    assert take(dying, "one").message is None
    store.send("one", "t", b"message")
    store.cancel("one", b"cancelled", "Cancelled", b"value")
    dying.close()
    claim = take(store, "one")
    assert claim.message is None
    assert claim.record.waiting is not None
    assert claim.record.waiting.late
    check_invariants(store)
    # The next wait takes it.
    waiting = Waiting(kind="recv", topic="t")
    step = Step(status="waiting", state=b"s", waiting=waiting)
    assert store.commit(claim, step).message is not None


def test_a_message_that_is_there_is_taken_at_once(store: LmdbStore, clock: Clock):
    claim = take(store, add(store, "one"))
    store.send("one", "", b"message")
    step = Step(
        status="waiting", state=b"s", waiting=Waiting(kind="recv", until=START + 1)
    )
    assert store.commit(claim, step).message is not None
    assert store.next_due() is None
    check_invariants(store)


def test_a_time_that_is_past(store: LmdbStore, clock: Clock):
    waiting_flow(store, "one", sleeping(START - 10))
    assert take(store).record.waiting == Waiting(
        kind="sleep", until=START - 10, due=True, late=True
    )


def test_for_ever(store: LmdbStore, clock: Clock):
    waiting_flow(store, "one", sleeping(None))
    assert store.next_due() is None
    clock.now += 1e9
    assert store.claim() is None


def test_it_stays_due_when_its_worker_dies(
    store: LmdbStore, open_again: Open, clock: Clock
):
    waiting_flow(store, "one", sleeping(START + 1))
    clock.now += 1
    other = open_again()
    assert take(other).record.waiting is not None
    other.close()
    clock.now = START - 100  # and if the clock is set back
    claim = take(store)
    assert claim.record.waiting is not None
    assert claim.record.waiting.due
    store.release(claim)
    check_invariants(store)
    assert take(store).record.id == "one"


def test_the_next_wait_is_another_one(store: LmdbStore, clock: Clock):
    waiting_flow(store, "one", sleeping(START + 1))
    clock.now += 1
    wait(store, take(store), sleeping(START + 5))
    assert store.next_due() == START + 5
    check_invariants(store)
    clock.now += 4
    wait(store, take(store), Waiting(kind="recv"))
    assert store.next_due() is None
    check_invariants(store)


def test_an_exception_can_be_thrown_into_it_but_it_takes_no_value(
    store: LmdbStore, clock: Clock
):
    waiting_flow(store, "one", sleeping(START + 1))
    with pytest.raises(FlowBusy, match="sleep"):
        store.answer("one", "value", b"")
    store.answer("one", "throw", b"error")
    claim = take(store)
    assert claim.message is not None
    assert claim.message.kind == "throw"
    check_invariants(store)


def test_a_damaged_entry_does_not_keep_others_waiting(store: LmdbStore, clock: Clock):
    waiting_flow(store, "bad", sleeping(START + 1))
    waiting_flow(store, "good", sleeping(START + 2))
    overwrite(store, keys.timer(START + 1, "bad"), b"damage")
    clock.now += 3
    # The flow itself says until when it waits: it is told of, and woken all the same.
    assert [take(store).record.id for _ in range(2)] == ["bad", "good"]
    with pytest.raises(BadRecord) as caught:
        store.claim()
    assert "bad" in "".join(caught.value.__notes__)
    assert store.claim() is None
    check_invariants(store)
