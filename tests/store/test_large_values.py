"""Large values of states: in blocks, in files, and gone when nobody has them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from greenflow import limits
from greenflow.errors import Conflict, NotSaveable, TooLarge
from greenflow.store import (
    LmdbStore,
    filed,
    keys,
)
from greenflow.store.base import Claim, Step
from greenflow.store.settings import Retention
from greenflow.store.upkeep_doctor import doctor
from greenflow.store.upkeep_gc import Collector
from tests.store.helpers import add, contents, keep, save, take
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
def _whole(store: LmdbStore) -> Iterator[None]:
    yield
    check_whole(store)


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
