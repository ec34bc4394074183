"""Flows whose time comes: an index by that time, which nobody scans.

What holds after every transaction: a flow has an entry if and only if it waits, and not
for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from greenflow.errors import BadContents, BadRecord
from greenflow.store import keys
from greenflow.store.records import decode_index, encode_index

if TYPE_CHECKING:
    import lmdb

    from greenflow.store.base import FlowRecord
    from greenflow.store.records import Row
    from greenflow.store.work import Work

#: Flows that one transaction wakes.
_DUE_MAX: Final = 500


def arm(txn: lmdb.Transaction[bytes], record: FlowRecord) -> bool:
    """Add the entry of a flow that begins to wait, if it does not for ever.

    Returns whether that is the first one now.
    """
    key = _key(record)
    if key is None:
        return False
    txn.put(key, encode_index(key))
    with txn.cursor() as cursor:
        return cursor.set_range(keys.TIMER) and cursor.key() == key


def disarm(txn: lmdb.Transaction[bytes], record: FlowRecord) -> None:
    """Delete the entry of a flow that waits no longer."""
    key = _key(record)
    if key is not None:
        txn.delete(key)


def _key(record: FlowRecord) -> bytes | None:
    waiting = record.waiting
    if waiting is None or waiting.until is None:
        return None
    return keys.timer(waiting.until, record.id)


def next_due(txn: lmdb.Transaction[bytes]) -> float | None:
    """Return when the first flow is due, in seconds since the epoch, or None."""
    with txn.cursor() as cursor:
        if cursor.set_range(keys.TIMER) and cursor.key()[:1] == keys.TIMER:
            return keys.timer_seconds(cursor.key())
    return None


def wake(work: Work, now: float) -> dict[str, BadRecord]:
    """Make ready what is due, the earliest first; return what could not be read."""
    damaged: dict[str, BadRecord] = {}
    for key, data in _due(work.txn, now):
        try:
            row = work.listed(keys.timer_id(key))
            decode_index(key, data)
            work.change(fired(work, row, now))
        except BadRecord as error:
            damaged[keys.timer_id(key)] = error
    return damaged


def fired(work: Work, row: Row, now: float) -> Row:
    """Return a waiting flow as ready, because its time has come. Raises BadRecord."""
    record = row.record
    if record.status != "waiting" or record.waiting is None:
        raise BadContents(
            f"flow {record.id} is listed among those that wait, and is {record.status}",
            hint="take the store from a copy",
        )
    moved = work.move(row, "ready", now)
    waiting = replace(record.waiting, due=True)
    return replace(moved, record=replace(moved.record, waiting=waiting))


def _due(txn: lmdb.Transaction[bytes], now: float) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []
    with txn.cursor() as cursor:
        more = cursor.set_range(keys.TIMER)
        while more and len(found) < _DUE_MAX:
            key = cursor.key()
            if key[:1] != keys.TIMER or keys.timer_seconds(key) > now:
                break
            found.append((key, cursor.value()))
            more = cursor.next()
    return found
