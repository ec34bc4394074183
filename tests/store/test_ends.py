"""Which flows have ended since somebody looked."""

from __future__ import annotations

import pytest

from greenflow.store import LmdbStore, ends
from greenflow.store.base import Step
from tests.store.helpers import add, take, wait


def end(store: LmdbStore, *flow_ids: str) -> None:
    for flow_id in flow_ids:
        add(store, flow_id)
        store.commit(take(store), Step(status="done"))


@pytest.mark.parametrize("before", [(), ("zero",)])
def test_only_those_behind_the_place(store: LmdbStore, before: tuple[str, ...]):
    end(store, *before)
    first = store.ended(b"")
    assert first.flows == []
    assert store.ended(first.place).flows == []
    end(store, "two", "one")
    second = store.ended(first.place)
    assert second.flows == ["two", "one"]
    assert store.ended(second.place) == second._replace(flows=[])
    assert store.ended(first.place) == second


def test_the_number_of_change_tells_of_every_change(store: LmdbStore):
    add(store, "one")
    before = store.ended(b"").change
    assert store.ended(b"").change == before
    wait(store, take(store))
    assert store.ended(b"").change != before


def test_many_are_told_of_in_parts(store: LmdbStore, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ends, "_FLOWS_MAX", 3)
    place, told, parts = store.ended(b"").place, list[str](), 0
    names = [f"flow-{number}" for number in range(8)]
    end(store, *names)
    more = True
    while more:
        flows, place, more, _ = store.ended(place)
        told, parts = told + flows, parts + 1
    assert (told, parts) == (names, 3)
