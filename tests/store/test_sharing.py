"""Large states of one flow share what did not change."""

from __future__ import annotations

import pickle
import random

import pytest

from greenflow import limits
from greenflow.errors import (
    TooLarge,
)
from greenflow.store import LmdbStore, blocks, bulk, keys
from greenflow.store.base import Claim
from tests.store.helpers import (
    contents,
    keep,
    noise,
    save,
)

pytestmark = pytest.mark.usefixtures("left_whole_or_told")

LARGE = 5_000_000


def written(store: LmdbStore, claim: Claim, state: bytes) -> int:
    """Save a state; return how many bytes are in the store that were not before."""
    before, files = contents(store), in_files(store)
    save(store, claim, state)
    after = contents(store)
    new = sum(len(after[key]) for key in after.keys() - before.keys())
    return new + in_files(store) - files


def in_files(store: LmdbStore) -> int:
    folder = store.depot.folder
    return sum(bulk.size(folder, name) for name in bulk.names(folder))


@pytest.mark.parametrize("at", [0, 2_500_000, LARGE])
@pytest.mark.parametrize("change", ["replaced", "longer", "shorter"])
def test_a_small_change_of_a_large_state_writes_little(
    store: LmdbStore, claim: Claim, at: int, change: str
):
    state = noise(LARGE)
    assert written(store, claim, state) > LARGE
    parts = {
        "replaced": state[:at] + b"other" + state[at + 5 :],
        "longer": state[:at] + b"other" + state[at:],
        "shorter": state[: max(at - 5, 0)] + state[at:] + b"!",
    }
    assert written(store, claim, parts[change]) < 250_000
    assert store.state("one") == parts[change]
    assert store.saved("one", 1).state == state


@pytest.mark.parametrize(
    "make",
    [
        lambda: list(range(200_000)),
        lambda: [random.Random(1).random() for _ in range(200_000)],
        lambda: [{"id": n, "name": f"user {n}"} for n in range(50_000)],
        lambda: " ".join(f"word {n % 1000}" for n in range(200_000)),
        lambda: bytes(1_000_000),
    ],
    ids=["ints", "floats", "dicts", "text", "zeros"],
)
def test_states_of_many_kinds_share(store: LmdbStore, claim: Claim, make):
    value = make()
    state, other = (pickle.dumps([value, end]) for end in ("before", "after!"))
    first = written(store, claim, state)
    assert written(store, claim, other) < max(first / 4, 20_000)
    assert (store.saved("one", 1).state, store.state("one")) == (state, other)


@pytest.mark.parametrize("size", [0, 1, 16 * 1024, 16 * 1024 + 1, 64 * 1024, 10**6])
def test_states_of_all_sizes_come_back(store: LmdbStore, claim: Claim, size: int):
    for make in (noise, bytes):
        save(store, claim, make(size))
        assert store.state("one") == make(size)
        is_shared = any(k.startswith(keys.block("one")) for k in contents(store))
        assert is_shared == (size > limits.SHARED_BYTES_MIN)


def test_blocks_go_with_the_last_checkpoint_that_has_them(
    store: LmdbStore, claim: Claim
):
    keep(store, 2)
    first, second = noise(100_000), noise(100_001)
    for state in (first, second, first, second, first, b"small", b"small"):
        save(store, claim, state)
    assert not [k for k in contents(store) if k.startswith(keys.block("one"))]


def test_a_labelled_one_keeps_its_blocks(store: LmdbStore, claim: Claim):
    keep(store, 2)
    state = noise(100_000)
    save(store, claim, state, "kept")
    for number in range(6):
        save(store, claim, state + b"%d" % number)
    for _ in range(4):
        save(store, claim)
    assert store.saved("one", 1).state == state


def test_parts_join_to_the_whole_and_keep_their_sizes():
    made = random.Random(7)
    for size in (1, 5000, 70_000, 400_000):
        data = made.randbytes(size)
        parts = blocks.split(data)
        assert b"".join(parts) == data
        assert all(len(part) <= limits.BLOCK_BYTES_MAX for part in parts)
        assert all(len(part) >= limits.BLOCK_BYTES_MIN for part in parts[:-1])
    assert blocks.split(b"") == []


def test_a_state_above_the_limit(store: LmdbStore, claim: Claim, monkeypatch):
    monkeypatch.setattr(limits, "STATE_BYTES_MAX", limits.RECORD_BYTES_MAX)
    with pytest.raises(TooLarge, match="the state of flow one"):
        save(store, claim, bytes(limits.RECORD_BYTES_MAX + 1))
