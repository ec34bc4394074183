"""States with large values, and what of them lies in files."""

from __future__ import annotations

import random
from typing import Any

from greenflow import limits
from greenflow.envelope import seal
from greenflow.parted import MARK, Buffer, Parted
from greenflow.store import LmdbStore, bulk
from greenflow.store.upkeep_doctor import doctor
from tests.store.helpers import check_invariants

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


def check_whole(store: LmdbStore) -> None:
    assert [each for each in doctor(store) if each.weight == "damage"] == []
    check_invariants(store)
