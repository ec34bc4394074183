"""Which flows may go, as the store is told; and what else gc removes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

import greenflow
from greenflow import limits
from greenflow.errors import FlowNotFound
from greenflow.store import LmdbStore
from greenflow.store.settings import Retention, get_retention, put_retention
from tests.upkeep.helpers import DAY, add, damage, gc, save


def test_notes_of_deaths_that_no_flow_names_go_when_there_are_many(
    store: LmdbStore,
) -> None:
    worker = "1-{:016x}".format
    for number in range(limits.DEATHS_KEPT_MAX):
        store.note_death(worker(number), "signal 9")
    gc(store, older_seconds=0)
    assert store.death(worker(0)) == "signal 9"
    add(store, "patient")
    save(store, "patient", "hospital", error="trouble")

    def name_it(work) -> None:
        from msgspec.structs import replace

        row = work.row("patient")
        work.change(replace(row, record=replace(row.record, killer=worker(7))))

    store.write(name_it)
    store.note_death(worker(1000), "signal 11")
    assert gc(store, older_seconds=0).notes == limits.DEATHS_KEPT_MAX
    assert store.death(worker(7)) == "signal 9"
    assert store.death(worker(0)) == store.death(worker(1000)) == ""


def test_a_retention_needs_a_meaning() -> None:
    for wrong in ({}, {"older_seconds": -1.0}, {"keep": -1}):
        with pytest.raises(ValueError, match="retention"):
            Retention(**wrong)


def test_the_retention_is_kept_in_the_store(store: LmdbStore) -> None:
    assert store.read(get_retention) is None
    wanted = Retention(older_seconds=DAY, keep=3)
    store.write(lambda work: put_retention(work, wanted))
    assert store.read(get_retention) == wanted
    assert damage(store) == []
    store.write(lambda work: put_retention(work, None))
    assert store.read(get_retention) is None


def work(number: int) -> int:
    return number + 1


def test_in_python(place: Path) -> None:
    with greenflow.open(place) as store:
        flows = [store.spawn(work, number) for number in range(5)]
        store.run()
        with pytest.raises(ValueError, match="set_retention"):
            store.gc()
        assert not store.collect_some()
        assert store.gc(older=timedelta(days=1)).flows == 0
        assert store.gc(keep=3, dry_run=True).flows == 2
        assert store.gc(keep=3).flows == 2
        store.set_retention(older=timedelta(0), keep=1)
        while store.collect_some(0.001):
            pass
        assert [each.id for each in store.flows()] == [flows[-1].id]
        assert flows[-1].result() == 5
        with pytest.raises(FlowNotFound):
            flows[0].status
        assert repr(flows[0]) == f"<Flow {flows[0].id}: FlowNotFound>"
        store.set_retention()
        with pytest.raises(ValueError, match="set_retention"):
            store.gc()
    store.close()
