"""Limits of queues: how many of their flows run, and how many begin."""

from __future__ import annotations

from contextlib import closing

import pytest

from greenflow.store import LmdbStore
from greenflow.store.base import QueueLimits, Step
from tests.store.conftest import Open
from tests.store.helpers import START, Clock, add, check_invariants, ids, take, wait


def fill(store: LmdbStore, queue: str, count: int, prefix: str = "f") -> None:
    for number in range(count):
        add(store, f"{prefix}{number}", queue=queue)


def rate(count: int, seconds: float = 1.0, name: str = "q") -> QueueLimits:
    return QueueLimits(name=name, count=count, seconds=seconds)


@pytest.mark.parametrize("queue", ["q", ""])
def test_so_many_run_at_once_in_all_workers(
    store: LmdbStore, open_again: Open, queue: str
):
    other = open_again()
    store.limit_queue(QueueLimits(name=queue, concurrency=3))
    fill(store, queue, 9)
    add(store, "free", queue="unlimited")
    first = other.claims(2, [queue])
    assert ids(first) == ["f0", "f1"]
    assert sorted(ids(store.claims(64))) == ["f2", "free"]
    assert store.claims(64) == other.claims(64) == []
    check_invariants(store)
    with closing(store.bell()) as bell:
        other.commit(first[0], Step(status="running", state=b"still runs"))
        assert not bell.wait(0)
        wait(other, first[0])
        assert bell.wait(0)  # who was kept waiting hears of it
    assert ids(store.claims(64)) == ["f3"]
    other.close()  # what f1 had is free; it comes again itself, behind the others
    assert ids(store.claims(64)) == ["f4"]
    check_invariants(store)


def test_a_flow_of_a_dead_worker_runs_no_more(store: LmdbStore, open_again: Open):
    other = open_again()
    store.limit_queue(QueueLimits(name="q", concurrency=1))
    fill(store, "q", 1)
    take(other)
    assert store.claim() is None
    other.close()
    assert take(store).record.id == "f0"


def test_so_many_begin_in_so_long(store: LmdbStore, clock: Clock):
    store.limit_queue(rate(3, 6.0))
    fill(store, "q", 20)
    assert len(store.claims(64)) == 3
    assert store.claims(64) == []
    assert store.next_due() == START + 2
    clock.now += 1
    assert store.claims(64) == []
    assert store.next_due() == START + 2
    clock.now += 1
    assert len(store.claims(64)) == 1
    clock.now += 1000  # what was not used is not saved up
    assert len(store.claims(64)) == 3
    check_invariants(store)


def test_one_at_a_time_is_counted_as_well(store: LmdbStore, clock: Clock):
    store.limit_queue(rate(2, 0.3))
    fill(store, "q", 50)
    begun = 0
    for _ in range(40):
        while store.claim() is not None:
            begun += 1
        due = store.next_due()
        if due is not None:
            clock.now = due
    assert begun == 41


@pytest.mark.parametrize("step", [-1e6, -7.0, 1e6])
def test_a_clock_that_jumps_neither_stops_nor_floods_a_queue(
    store: LmdbStore, clock: Clock, step: float
):
    store.limit_queue(rate(3, 6.0))
    fill(store, "q", 30)
    assert len(store.claims(64)) == 3
    clock.now += step
    assert len(store.claims(64)) <= 3
    begun = 0
    for _ in range(12):
        clock.now += 1
        begun += len(store.claims(64))
    assert 6 <= begun <= 7


def test_a_clock_that_is_set_back_a_little_lets_nothing_more_begin(
    store: LmdbStore, clock: Clock
):
    store.limit_queue(rate(3, 6.0))
    fill(store, "q", 30)
    assert len(store.claims(64)) == 3
    clock.now -= 0.5
    assert store.claims(64) == []
    clock.now += 2.5
    assert len(store.claims(64)) == 1


def test_both_limits_hold(store: LmdbStore, clock: Clock):
    store.limit_queue(QueueLimits(name="q", concurrency=2, count=3, seconds=1))
    fill(store, "q", 9)
    first = store.claims(64)
    assert len(first) == 2
    for claim in first:
        store.commit(claim, Step(status="done"))
    assert len(store.claims(64)) == 1
    assert store.claims(64) == []
    clock.now += 5
    assert len(store.claims(64)) == 1


def test_a_limited_queue_does_not_keep_others_waiting(store: LmdbStore):
    store.limit_queue(QueueLimits(name="a", concurrency=1))
    fill(store, "a", 3, "a")
    fill(store, "b", 3, "b")
    assert ids(store.claims(64)) == ["a0", "b0", "b1", "b2"]


def test_limits_are_kept_changed_and_forgotten(store: LmdbStore, open_again: Open):
    wanted = QueueLimits(name="q", concurrency=1, count=5, seconds=60.0)
    store.limit_queue(rate(1, name="other"))
    store.limit_queue(wanted)
    assert open_again().queue_limits() == [rate(1, name="other"), wanted]
    fill(store, "q", 9)
    assert len(store.claims(64)) == 1
    with closing(store.bell()) as bell:
        store.limit_queue(QueueLimits(name="q", concurrency=3))
        assert bell.wait(0)
    assert len(store.claims(64)) == 2
    check_invariants(store)
    store.limit_queue(QueueLimits(name="q"))
    assert store.queue_limits() == [rate(1, name="other")]
    assert len(store.claims(64)) == 6


@pytest.mark.parametrize(
    "wrong",
    [
        {"concurrency": 0},
        {"concurrency": -1},
        {"count": -1},
        {"count": 1, "seconds": 0.0},
        {"count": 1, "seconds": -1.0},
        {"count": 1, "seconds": float("inf")},
        {"count": 1, "seconds": float("nan")},
        {"name": "a\0b", "count": 1},
        {"name": "x" * 201, "count": 1},
    ],
)
def test_impossible_limits(store: LmdbStore, wrong: dict[str, object]):
    with pytest.raises(ValueError, match="limits of a queue"):
        store.limit_queue(QueueLimits(**{"name": "q", **wrong}))
    assert store.queue_limits() == []


def test_one_that_is_asked_for_by_its_id_is_not_kept_waiting(store: LmdbStore):
    store.limit_queue(QueueLimits(name="q", concurrency=1))
    fill(store, "q", 3)
    assert take(store, "f1").record.id == "f1"
    assert take(store, "f2").record.id == "f2"
    assert store.claims(64) == []
