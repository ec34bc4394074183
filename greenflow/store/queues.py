"""The queues of ready flows: by name, then by priority, then by who came first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenflow.store import keys
from greenflow.store.records import encode_index

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    import lmdb

    from greenflow.store.base import FlowRecord
    from greenflow.store.work import Work


def enter(work: Work, record: FlowRecord) -> int:
    """Put a flow at the end of those of its queue and priority; return its ticket."""
    rank = keys.rank(record.queue, record.priority)
    ticket = work.tickets.get(rank)
    if ticket is None:
        ticket = _next_ticket(work.txn, rank)
    work.tickets[rank] = ticket + 1
    key = keys.ready(record.queue, record.priority, ticket)
    work.txn.put(key, encode_index(key, record.id))
    return ticket


def leave(txn: lmdb.Transaction[bytes], record: FlowRecord, ticket: int) -> None:
    """Take a flow out of its queue."""
    txn.delete(keys.ready(record.queue, record.priority, ticket))


def _next_ticket(txn: lmdb.Transaction[bytes], rank: bytes) -> int:
    with txn.cursor() as cursor:
        # Behind every ticket of this rank.
        found = cursor.set_range(rank + b"\xff" * 9)
        if (cursor.prev() if found else cursor.last()) and _is_of(cursor.key(), rank):
            return keys.ready_ticket(cursor.key()) + 1
    return 0


def entries(
    txn: lmdb.Transaction[bytes], name: str
) -> Generator[tuple[int, bytes, bytes], None, None]:
    """Yield the flows of a queue, the first first: ticket, key and record of each.

    Nothing may be written before the iterator is closed.
    """
    begin = keys.queue(name)
    with txn.cursor() as cursor:
        found = cursor.set_range(begin)
        while found and (key := cursor.key()).startswith(begin):
            yield keys.ready_ticket(key), key, cursor.value()
            found = cursor.next()


def names(
    txn: lmdb.Transaction[bytes], wanted: Iterable[str] | None = None, after: str = ""
) -> list[str]:
    """Return the queues that have ready flows, those behind ``after`` first.

    Args:
        wanted: only these, in this order; None means all, in the order of their names.
        after: the queue that was served last, so that each has its turn.
    """
    if wanted is None:
        found = _all_names(txn)
        return [n for n in found if n > after] + [n for n in found if n <= after]
    order = list(dict.fromkeys(name for name in wanted if keys.is_queue(name)))
    behind = order.index(after) + 1 if after in order else 0
    turns = order[behind:] + order[:behind]
    return [name for name in turns if _has(txn, keys.queue(name))]


def _all_names(txn: lmdb.Transaction[bytes]) -> list[str]:
    found = []
    with txn.cursor() as cursor:
        more = cursor.set_range(keys.READY)
        while more and (key := cursor.key())[:1] == keys.READY:
            found.append(keys.queue_name(key))
            more = cursor.set_range(keys.after_queue(key))
    return found


def _has(txn: lmdb.Transaction[bytes], begin: bytes) -> bool:
    with txn.cursor() as cursor:
        return bool(cursor.set_range(begin)) and cursor.key().startswith(begin)


def _is_of(key: bytes, rank: bytes) -> bool:
    return key.startswith(rank) and len(key) == len(rank) + 8
