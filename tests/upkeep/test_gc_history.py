"""Flows with long histories are deleted a part at a time, and the store is whole."""

from __future__ import annotations

import pytest

from greenflow import limits
from greenflow.store import LmdbStore, keys
from greenflow.store.base import Step
from greenflow.store.settings import put_history
from greenflow.store.upkeep_gc import Collector
from greenflow.store.upkeep_trim import trim
from tests.store.helpers import check_invariants, noise
from tests.upkeep.helpers import add, contents, damage, everything, ids, take


def with_history(store: LmdbStore, flow_id: str, *, end: bool) -> str:
    """Make a flow that has saved many states, large ones among them."""
    claim = take(store, add(store, flow_id))
    for number in range(150):
        large = noise(60_000) + b"%d" % number if number % 10 == 0 else b"small"
        label = f"label {number}" if number % 3 == 0 else None
        store.commit(claim, Step(status="running", state=large, label=label))
    if end:
        store.commit(claim, Step(status="done", value=b"result"))
    return flow_id


@pytest.mark.parametrize("budget", [1, 10, 100, 2000])
def test_every_transaction_leaves_the_store_whole(
    store: LmdbStore, monkeypatch: pytest.MonkeyPatch, budget: int
) -> None:
    monkeypatch.setattr(limits, "GC_KEYS_MAX", budget)
    with_history(store, "ended", end=True)
    with_history(store, "lives", end=False)
    assert damage(store) == []
    collector = Collector(store, everything())
    while collector.step():
        assert damage(store) == []
    assert ids(store) == ["lives"]
    assert not [key for key in contents(store) if b"ended" in key]
    check_invariants(store)


def test_a_store_that_is_told_to_keep_less_is_trimmed(store: LmdbStore) -> None:
    for name in ("one", "two"):
        with_history(store, name, end=name == "two")
    before = len(contents(store))
    assert trim(store, ids(store)) < before  # what is not kept, and is there still
    store.write(lambda work: put_history(work, 2))
    assert trim(store, [*ids(store), "none"]) > 0
    for name in ("one", "two"):
        seqs = [each.seq for each in store.history(name)]
        assert seqs == [*range(1, 149, 3), 149, 150]
        begin = keys.checkpoint(name)
        there = {keys.checkpoint_seq(k) for k in contents(store) if k.startswith(begin)}
        assert there - {151} == set(seqs)
    assert trim(store, ids(store)) == 0
    assert store.value("two") == b"result"
    check_invariants(store)
