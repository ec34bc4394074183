"""How workers died, as whoever started them saw it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from greenflow.store import keys
from greenflow.store.records import decode_index, encode_index

if TYPE_CHECKING:
    import lmdb

    from greenflow.store.work import Work

_HOW_CHARS_MAX: Final = 200


def put(work: Work, worker: str, how: str) -> None:
    """Note how a worker died."""
    key = keys.death(worker)
    work.txn.put(key, encode_index(key, how[:_HOW_CHARS_MAX]))


def get(txn: lmdb.Transaction[bytes], worker: str) -> str:
    """Return how a worker died, or "". Raises BadRecord."""
    key = keys.death(worker)
    data = txn.get(key)
    return "" if data is None else decode_index(key, data)
