"""Full stores, and somebody who can write them without their key."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import lmdb

from greenflow.envelope import Refused
from greenflow.errors import BadRecord
from greenflow.parted import MARK, Buffer, Parted
from greenflow.store import LmdbStore, keys
from greenflow.store.base import NewFlow, QueueLimits
from greenflow.store.keyed import KeyedTxn, audit
from greenflow.store.keyfile import Source
from greenflow.store.settings import put_history, put_retention
from tests.upkeep import helpers as upkeep

T = TypeVar("T")
Pairs = dict[bytes, bytes]

HAS_CRYPTOGRAPHY = importlib.util.find_spec("cryptography") is not None
#: More than a file of blocks needs.
LARGE = os.urandom(1_500_000)


@contextmanager
def opened(
    place: Path, source: Source | None, *, encrypt: bool = False
) -> Iterator[LmdbStore]:
    store = LmdbStore(place, keys=source, encrypt=encrypt)
    try:
        yield store
    finally:
        store.close()


def fill(place: Path, source: Source | None, *, encrypt: bool = False) -> None:
    """Make a store that has records of all kinds."""
    with opened(place, source, encrypt=encrypt) as store:
        upkeep.populate(store)
        store.limit_queue(QueueLimits(name="q", concurrency=3))
        store.write(lambda work: put_retention(work, upkeep.everything(10.0)))
        store.write(lambda work: put_history(work, 7))
        store.create(large("large"))


def large(flow_id: str, data: bytes = LARGE) -> NewFlow:
    state = Parted(b"x" + MARK + b"y", (Buffer(1, len(data), False, data),))
    return NewFlow(record=upkeep.record(flow_id), state=state)


def everything(store: LmdbStore) -> dict[bytes, bytes]:
    """Return what a store means, whatever is around it and wherever its blocks are."""
    found = upkeep.contents(store)
    kept = {key: value for key, value in found.items() if key[:1] not in b"mz"}
    for key in list(kept):
        if key.startswith(keys.block("large")):
            kept[key] = b"a block"
    state = store.state("large")
    assert isinstance(state, Parted)
    return {**kept, b"the large one": bytes(state.buffers[0].data)}


def as_writer(place: Path, call: Callable[[lmdb.Transaction], T]) -> T:
    """Do what somebody can who can write the store, which nobody has open."""
    env = lmdb.open(str(place), map_size=1 << 30)
    try:
        with env.begin(write=True) as txn:
            return call(txn)
    finally:
        env.close()


def dump(place: Path) -> Pairs:
    """Return all that lies in LMDB."""
    return as_writer(place, lambda txn: dict(txn.cursor()))


def restore(place: Path, changes: dict[bytes, bytes | None]) -> None:
    """Put values back under their keys; None: nothing is there."""

    def change(txn: lmdb.Transaction) -> None:
        for key, value in changes.items():
            if value is None:
                txn.delete(key)
            else:
                txn.put(key, value)

    as_writer(place, change)


def planted(
    store: LmdbStore, changes: dict[bytes, bytes | None], look: Callable[[KeyedTxn], T]
) -> T:
    """Return what is seen of a store that somebody has changed; it is undone then."""
    found: list[T] = []

    def change(txn: lmdb.Transaction) -> None:
        for key, value in changes.items():
            if value is None:
                txn.delete(key)
            else:
                txn.put(key, value)
        found.append(look(KeyedTxn(txn, store.wrap)))
        raise _Undo

    with suppress(_Undo):
        store.environment.write(change)
    return found[0]


class _Undo(Exception):
    pass


def is_refused(txn: KeyedTxn, key: bytes) -> bool:
    """Return whether what lies under a key cannot be looked at."""
    if key[:1] == keys.ANCHOR:
        # Only what it tells of is ever seen.
        flow = key[1:].decode()
        return is_refused(txn, keys.flow(flow) if flow else keys.setting("history"))
    return type(txn.get(key)) is Refused


def is_noticed(store: LmdbStore, changes: dict[bytes, bytes | None]) -> bool:
    """Return whether a look at all records tells that somebody changed them."""
    errors: list[BadRecord] = planted(
        store, changes, lambda txn: audit(txn._txn, store.wrap)
    )
    return bool(errors)


def kind_of(key: bytes) -> str:
    """Return what a record is, in words that are the same for all of its kind."""
    if key[:1] != keys.FLOW:
        return "root" if key == keys.ANCHOR else chr(key[0])
    part = key.partition(b"\0")[2]
    if part[:1] == keys.STATE:
        return f"f s {chr(part[1 + keys.SEQ_BYTES])}"
    return f"f {part[:1].decode()}".strip()
