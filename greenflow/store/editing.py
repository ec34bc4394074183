"""A flow is given another state from outside: edited, or rolled back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from greenflow import limits
from greenflow.errors import Conflict, TooLarge
from greenflow.store import (
    cycles,
    history,
    keys,
    mailbox,
    pieces,
    sources,
    states,
    watching,
)
from greenflow.store.model import ANSWERS, ENDED, Checkpoint

if TYPE_CHECKING:
    from greenflow.store.depot import Depot
    from greenflow.store.mailbox import Letter
    from greenflow.store.model import Edit, FlowRecord
    from greenflow.store.records import Packed, Row
    from greenflow.store.states import State, Stored
    from greenflow.store.work import Work


class PreparedEdit(NamedTuple):
    """An edit with all its bytes made before the transaction begins."""

    edit: Edit
    state: State
    value: Packed | None
    answer: Letter | None


def prepare(flow_id: str, edit: Edit, stored: Stored, depot: Depot) -> PreparedEdit:
    """Make all bytes of an edit. Raises TooLarge, ValueError, StoreError."""
    for text in (edit.label, edit.by):
        if len(text.encode()) > limits.NAME_CHARS_MAX:
            raise TooLarge(
                f"a name of {len(text.encode())} bytes; the limit is "
                f"{limits.NAME_CHARS_MAX}"
            )
    if len(edit.reason.encode()) > limits.REASON_BYTES_MAX:
        raise TooLarge(
            f"a reason of {len(edit.reason.encode())} bytes; the limit is "
            f"{limits.REASON_BYTES_MAX}"
        )
    if sum(len(line.encode()) for line in edit.changes) > limits.EDIT_LINES_BYTES_MAX:
        raise TooLarge(
            f"{len(edit.changes)} lines of changes are too much; the limit is "
            f"{limits.EDIT_LINES_BYTES_MAX} bytes"
        )
    waiting = edit.waiting
    if waiting is not None and math.isnan(waiting.until or 0.0):
        raise ValueError(f"flow {flow_id} cannot wait until {waiting.until}")
    if edit.answer is not None and ANSWERS not in mailbox.topics(waiting):
        kind = waiting.kind if waiting else "nothing"
        raise ValueError(
            f"flow {flow_id} would wait in {kind}, which takes no answer: let it wait "
            "in suspend"
        )
    answer = None
    if edit.answer is not None:
        answer = mailbox.letter(flow_id, ANSWERS, edit.answer.body, edit.answer.kind)
    return PreparedEdit(
        edit,
        states.prepare(flow_id, edit.state, stored, depot),
        None if edit.value is None else states.prepare_value(flow_id, edit.value),
        answer,
    )


def write(
    work: Work, flow_id: str, expected: int, prepared: PreparedEdit, now: float
) -> FlowRecord:
    """Give a flow a new checkpoint, which it goes on from; return what it is then.

    Raises:
        FlowNotFound: there is no such flow.
        Conflict: its last checkpoint is not ``expected``; or it runs, or has ended.
        Deadlock: it would wait for flows that wait for it.
    """
    row, edit = work.row(flow_id), prepared.edit
    _check(row.record, expected)
    waiting = watching.counted(work, edit.waiting)
    if waiting is not None and waiting.flows:
        cycles.refuse(work, flow_id, waiting)
    work.leave(row)
    at = row.record.seq if edit.kind == "edit" else None
    if edit.answer is not None or edit.parent != at:
        row = _without_answers(work, row, now)
    value = prepared.value
    if value is None and waiting is not None:
        value = _value_of(work, row, edit.parent)
    record = row.record
    record = replace(
        record,
        epoch=record.epoch + 1,
        waiting=waiting,
        label=edit.label or record.label,
        blocked="",
        attempts=0,
        trouble="",
        killer="",
        retry_at=None,
        error="",
    )
    made = Checkpoint(
        seq=record.seq + 1,
        at=now,
        kind=edit.kind,
        size=prepared.state.size,
        parent=edit.parent,
        label=edit.label,
        reason=edit.reason,
        by=edit.by,
        changes=edit.changes,
        waiting=waiting,
    )
    row = history.save(work, replace(row, record=record), made, prepared.state, value)
    row = work.enter(row, "ready" if work.satisfied(row) else "waiting", now)
    work.change(row)
    if prepared.answer is not None:
        mailbox.deliver(work, prepared.answer, now)
    for text in filter(None, map(sources.prepare, edit.sources)):
        sources.put(work, text)
    return work.row(flow_id).record


def _check(record: FlowRecord, expected: int) -> None:
    """Refuse to edit what moved on, or moves. Raises Conflict."""
    if record.status in ENDED:
        raise Conflict(
            f"flow {record.id} is {record.status}: it has ended, and stays so",
            hint="go on from an earlier checkpoint in a flow of its own: fork it",
        )
    if record.status == "running":
        raise Conflict(
            f"flow {record.id} is running under worker {record.owner}; nothing was "
            "written",
            hint="hold it, and wait until it has left its stack",
        )
    if record.seq != expected:
        raise Conflict(
            f"flow {record.id} moved on: it is at checkpoint {record.seq}, not at "
            f"{expected}; nothing was written",
            hint="look at it again, and decide again",
        )


def _without_answers(work: Work, row: Row, now: float) -> Row:
    """Drop an answer that was meant for the wait that is over; return the flow."""
    flow_id, was_full = row.record.id, mailbox.is_over(row)
    found = mailbox.prefixes(work.txn, keys.topic(flow_id, ANSWERS))
    for prefix in found:
        pieces.delete(work.txn, prefix)
    row = replace(row, messages=row.messages - len(found))
    work.change(row)
    if was_full and not mailbox.is_over(row):
        watching.has_room(work, flow_id, now)
    return row


def _value_of(work: Work, row: Row, seq: int) -> Packed | None:
    """Return what belongs to the wait of a checkpoint, as it is stored.

    Raises NoSuchCheckpoint, BadRecord.
    """
    flow_id = row.record.id
    raw, record = history.fetch(work, row, seq)
    if not record:
        return None
    return states.prepare_value(flow_id, states.unseal_value(flow_id, raw.seq, record))
