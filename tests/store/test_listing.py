"""Lists of flows: filters, pages, and what others do meanwhile."""

from __future__ import annotations

import pytest

from greenflow.errors import FlowNotFound
from greenflow.store import LmdbStore, keys, listing
from greenflow.store.base import Step
from tests.store.helpers import add, check_invariants, take, wait


@pytest.fixture
def many(store: LmdbStore) -> LmdbStore:
    """A store with flows of every sort."""
    for number in range(24):
        add(
            store,
            f"f{number:02}",
            created=float(number // 2),
            queue="even" if number % 2 == 0 else "",
            tags=("three",) if number % 3 == 0 else (),
        )
    for number in range(0, 24, 4):
        claim = take(store, f"f{number:02}")
        if number % 8 == 0:
            store.commit(claim, Step(status="hospital", error="E"))
    wait(store, take(store, "f01"))
    store.hold("f03")
    check_invariants(store)
    return store


def ids(store: LmdbStore, **filters: object) -> list[str]:
    return [each.id for each in store.flows(**filters)]


def test_filters(many: LmdbStore):
    everything = ids(many)
    assert everything == [f"f{number:02}" for number in range(24)]
    assert ids(many, tag="three") == everything[::3]
    assert ids(many, queue="even") == everything[::2]
    assert ids(many, queue="") == everything[1::2]
    assert ids(many, queue="even", tag="three") == everything[::6]
    assert ids(many, status=["hospital"]) == everything[::8]
    assert ids(many, status=["running"]) == everything[4::8]
    assert ids(many, status=["hospital", "running"]) == everything[::4]
    assert ids(many, status=["held"]) == ["f03"]
    assert ids(many, status=["waiting", "held"]) == ["f01", "f03"]
    assert ids(many, status=["ready"], queue="even") == everything[2::4]
    assert ids(many, status=["hospital"], tag="three") == ["f00"]
    assert ids(many, tag="none") == ids(many, queue="none") == []


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"status": ["ready"]},
        {"status": ["ready", "running", "hospital"]},
        {"status": ["ready", "waiting"]},
        {"tag": "three"},
        {"queue": ""},
    ],
    ids=str,
)
@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_pages_are_the_whole(many: LmdbStore, filters: dict[str, object], size: int):
    pages: list[str] = []
    while page := ids(many, limit=size, after=pages[-1] if pages else "", **filters):
        assert len(page) <= size
        pages += page
    assert pages == ids(many, **filters)


def test_behind_a_flow_that_is_not_there(many: LmdbStore):
    with pytest.raises(FlowNotFound, match="nobody"):
        many.flows(after="nobody")


@pytest.mark.parametrize("filters", [{}, {"status": ["ready"]}], ids=str)
def test_a_flow_that_is_deleted_meanwhile_is_left_out(
    many: LmdbStore, filters: dict[str, object], monkeypatch: pytest.MonkeyPatch
):
    """That it is gone, with all its entries, is no damage."""
    monkeypatch.setattr(listing, "_FLOWS_MAX", 2)
    row = many.read(lambda work: work.row("f10"))
    key = keys.ready(row.record.queue, 0, row.ticket)
    real, reads = many.read, []

    def read(call):
        result = real(call)
        reads.append(call)
        if len(reads) == 2:
            for each in (keys.flow("f10"), keys.created(5.0, "f10"), key):
                many.write(lambda work, each=each: work.txn.delete(each))
        return result

    monkeypatch.setattr(many, "read", read)
    found = ids(many, **filters)
    assert "f10" not in found
    assert "f11" in found
