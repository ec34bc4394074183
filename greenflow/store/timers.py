"""Flows whose time comes: an index by that time, which nobody scans.

What holds after every transaction: a flow has an entry if and only if it waits, not for
ever and not long enough yet, or if it will be tried again. Messages that are delivered
later have an index of their own (:mod:`greenflow.store.posting`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from greenflow import limits
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
    until = due_at(record)
    return None if until is None else keys.timer(until, record.id)


def due_at(record: FlowRecord) -> float | None:
    """Return when a flow goes on though nothing else happens; None if never."""
    if record.status == "retrying":
        return record.retry_at
    waiting = record.waiting
    if record.status != "waiting" or waiting is None or waiting.due:
        return None
    return waiting.until


def next_due(txn: lmdb.Transaction[bytes]) -> float | None:
    """Return when the first flow is due, in seconds since the epoch, or None."""
    with txn.cursor() as cursor:
        if cursor.set_range(keys.TIMER) and cursor.key()[:1] == keys.TIMER:
            return keys.timer_seconds(cursor.key())
    return None


def wake(work: Work, now: float) -> dict[str, BadRecord]:
    """Make ready what is due, the earliest first; return what could not be read.

    The flow decides: an entry that is not its own is deleted. That of a flow that
    cannot be read is kept, and looked at again after a while.
    """
    damaged: dict[str, BadRecord] = {}
    for key, data in _due(work.txn, now):
        flow_id = keys.timed_id(key)
        work.txn.delete(key)
        try:
            row = work.listed(flow_id)
        except BadRecord as error:
            damaged[flow_id] = error
            work.txn.put(keys.put_off(key, now + limits.DAMAGED_SECONDS), data)
            continue
        try:
            _check(row.record, key, data)
        except BadRecord as error:
            damaged[flow_id] = error
        if is_due(row.record, now):
            work.change(fired(work, row, now))
    return damaged


def is_due(record: FlowRecord, now: float) -> bool:
    """Return whether the time that a flow waits for has come."""
    key = _key(record)
    # As the index says it, where times are rounded.
    return key is not None and keys.timer_seconds(key) <= now


def _check(record: FlowRecord, key: bytes, data: bytes) -> None:
    decode_index(key, data)
    if key != _key(record):
        raise BadContents(
            f"flow {record.id} is listed as due at {keys.timer_seconds(key)}, and is "
            f"{record.status} until {due_at(record)}",
            hint="take the store from a copy",
        )


def fired(work: Work, row: Row, now: float) -> Row:
    """Return a flow as ready, because its time has come (see :func:`is_due`)."""
    record = row.record
    if record.status == "retrying" or record.waiting is None:
        return work.move(row, "ready", now)
    due = replace(record, waiting=replace(record.waiting, due=True))
    if record.blocked:
        disarm(work.txn, record)
        return replace(row, record=due)
    moved = work.move(row, "ready", now)
    return replace(moved, record=replace(moved.record, waiting=due.waiting))


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
