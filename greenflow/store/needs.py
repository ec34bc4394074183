"""Which flows others need: those whose end they wait for, or have been told of.

What holds after every transaction: a flow has an entry under each flow that its
:class:`Waiting` names, as long as it names it. So also when that one has ended and this
one is not saved again yet, and may still ask for its result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenflow.store import keys
from greenflow.store.records import encode_index

if TYPE_CHECKING:
    import lmdb

    from greenflow.store.base import FlowRecord
    from greenflow.store.records import Row


def change(txn: lmdb.Transaction[bytes], old: Row | None, new: Row) -> None:
    """Note what a flow needs from here on."""
    before = needed_by(old.record) if old is not None else ()
    after = needed_by(new.record)
    if before != after:
        for target in set(before).difference(after):
            txn.delete(keys.pair(keys.NEEDED, target, new.record.id))
        for target in set(after).difference(before):
            key = keys.pair(keys.NEEDED, target, new.record.id)
            txn.put(key, encode_index(key))


def needed_by(record: FlowRecord) -> tuple[str, ...]:
    """Return the flows that this one needs."""
    return record.waiting.flows if record.waiting is not None else ()


def is_needed(txn: lmdb.Transaction[bytes], flow_id: str) -> bool:
    """Return whether any flow needs this one."""
    begin = keys.pair(keys.NEEDED, flow_id)
    with txn.cursor() as cursor:
        return bool(cursor.set_range(begin)) and cursor.key().startswith(begin)


def watched_by(record: FlowRecord) -> tuple[str, ...]:
    """Return the flows that this one is listed under as their watcher, if it waits."""
    return (*needed_by(record), *filter(None, (record.blocked,)))
