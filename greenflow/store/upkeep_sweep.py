"""Messages that would be delivered later, to flows that have ended: they are deleted.

They are listed by their time and not by their flow, so gc goes through all of them once
before it deletes flows. Left behind, one would reach a new flow of the same id.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from msgspec.structs import replace

from greenflow import limits
from greenflow.errors import BadRecord, FlowNotFound
from greenflow.store import keys, pieces
from greenflow.store.model import ENDED

if TYPE_CHECKING:
    import lmdb

    from greenflow.store.claiming import Transactions
    from greenflow.store.work import Work


class Sweep:
    """Goes once through all delayed messages.

    Attributes:
        began: when, in seconds since the epoch.
        deleted: how many messages were.
    """

    def __init__(self, store: Transactions) -> None:
        self.began = time.time()
        self.deleted = 0
        self._store = store
        self._at = keys.DELAYED

    def step(self) -> bool:
        """Look at some of them, delete the void ones; return whether more are left."""
        found = self._store.read(lambda work: _next(work.txn, self._at))
        if not found:
            return False
        void = self._store.read(lambda work: [p for p in found if _is_void(work, p)])
        if void:
            self.deleted += self._store.write(lambda work: _delete(work, void))
        self._at = _behind(found[-1])
        return True


def _next(txn: lmdb.Transaction[bytes], at: bytes) -> list[bytes]:
    found: list[bytes] = []
    with txn.cursor() as cursor:
        more = cursor.set_range(at)
        while more and len(found) < limits.GC_KEYS_MAX:
            if (key := cursor.key())[:1] != keys.DELAYED:
                break
            found.append(key[: -keys.PIECE_BYTES])
            more = cursor.set_range(_behind(found[-1]))
    return found


def _behind(prefix: bytes) -> bytes:
    return prefix + b"\xff" * (keys.PIECE_BYTES + 1)


def _is_void(work: Work, prefix: bytes) -> bool:
    try:
        return work.row(keys.delayed_id(prefix)).record.status in ENDED
    except FlowNotFound:
        return True
    except (BadRecord, ValueError):
        return False  # doctor tells of it


def _delete(work: Work, void: list[bytes]) -> int:
    count = 0
    for prefix in void:
        # Its flow may be another one of that id by now.
        if _is_void(work, prefix) and pieces.delete(work.txn, prefix):
            count += 1
            try:
                row = work.row(keys.delayed_id(prefix))
            except FlowNotFound:
                continue
            work.change(replace(row, delayed=max(row.delayed - 1, 0)))
    return count
