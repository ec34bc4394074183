"""Notes of how workers died, which no flow in trouble names any more."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from greenflow import limits
from greenflow.errors import BadRecord
from greenflow.store import keys

if TYPE_CHECKING:
    from greenflow.store.claiming import Transactions
    from greenflow.store.work import Work

_BATCH_MAX: Final = 500


def delete_notes(store: Transactions) -> int:
    """Delete the notes that nobody needs, if there are many; return how many.

    Who died is named by flows that have not been saved since. All of these have an
    index, but for those on hold: their trouble stays, without that note.
    """
    notes = store.read(lambda work: work.under(keys.DEATH))
    if len(notes) <= limits.DEATHS_KEPT_MAX:
        return 0
    # In this order: a flow of a worker that dies now moves on to what is read later.
    named = set(store.read(lambda work: work.owners()))
    for kind in (keys.HOSPITAL, keys.TIMER, keys.READY):
        named |= _killers(store, kind)
    void = [key for key in notes if key[1:].decode() not in named]
    for at in range(0, len(void), _BATCH_MAX):
        store.write(partial(_delete, void[at : at + _BATCH_MAX]))
    return len(void)


def _killers(store: Transactions, kind: bytes) -> set[str]:
    """Return the workers that are named by the flows of an index."""
    found: set[str] = set()
    at = kind
    while batch := store.read(partial(_some, at, kind)):
        found.update(killer for _, killer in batch)
        at = batch[-1][0] + b"\0"
    return found


def _some(at: bytes, kind: bytes, work: Work) -> list[tuple[bytes, str]]:
    found: list[tuple[bytes, str]] = []
    with work.txn.cursor() as cursor:
        more = cursor.set_range(at)
        while more and len(found) < _BATCH_MAX and cursor.key()[:1] == kind:
            found.append((cursor.key(), _killer(work, cursor.key(), cursor.value())))
            more = cursor.next()
    return found


def _killer(work: Work, key: bytes, data: bytes) -> str:
    try:
        if key[:1] == keys.READY:
            row = work.queued(keys.ready_ticket(key), key, data)
        elif key[:1] == keys.TIMER:
            row = work.listed(keys.timed_id(key))
        else:
            row = work.listed(keys.named(key))
    except BadRecord:
        return ""
    return row.record.killer


def _delete(void: list[bytes], work: Work) -> None:
    for key in void:
        work.txn.delete(key)
