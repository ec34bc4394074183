"""Records that lie in pieces, one behind the other, under keys that begin alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenflow import limits
from greenflow.errors import Truncated
from greenflow.store import keys
from greenflow.store.records import cut

if TYPE_CHECKING:
    import lmdb

    Txn = lmdb.Transaction[bytes]


def put(txn: Txn, prefix: bytes, record: bytes) -> None:
    """Write a record, in place of another one if there is one."""
    number = 0
    for piece in cut(record):
        txn.put(keys.piece(prefix, number), piece)
        number += 1
    while txn.delete(keys.piece(prefix, number)):
        number += 1


def get(txn: Txn, prefix: bytes) -> bytes:
    """Return what :func:`put` wrote. Raises Truncated."""
    first = txn.get(keys.piece(prefix, 0))
    if first is None:
        raise Truncated(
            f"what should lie under {prefix!r} is not there",
            hint="take the store from a copy",
        )
    if len(first) < limits.CHUNK_BYTES:  # only the last piece can be shorter
        return first
    found = [first]
    while len(found) * limits.CHUNK_BYTES < limits.RECORD_BYTES_MAX:
        piece = txn.get(keys.piece(prefix, len(found)))
        if piece is None:
            break
        found.append(piece)
        if len(piece) < limits.CHUNK_BYTES:
            break
    return b"".join(found)


def is_there(txn: Txn, prefix: bytes) -> bool:
    """Return whether a record lies under a prefix."""
    return txn.get(keys.piece(prefix, 0)) is not None


def has_any(txn: Txn, prefix: bytes) -> bool:
    """Return whether any key begins so."""
    with txn.cursor() as cursor:
        return bool(cursor.set_range(prefix)) and cursor.key().startswith(prefix)


def delete(txn: Txn, prefix: bytes, budget: int | None = None) -> int:
    """Delete the keys that begin so, not more than ``budget``; return how many."""
    deleted = 0
    with txn.cursor() as cursor:
        more = cursor.set_range(prefix)
        while more and deleted != budget and cursor.key().startswith(prefix):
            cursor.delete()
            deleted += 1
            more = bool(cursor.key())
    return deleted
