"""Source texts and code in doctor's eyes: what is damaged is told."""

from __future__ import annotations

import pytest

from greenflow.store import LmdbStore, keys, sources
from greenflow.store.upkeep_doctor import doctor
from greenflow.store.upkeep_finding import Finding
from tests.upkeep.helpers import (
    CODE,
    LARGE,
    add,
    contents,
    end,
    gc,
    populate,
    put,
    save,
    source,
)


@pytest.fixture
def full(store: LmdbStore) -> LmdbStore:
    """A store with two source texts, one of them in pieces."""
    populate(store)
    return store


def found(store: LmdbStore, *, fix: bool = False) -> list[Finding]:
    return [each for each in doctor(store, fix=fix) if each.weight == "damage"]


@pytest.mark.parametrize("number", [0, 1])
def test_a_damaged_source_text_is_written_again(full: LmdbStore, number: int) -> None:
    text = source(LARGE.hex())
    prefix = sources.prefix_of(text.identity)
    key = keys.piece(prefix, number)
    before = contents(full)
    put(full, key, before[key][:-1] + bytes([before[key][-1] ^ 1]))
    assert [each.kind for each in found(full)] == ["damaged-source"]
    assert [each.fixed for each in found(full, fix=True)] == [True]
    assert found(full) == []
    there = contents(full)
    assert there == {k: v for k, v in before.items() if not k.startswith(prefix)}
    save(full, "other", sources=(text,))
    assert full.source(text.identity) == text


@pytest.mark.parametrize("number", [0, 1])
def test_damaged_code_is_told_and_written_again(full: LmdbStore, number: int) -> None:
    before = contents(full)
    key = keys.piece(sources.prefix_of(CODE.identity), number)
    put(full, key, before[key][:-1] + bytes([before[key][-1] ^ 1]))
    assert [each.kind for each in found(full)] == ["damaged-code"]
    assert [each.fixed for each in found(full, fix=True)] == [False]
    save(full, "other", sources=(CODE,))
    assert contents(full)[key] == before[key]
    assert full.source(CODE.identity) == CODE
    assert found(full) == []


def test_a_key_of_no_code_is_unknown(full: LmdbStore) -> None:
    put(full, keys.CODE, b"?")
    put(full, keys.CODE + b"short", b"?")
    assert [each.kind for each in found(full)] == ["unknown-key"] * 2


def test_a_key_of_no_source_text_is_unknown(full: LmdbStore) -> None:
    before = contents(full)
    put(full, keys.SOURCE, b"?")
    put(full, keys.SOURCE + b"short", b"?")
    assert [each.kind for each in found(full, fix=True)] == ["unknown-key"] * 2
    assert before.items() <= contents(full).items()


def test_a_text_outlives_the_flow_that_it_came_with(store: LmdbStore) -> None:
    text = source("def f(): ...")
    save(store, add(store, "a"), sources=(text,))
    store.send("a", "", b"wakes it")
    end(store, "a")
    assert gc(store, older_seconds=0).flows == 1
    assert store.source(text.identity) == text
    assert found(store) == []
