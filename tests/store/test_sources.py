"""Source texts: written with the state that refers to them first, each once."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenflow import limits
from greenflow.errors import Conflict
from greenflow.store import open_store
from greenflow.store.base import Claim, FlowRecord, NewFlow, Source, Step, Store

HASH = b"12345678"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store", create=True)


def claimed(store: Store) -> Claim:
    record = FlowRecord(
        id="f-1", status="ready", function="m:f", created=1.0, updated=1.0
    )
    store.create(NewFlow(record=record, state=b"state"))
    claim = store.claim()
    assert claim is not None
    return claim


def text_of(text: str) -> Source:
    return Source(code_hash=HASH, file="f.py", first_line=3, text=text)


@pytest.mark.parametrize("text", ["def f():\n    pass", "", "x = 'ö'\n" * 3000])
def test_what_was_written_is_read(store: Store, text: str) -> None:
    assert store.source(HASH) is None
    step = Step(status="running", state=b"next", sources=(text_of(text),))
    store.commit(claimed(store), step)
    found = store.source(HASH)
    assert found == text_of(text)
    assert found.lines == text.split("\n")
    assert store.source(b"87654321") is None


def test_a_text_stays_as_it_was_first(store: Store) -> None:
    claim = claimed(store)
    for text in ("one", "two" * 9000):
        step = Step(status="running", state=b"next", sources=(text_of(text),))
        store.commit(claim, step)
    assert store.source(HASH) == text_of("one")


def test_a_text_goes_with_its_commit(store: Store) -> None:
    claim = claimed(store)
    store.commit(claim, Step(status="ready", state=b"next"))
    with pytest.raises(Conflict):
        store.commit(
            claim, Step(status="running", state=b"x", sources=(text_of("late"),))
        )
    assert store.source(HASH) is None


def test_a_long_text_is_left_out(store: Store) -> None:
    long = text_of("x" * (limits.SOURCE_BYTES_MAX + 1))
    store.commit(claimed(store), Step(status="running", state=b"x", sources=(long,)))
    assert store.source(HASH) is None
