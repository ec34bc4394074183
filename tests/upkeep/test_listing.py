"""A page of a long list reads a page, not the list."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.listing import fill
from greenflow.store import LmdbStore, listing
from greenflow.store.work import Work
from tests.upkeep.helpers import add

FLOWS = 100_000
PAGE = 20


class CountingCursor:
    """A cursor of LMDB that counts its steps."""

    def __init__(self, cursor, counts: dict[str, int]) -> None:
        self._cursor = cursor
        self._counts = counts

    def __getattr__(self, name: str):
        if name in {"set_range", "next", "prev", "last", "first"}:
            self._counts["steps"] += 1
        return getattr(self._cursor, name)

    def __enter__(self):
        return self

    def __exit__(self, *error: object) -> None:
        self._cursor.close()


class CountingTransaction:
    """A transaction of LMDB that counts what is read in it."""

    def __init__(self, txn, counts: dict[str, int]) -> None:
        self._txn = txn
        self._counts = counts

    def get(self, *arguments):
        self._counts["records"] += 1
        return self._txn.get(*arguments)

    def cursor(self) -> CountingCursor:
        return CountingCursor(self._txn.cursor(), self._counts)

    def __getattr__(self, name: str):
        return getattr(self._txn, name)


class CountingStore(LmdbStore):
    """A store that counts its reads; it reads as any other does."""

    def __init__(self, place) -> None:
        self.counts = {"records": 0, "steps": 0}
        super().__init__(place)

    def read(self, call):
        return super().read(
            lambda work: call(Work(CountingTransaction(work.txn, self.counts)))
        )

    def cost(self, call) -> tuple[int, int]:
        self.counts.update(records=0, steps=0)
        call()
        return self.counts["records"], self.counts["steps"]


@pytest.fixture
def long(place) -> Iterator[CountingStore]:
    store = CountingStore(place)
    fill(store, FLOWS)
    yield store
    store.close()


def test_a_page_of_a_long_list_reads_a_bounded_number_of_records(
    long: CountingStore,
) -> None:
    pages: list[list[str]] = []

    def page(after: str = "", **filters) -> None:
        found = long.flows(after=after, limit=PAGE, **filters)
        pages.append([each.id for each in found])

    first = long.cost(page)
    middle = long.cost(lambda: page(f"flow-{FLOWS // 2:07}"))
    last = long.cost(lambda: page(f"flow-{FLOWS - 1:07}"))
    beyond = long.cost(lambda: page("flow-0000009", queue=""))
    for records, steps in (first, middle, last, beyond):
        assert records <= listing._FLOWS_MAX + 2
        assert steps <= listing._FLOWS_MAX + 2
    assert first[0] > 0
    assert first[1] > 0
    assert pages[0] == [f"flow-{number:07}" for number in range(PAGE)]
    assert pages[1][0] == f"flow-{FLOWS // 2 + 1:07}"
    assert pages[2] == []
    assert pages[3] == [f"flow-{number:07}" for number in range(10, 30)]


def test_all_pages_are_the_list(store: LmdbStore) -> None:
    for number in range(23):
        add(store, f"f{number}")
    listed: list[str] = []
    while page := list(store.flows(after=listed[-1] if listed else "", limit=5)):
        assert len(page) <= 5
        listed += [each.id for each in page]
    assert listed == [f"f{number}" for number in range(23)]
