"""Large values of states: in blocks, in files, and gone when nobody has them."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import Any

import pytest

from greenflow import limits
from greenflow.envelope import seal
from greenflow.errors import BadContents, BadRecord, Conflict, NotSaveable, TooLarge
from greenflow.parted import MARK, Buffer, Parted
from greenflow.store import (
    LmdbStore,
    blocks,
    bulk,
    filed,
    history,
    keys,
    pieces,
    states,
)
from greenflow.store.base import Claim, Edit, Step
from greenflow.store.settings import Retention
from greenflow.store.spans import Span
from greenflow.store.upkeep_copy import backup
from greenflow.store.upkeep_doctor import doctor
from greenflow.store.upkeep_export import export, read_file, write_file
from greenflow.store.upkeep_gc import Collector
from greenflow.store.upkeep_import import import_flow
from tests.store.helpers import add, check_invariants, contents, keep, save, take

BLOCK = limits.BUFFER_BLOCK_BYTES
#: So much goes into a file of its own.
MUCH = limits.BULK_BYTES_MIN + 3 * BLOCK + 17


def noise(size: int, seed: int = 1) -> bytearray:
    return bytearray(random.Random(seed).randbytes(size))


def state_of(*values: Any) -> Parted:
    body = b"state:" + MARK * len(values)
    stream = seal(b"test", b"", b"", body)
    buffers = [
        Buffer(6 + number, memoryview(value).nbytes, type(value) is bytearray, value)
        for number, value in enumerate(values)
    ]
    return Parted(stream, tuple(buffers))


def values(state: Any) -> list[Any]:
    assert isinstance(state, Parted)
    return [each.data for each in state.buffers]


def files(store: LmdbStore) -> list[bytes]:
    return bulk.names(store.depot.folder)


def stored(store: LmdbStore) -> int:
    return sum(bulk.size(store.depot.folder, name) for name in files(store))


@pytest.fixture(autouse=True)
def damaged(store: LmdbStore) -> Iterator[list[Any]]:
    damaged: list[Any] = []
    yield damaged
    if not damaged:
        assert [each for each in doctor(store) if each.weight == "damage"] == []
        check_invariants(store)


@pytest.mark.parametrize(
    "size",
    [1, BLOCK - 1, BLOCK, BLOCK + 1, MUCH, 5 * limits.BULK_BYTES_MIN],
)
@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_values_of_all_sizes_come_back(
    store: LmdbStore, claim: Claim, size: int, kind: type
):
    value = kind(noise(size))
    small = kind(b"x")
    save(store, claim, state_of(value, small, value))
    found = values(store.state("one"))
    assert found == [value, small, value]
    assert [type(each) for each in found] == [kind] * 3
    assert found[0] is not found[2]
    assert store.get("one").state_bytes == store.history("one")[-1].size
    assert bool(files(store)) == (size >= limits.BULK_BYTES_MIN)
    assert stored(store) in (0, size, size + 1)


def test_a_value_that_was_not_changed_is_not_written_again(
    store: LmdbStore, claim: Claim
):
    value = noise(8 * MUCH)
    save(store, claim, state_of(value))
    before = stored(store)
    for _ in range(5):
        save(store, claim, state_of(value))
    assert stored(store) == before
    other = bytearray(value)  # the same bytes elsewhere in memory
    save(store, claim, state_of(other))
    assert stored(store) == before


def test_a_change_of_a_hundredth_writes_a_hundredth(store: LmdbStore, claim: Claim):
    value = noise(100_000_000)
    save(store, claim, state_of(value))
    size = len(value) // 100
    made = random.Random(4)
    for turn in range(4):
        before = stored(store)
        at = made.randrange(len(value) - size)
        value[at : at + size] = made.randbytes(size)
        save(store, claim, state_of(value))
        assert values(store.state("one")) == [value]
        in_file = stored(store) - before
        assert in_file <= size + 2 * BLOCK
        assert in_file or len(contents(store)) > 200, turn


def test_a_random_history_comes_back(store: LmdbStore, claim: Claim):
    """Each checkpoint is as the values were when it was saved."""
    keep(store, 1000)
    made = random.Random(6)
    now: list[Any] = [noise(MUCH, 1), noise(3 * MUCH, 2), bytes(noise(MUCH, 3))]
    then: dict[int, list[bytes]] = {}
    for _ in range(40):
        for number, value in enumerate(now):
            doing = made.random()
            if isinstance(value, bytes):
                now[number] = value if doing < 0.7 else value[1:] + b"x"
            elif doing < 0.5:
                for _ in range(made.randrange(4)):
                    at = made.randrange(len(value))
                    value[at : at + 100] = made.randbytes(len(value[at : at + 100]))
            elif doing < 0.6:
                value += made.randbytes(made.randrange(BLOCK))
            elif doing < 0.7:
                del value[made.randrange(len(value) - BLOCK) :][:1000]
        save(store, claim, state_of(*now))
        then[store.get("one").seq] = [bytes(value) for value in now]
    for seq, expected in then.items():
        assert values(store.saved("one", seq).state) == expected
    keep(store, 2)
    for _ in range(3):
        save(store, claim, state_of(*now))
    assert values(store.state("one")) == now


def test_who_saves_can_change_the_value_at_once(store: LmdbStore, claim: Claim):
    """The bytes are taken once, before the transaction."""
    value = noise(MUCH)
    before = bytes(value)
    prepared = store.prepare(claim, Step(status="running", state=state_of(value)))
    value += b"it can be resized"
    value[:] = bytes(len(value))
    store.commit_all([(claim, prepared)])
    assert values(store.state("one")) == [before]


def test_a_value_that_changes_its_size_meanwhile_is_refused(
    store: LmdbStore, claim: Claim
):
    value = noise(MUCH)
    state = state_of(value)
    value += b"x"
    with pytest.raises(NotSaveable, match="changed its size"):
        save(store, claim, state)
    assert store.state("one") == b"start"
    assert files(store) == []


def test_the_limit_is_of_all_together(store: LmdbStore, claim: Claim, monkeypatch):
    monkeypatch.setattr(limits, "STATE_BYTES_MAX", 2 * MUCH)
    value = noise(MUCH)
    with pytest.raises(TooLarge, match="the state of flow one"):
        save(store, claim, state_of(value, value))
    save(store, claim, state_of(value))


# --- files that nobody needs ---


def test_files_go_with_the_last_checkpoint_that_has_their_blocks(
    store: LmdbStore, claim: Claim
):
    keep(store, 2)
    first, second = noise(MUCH, 1), noise(MUCH, 2)
    for value in (first, second, first, second, first, b"small", b"small", b"small"):
        save(store, claim, state_of(value))
    assert files(store) == []
    assert not [key for key in contents(store) if key[:1] == keys.BULK]


def test_a_file_stays_while_one_block_of_it_is_needed(store: LmdbStore, claim: Claim):
    keep(store, 2)
    value = noise(8 * MUCH)
    save(store, claim, state_of(value))
    kept = files(store)
    last = bytes(value[-(len(value) % BLOCK) :])
    for number in range(6):
        value[: -len(last)] = noise(len(value) - len(last), number)
        save(store, claim, state_of(value))
    assert set(kept) <= set(files(store))
    assert values(store.state("one")) == [value]
    for number in range(5):
        value[-3:] = bytes([number, 1, 2])
        save(store, claim, state_of(value))
    assert not set(kept) & set(files(store))


def test_two_flows_with_the_same_value_have_each_their_own(store: LmdbStore):
    value = noise(MUCH)
    claims = {name: take(store, add(store, name)) for name in ("a", "b")}
    for claim in claims.values():
        save(store, claim, state_of(value))
    assert len(files(store)) == 2
    store.commit(claims["a"], Step(status="done"))
    collect(store)
    assert len(files(store)) == 1
    assert values(store.state("b")) == [value]


def collect(store: LmdbStore) -> None:
    Collector(store, Retention(older_seconds=0.0)).run()


def test_a_deleted_flow_leaves_no_file(store: LmdbStore, claim: Claim):
    value = noise(MUCH)
    for number in range(30):
        value[number * 100] ^= 1
        save(store, claim, state_of(value, noise(MUCH, number)))
    store.commit(claim, Step(status="done"))
    collect(store)
    assert files(store) == []
    assert [*store.flows()] == []


def test_a_commit_that_fails_leaves_no_file(store: LmdbStore, claim: Claim):
    store.kill("one", "", b"")
    with pytest.raises(Conflict, match="moved on"):
        save(store, claim, state_of(noise(MUCH)))
    assert files(store) == []


def test_a_file_without_a_record_is_swept(store: LmdbStore, claim: Claim):
    save(store, claim, state_of(noise(MUCH)))
    kept = files(store)
    prepared = store.prepare(
        claim, Step(status="running", state=state_of(noise(MUCH, 2)))
    )
    assert len(files(store)) == 2
    assert filed.sweep(store) == 0  # its writer has it still
    del prepared
    assert [each.kind for each in doctor(store)] == ["leftover-blocks"]
    assert [each.fixed for each in doctor(store, fix=True)] == [True]
    assert files(store) == kept
    assert doctor(store) == []


# --- damage ---


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
            made = made._replace(made=made.made._replace(spans=changed))
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
            body = found.body._replace(plain_bytes=7)
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
        write_file(export(store, "one", []), file)
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
