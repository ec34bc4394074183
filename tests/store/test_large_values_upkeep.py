"""Large values of states: what is damaged is told; copies, looks, edits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from greenflow import limits
from greenflow.errors import BadContents, BadRecord
from greenflow.store import (
    LmdbStore,
    blocks,
    history,
    keys,
    pieces,
    states,
)
from greenflow.store.base import Claim, Edit
from greenflow.store.spans import Span
from greenflow.store.upkeep_copy import backup
from greenflow.store.upkeep_doctor import doctor
from greenflow.store.upkeep_export import export, read_file, write_file
from greenflow.store.upkeep_import import import_flow
from tests.store.helpers import add, save, take
from tests.store.large import (
    BLOCK,
    MUCH,
    check_whole,
    files,
    noise,
    state_of,
    stored,
    values,
)


@pytest.fixture(autouse=True)
def damaged(store: LmdbStore) -> Iterator[list[Any]]:
    damage: list[Any] = []
    yield damage
    if not damage:
        check_whole(store)


def first_file(store: LmdbStore) -> str:
    return os.path.join(store.depot.folder, files(store)[0].hex())


@pytest.mark.parametrize("damage", ["changed", "cut", "lost"])
def test_a_damaged_file(
    store: LmdbStore, claim: Claim, damaged: list[Any], damage: str
):
    damaged.append("it is")
    save(store, claim, state_of(noise(4 * MUCH)))
    path = first_file(store)
    if damage == "changed":
        with open(path, "r+b") as file:
            file.seek(MUCH)
            file.write(b"other bytes")
    elif damage == "cut":
        os.truncate(path, MUCH)
    else:
        os.unlink(path)
    with pytest.raises(BadRecord):
        store.state("one")
    for fix in (False, True):
        told = {each.kind for each in doctor(store, fix=fix)}
        assert "damaged-state" in told
        assert told <= {"damaged-state"}


def test_a_record_that_says_something_else_than_it_is(
    store: LmdbStore, claim: Claim, damaged: list[Any]
):
    damaged.append("it is")
    value = noise(MUCH)
    save(store, claim, state_of(value, value))
    checkpoint = store.history("one")[-1]
    spans = [Span(6, MUCH, True), Span(7, MUCH, True)]
    for changed in (
        [spans[0]],
        [spans[0], Span(7, MUCH - 1, True)],
        [spans[0], Span(7, -1, True)],
        [spans[0], Span(-1, MUCH, True)],
        [spans[0], Span(7, 2**62, True)],
        [*spans, Span(8, 1, True)],
        [Span(6, 2 * MUCH, True)],
    ):

        def put(work, changed=changed):
            made = states.prepare(
                "one", state_of(value, value), states.nothing_stored, store.depot
            )
            made = replace(made, made=made.made._replace(spans=changed))
            sealed = states.seal_state("one", checkpoint, made, has_value=False)
            pieces.put(work.txn, keys.part(keys.STATE, "one", 1), sealed)
            made.written(is_there=False)

        store.write(put)
        with pytest.raises(BadContents):
            store.state("one")


def test_a_block_of_another_size_is_refused(
    store: LmdbStore, claim: Claim, damaged: list[Any]
):
    damaged.append("it is")
    save(store, claim, state_of(noise(MUCH)))

    def put(work):
        for digest in history.stored(work, "one", []):
            record = pieces.get(work.txn, keys.block("one", digest))
            found = blocks.open_block("one", digest, record)
            block = blocks.Block(digest, 7, None, None, found.place)
            body = replace(found.body, plain_bytes=7)
            sealed = blocks.seal_block("one", block, body)
            pieces.put(work.txn, keys.block("one", digest), sealed)

    store.write(put)
    with pytest.raises(BadRecord):
        store.state("one")


# --- upkeep ---


def test_a_backup_has_the_files(
    store: LmdbStore, claim: Claim, damaged: list[Any], tmp_path
):
    damaged.append("its original")
    value = noise(3 * MUCH)
    save(store, claim, state_of(value))
    backup(store, tmp_path / "copy")
    os.unlink(first_file(store))
    copy = LmdbStore(tmp_path / "copy", create=False)
    assert values(copy.state("one")) == [value]
    assert [each for each in doctor(copy) if each.weight == "damage"] == []
    copy.close()


def test_an_exported_flow_has_its_values(store: LmdbStore, claim: Claim, tmp_path):
    first, second = noise(40 * MUCH), bytes(noise(MUCH, 2))
    save(store, claim, state_of(first, second))
    first[5] ^= 1
    save(store, claim, state_of(first))
    with open(tmp_path / "one", "wb") as file:
        write_file(export(store, "one", lambda _: ()), file)
    with open(tmp_path / "one", "rb") as file:
        assert import_flow(store, read_file(file), "two") == "two"
    assert values(store.state("two")) == [first]
    first[5] ^= 1
    found = store.saved("two", 1)
    assert values(found.state) == [first, second]
    assert [each.mutable for each in found.state.buffers] == [True, False]
    assert found.state.stream == store.saved("one", 1).state.stream


def test_an_edit_and_a_look_back(store: LmdbStore):
    value = noise(MUCH)
    claim = take(store, add(store, "one"))
    save(store, claim, state_of(value))
    store.release(claim)
    before = stored(store)
    found = store.saved("one", 1)
    edit = Edit(state=found.state, kind="rollback", parent=1)
    assert store.edit("one", 1, edit).seq == 2
    assert values(store.state("one")) == [value]
    assert stored(store) == before


def test_what_is_shown_is_not_read_to_its_end(
    store: LmdbStore, claim: Claim, damaged: list[Any]
):
    damaged.append("it is")
    value = noise(4 * MUCH)
    save(store, claim, state_of(value, bytes(value)))
    save(store, claim, state_of(value))
    first = blocks.digest_of(memoryview(value)[:BLOCK])

    def lose(work):
        for digest in history.stored(work, "one", []) - {first}:
            pieces.delete(work.txn, keys.block("one", digest))

    store.write(lose)
    shown = store.state("one", shown=True)
    assert values(shown) == [value[: limits.BUFFER_SHOWN_BYTES]]
    (now,) = shown.buffers
    (then, other) = store.saved("one", 1, shown=True).state.buffers
    assert now.digests == then.digests == other.digests
    with pytest.raises(BadRecord):
        store.state("one")
