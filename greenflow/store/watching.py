"""Flows that wait for others: for their end, or for room in their mailbox.

What holds after every transaction: a flow that waits is listed under each flow that its
:class:`Waiting` names, until that one has ended, and under the one that blocks it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from greenflow.errors import BadRecord, FlowNotFound
from greenflow.store import keys
from greenflow.store.base import ENDED, JOINS
from greenflow.store.records import encode_index

if TYPE_CHECKING:
    import lmdb

    from greenflow.store.base import FlowRecord, Waiting
    from greenflow.store.records import Row
    from greenflow.store.work import Work


def arm(work: Work, record: FlowRecord) -> None:
    """List a flow that begins to wait under those that it waits for."""
    for target in _targets(record):
        if target == record.id or _goes_on(work, target):
            key = keys.pair(keys.WATCHER, target, record.id)
            work.txn.put(key, encode_index(key))


def disarm(txn: lmdb.Transaction[bytes], record: FlowRecord) -> None:
    """Undo :func:`arm` for a flow that waits no longer."""
    for target in _targets(record):
        txn.delete(keys.pair(keys.WATCHER, target, record.id))


def _targets(record: FlowRecord) -> tuple[str, ...]:
    flows = record.waiting.flows if record.waiting else ()
    return (*flows, record.blocked) if record.blocked else flows


def counted(work: Work, waiting: Waiting | None) -> Waiting | None:
    """Return it with the number of flows that have to end yet.

    One that is not there any more has ended, which the flow that waits is told.
    """
    if waiting is None or waiting.kind not in JOINS:
        return waiting
    wanted = set(waiting.flows)
    going_on = sum(_goes_on(work, each) for each in wanted)
    if waiting.kind == "first":
        going_on = int(going_on == len(wanted))
    return replace(waiting, left=going_on)


def _goes_on(work: Work, flow_id: str) -> bool:
    try:
        return work.row(flow_id).record.status not in ENDED
    except FlowNotFound:
        return False


def ended(work: Work, flow_id: str, now: float) -> None:
    """Tell who waits for this flow that it has ended.

    One that is damaged is left listed: it must not keep this one from ending.
    """
    for watcher in _watchers(work, flow_id):
        row = _waiter(work, watcher)
        if row is None:
            continue
        row = _unblocked(row, flow_id)
        waiting = row.record.waiting
        if waiting is not None and flow_id in waiting.flows:
            waiting = replace(waiting, left=waiting.left - 1)
            row = replace(row, record=replace(row.record, waiting=waiting))
        work.txn.delete(keys.pair(keys.WATCHER, flow_id, watcher))
        work.change(_woken(work, row, now))


def has_room(work: Work, flow_id: str, now: float) -> None:
    """Tell who waits for room in this flow's mailbox that there is some."""
    for watcher in _watchers(work, flow_id):
        row = _waiter(work, watcher)
        if row is not None and row.record.blocked == flow_id:
            row = _unblocked(row, flow_id)
            if flow_id not in _targets(row.record):
                work.txn.delete(keys.pair(keys.WATCHER, flow_id, watcher))
            work.change(_woken(work, row, now))


def _watchers(work: Work, flow_id: str) -> list[str]:
    return [
        keys.pair_second(key) for key in work.under(keys.pair(keys.WATCHER, flow_id))
    ]


def _waiter(work: Work, flow_id: str) -> Row | None:
    """Return a flow that is listed as one that waits; None if it is damaged."""
    try:
        row = work.listed(flow_id)
    except BadRecord:
        return None
    return row if row.record.status == "waiting" else None


def _unblocked(row: Row, flow_id: str) -> Row:
    if row.record.blocked != flow_id:
        return row
    return replace(row, record=replace(row.record, blocked=""))


def _woken(work: Work, row: Row, now: float) -> Row:
    if row.record.blocked or not work.satisfied(row):
        return row
    return work.move(row, "ready", now)
