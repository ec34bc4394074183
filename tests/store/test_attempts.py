"""Flows that fail, or kill their workers: tried again, later, and then no more."""

from __future__ import annotations

import pytest

from greenflow import limits
from greenflow.errors import Conflict
from greenflow.store import LmdbStore
from greenflow.store.base import Step
from tests.store.conftest import Open
from tests.store.helpers import (
    RECV,
    START,
    Clock,
    add,
    check_invariants,
    contents,
    dies,
    take,
    taken,
    waiting_flow,
)


def look(store: LmdbStore) -> None:
    """Take away what dead workers have, and claim nothing."""
    assert store.claims(1, ["no such queue"]) == []


def test_a_step_that_is_to_be_tried_again(store: LmdbStore, clock: Clock):
    waiting_flow(store, "one")
    store.send("one", "", b"m")
    claim = take(store)
    step = Step(status="retrying", error="E: x" * 2000, retry_at=START + 5)
    record = store.commit(claim, step).record
    assert (record.status, record.attempts, record.owner) == ("retrying", 1, "")
    assert record.trouble == step.error[: limits.TROUBLE_CHARS_MAX]
    assert (record.error, record.seq) == ("", 1)
    assert (store.claim(), store.next_due()) == (None, START + 5)
    check_invariants(store)
    clock.now += 5
    again = take(store)
    assert again.message == claim.message
    assert (again.record.attempts, again.record.retry_at) == (2, None)
    check_invariants(store)
    last = Step(
        status="waiting", state=b"", waiting=RECV, consumed=taken(again.message)
    )
    record = store.commit(again, last).record
    assert (record.attempts, record.trouble) == (0, "")


def test_attempts_begin_again_with_what_the_failing_step_saves(store: LmdbStore):
    add(store, "one")
    for attempts in (1, 2):
        step = Step(status="retrying", retry_at=START - 1)
        assert store.commit(take(store), step).record.attempts == attempts
    step = Step(status="retrying", state=b"1", retry_at=START - 1)
    assert store.commit(take(store), step).record.attempts == 1
    check_invariants(store)


def test_a_step_that_gives_up(store: LmdbStore):
    claim = take(store, add(store, "one"))
    record = store.commit(claim, Step(status="hospital", error="E: why")).record
    assert (record.status, record.trouble, record.error) == ("hospital", "E: why", "")
    assert store.claim() is store.claim("one") is None
    assert [each.id for each in store.flows(status=["hospital"])] == ["one"]
    check_invariants(store)


def test_the_value_of_the_saved_state_stays_with_it(store: LmdbStore, clock: Clock):
    claim = take(store, add(store, "one"))
    store.commit(claim, Step(status="running", state=b"1", value=b"of state 1"))
    for step in (
        Step(status="running", label="x"),
        Step(status="retrying", error="E", retry_at=START),
        Step(status="hospital", error="E"),
        Step(status="ready"),
    ):
        store.commit(claim, step)
        assert store.value("one") == b"of state 1"
        if store.get("one").status == "hospital":
            store.retry("one")
        claim = take(store, "one") if step.status != "running" else claim
    store.commit(claim, Step(status="running", state=b"2"))
    assert store.value("one") is None
    check_invariants(store)


def test_when_it_is_tried_again_must_be_told(store: LmdbStore):
    claim = take(store, add(store, "one"))
    for wrong in (
        Step(status="retrying", error="E"),
        Step(status="ready", retry_at=1.0),
        Step(status="retrying", retry_at=float("nan")),
    ):
        with pytest.raises(ValueError, match=r"retry_at|until nan"):
            store.commit(claim, wrong)


def test_the_flow_that_ran_is_the_suspect(
    store: LmdbStore, open_again: Open, clock: Clock
):
    other = open_again()
    for flow_id in ("a", "b", "c"):
        add(other, flow_id)
    other.claims(3)
    dead = dies(other, "b")
    assert [take(store).record.id for _ in range(3)] == ["a", "b", "c"]
    suspect = store.get("b")
    assert (suspect.killer, suspect.attempts) == (dead, 2)
    assert suspect.trouble == f"worker {dead} died"
    # The others did not even begin: that is no attempt.
    assert [store.get(each).attempts for each in "ac"] == [1, 1]
    assert [store.get(each).killer for each in "ac"] == ["", ""]
    check_invariants(store)


def test_nobody_is_the_suspect_of_a_worker_that_marked_nothing(
    store: LmdbStore, open_again: Open
):
    other = open_again()
    take(other, add(other, "one"))
    other.mark("one")
    dies(other)
    assert take(store).record.attempts == 1
    assert store.get("one").killer == ""


def test_it_is_tried_at_once_then_later_then_not_at_all(
    store: LmdbStore, open_again: Open, clock: Clock
):
    add(store, "one")
    waits = []
    for attempt in range(1, limits.ATTEMPTS_MAX + 1):
        other = open_again()
        assert take(other).record.attempts == attempt
        dead = dies(other, "one")
        look(store)
        begin = clock.now
        if store.get("one").status == "retrying":
            assert store.claim("one") is None
            clock.now = store.next_due()
        waits.append(clock.now - begin)
        check_invariants(store)
    assert waits == [0, 1, 2, 4, 0]
    record = store.get("one")
    assert (record.status, record.killer) == ("hospital", dead)
    assert store.claim() is None
    store.retry("one")
    assert take(store).record.attempts == 1


def test_a_flow_that_got_on_is_tried_at_once(
    store: LmdbStore, open_again: Open, clock: Clock
):
    """What was saved since it was claimed is progress: no pause, nor the hospital."""
    add(store, "one")
    for number in range(limits.ATTEMPTS_MAX + 2):
        other = open_again()
        claim = take(other)
        # The claim that it was saved in ended badly, too, but for the first.
        assert claim.record.attempts == min(number, 1) + 1
        other.commit(claim, Step(status="running", state=b"%d" % number))
        dies(other, "one")
    assert take(store).state == b"%d" % (limits.ATTEMPTS_MAX + 1)
    check_invariants(store)


def test_a_released_claim_is_no_attempt(store: LmdbStore):
    add(store, "one")
    for _ in range(3):
        claim = take(store)
        assert claim.record.attempts == 1
        store.release(claim)


def test_the_flows_of_a_dead_worker_by_the_hundred(
    store: LmdbStore, open_again: Open, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("greenflow.store.claims._REQUEUE_MAX", 10)
    other = open_again()
    for number in range(95):
        add(other, f"f{number}")
    assert len(other.claims(95)) == 95
    dies(other, "f7")
    assert len(store.claims(95)) == 95
    check_invariants(store)


def test_a_claim_that_was_taken_away_is_void(store: LmdbStore, open_again: Open):
    """Also while nobody has it: the worker hangs, and comes back in that moment."""
    other = open_again()
    claim = take(other, add(other, "one"))
    dies(other, "one")
    add(store, "another")
    assert take(store, "another").record.id == "another"
    look(store)
    assert store.get("one").status == "ready"
    before = contents(store)
    with pytest.raises(Conflict):
        store.commit(claim, Step(status="running", state=b"stale"))
    store.release(claim)
    assert contents(store) == before
    check_invariants(store)


def test_how_a_worker_died_is_noted(store: LmdbStore, open_again: Open):
    assert store.death("1-00") == ""
    store.note_death("1-00", "signal 9")
    store.note_death("1-01", "x" * 1000)
    other = open_again()
    assert other.death("1-00") == "signal 9"
    assert other.death("1-01") == "x" * 200
    store.note_death("1-00", "signal 11")
    assert store.death("1-00") == "signal 11"
    check_invariants(store)
