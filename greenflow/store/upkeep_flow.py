"""doctor's look at one flow: its record, its bytes, its mailbox and its entries."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from greenflow.errors import BadRecord, FlowNotFound
from greenflow.store import keys, mailbox, needs, queues, timers, upkeep_history
from greenflow.store.model import ENDED
from greenflow.store.records import (
    decode_index,
    encode_index,
    unseal_message,
)
from greenflow.store.upkeep_finding import Found, derived, lost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenflow.store.records import Row
    from greenflow.store.work import Work


def examine(work: Work, flow_id: str) -> list[Found]:
    """Return what is wrong with a flow, and with what lists it."""
    try:
        row = work.row(flow_id)
    except BadRecord as error:
        return [lost("damaged-flow", flow_id, error)]
    return [
        *upkeep_history.examine(work, row),
        *_mailbox(work, row),
        *_entries(work, row),
        *_asleep(work, row),
    ]


def entries(work: Work, row: Row) -> list[bytes]:
    """Return the keys of all entries that list a flow.

    Not those under flows that have ended, which gc may be deleting a part at a time.
    """
    record = row.record
    found = [keys.created(record.created, record.id)]
    if record.status == "ready":
        found.append(keys.ready(record.queue, record.priority, row.ticket))
    elif record.status == "running":
        found.append(keys.running(record.owner, record.id))
    elif record.status == "hospital":
        found.append(keys.hospital(record.id))
    elif record.status in ENDED:
        found.append(keys.finished(record.updated, record.id))
    due = timers.due_at(record)
    if due is not None:
        found.append(keys.timer(due, record.id))
    if is_child(work, row) and _goes_on(work, record.parent):
        found.append(keys.pair(keys.CHILD, record.parent, record.id))
    watched = set(needs.watched_by(record) if is_watching(row) else ())
    pairs = [(keys.WATCHER, each) for each in watched if _goes_on(work, each)]
    pairs += [(keys.NEEDED, each) for each in set(needs.needed_by(record))]
    return found + [keys.pair(kind, each, record.id) for kind, each in pairs]


def is_watching(row: Row) -> bool:
    """Return whether a flow is listed under those that it waits for."""
    return row.record.status in {"waiting", "retrying"}


def is_child(work: Work, row: Row) -> bool:
    """Return whether its parent is there still, and not another flow of that id."""
    record = row.record
    try:
        parent = work.row(record.parent).record if record.parent else None
    except FlowNotFound:
        return False
    except BadRecord:
        return True
    return parent is not None and parent.created <= record.created


def _goes_on(work: Work, flow_id: str) -> bool:
    try:
        return work.row(flow_id).record.status not in ENDED
    except (FlowNotFound, BadRecord):
        return False


def _mailbox(work: Work, row: Row) -> Iterator[Found]:
    flow_id = row.record.id
    prefixes = mailbox.prefixes(work.txn, keys.mailbox(flow_id))
    for prefix in prefixes:
        message = mailbox.first(work.txn, prefix)
        try:
            if message is not None:
                unseal_message(prefix, message.record)
        except BadRecord as error:
            yield lost("damaged-message", flow_id, error)
    highest = max(map(keys.message_seq, prefixes), default=-1)
    if row.messages != len(prefixes) or row.next_seq <= highest:
        text = (
            f"flow {flow_id} says that it has {row.messages} messages before number "
            f"{row.next_seq}; it has {len(prefixes)} up to {highest}"
        )
        yield derived("wrong-count", flow_id, text, partial(_recount, flow_id))


def _entries(work: Work, row: Row) -> Iterator[Found]:
    flow_id = row.record.id
    for key in entries(work, row):
        data = work.txn.get(key)
        is_place = key[:1] == keys.READY
        if data is None:
            text = f"flow {flow_id} is not listed where it should be: {key!r}"
            yield derived("missing-entry", flow_id, text, partial(_list, flow_id, key))
            continue
        try:
            listed = decode_index(key, data)
        except BadRecord as error:
            text = f"flow {flow_id}: {error.message}"
            yield derived("damaged-entry", flow_id, text, partial(_list, flow_id, key))
            continue
        if is_place and listed != flow_id:
            text = f"flow {flow_id} has the place of {listed} in its queue: {key!r}"
            yield derived("taken-place", flow_id, text, partial(_enter, flow_id))


def _asleep(work: Work, row: Row) -> Iterator[Found]:
    """Look for a flow that waits for what it has."""
    record = row.record
    if record.status == "waiting" and not record.blocked and work.satisfied(row):
        text = f"flow {record.id} waits, and has what it waits for"
        yield derived("asleep", record.id, text, partial(_wake, record.id))


def _list(flow_id: str, key: bytes, work: Work) -> None:
    name = flow_id if key[:1] == keys.READY else ""
    work.txn.put(key, encode_index(key, name))


def _enter(flow_id: str, work: Work) -> None:
    row = work.row(flow_id)
    work.change(replace(row, ticket=queues.enter(work, row.record)))


def _recount(flow_id: str, work: Work) -> None:
    row = work.row(flow_id)
    prefixes = mailbox.prefixes(work.txn, keys.mailbox(flow_id))
    after = max(map(keys.message_seq, prefixes), default=-1) + 1
    next_seq = max(row.next_seq, after)
    work.change(replace(row, messages=len(prefixes), next_seq=next_seq))


def _wake(flow_id: str, work: Work) -> None:
    work.change(work.move(work.row(flow_id), "ready", time.time()))
