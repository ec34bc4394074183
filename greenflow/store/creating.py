"""How a flow comes into the store: by spawn() outside, or by another flow's step."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from greenflow import limits
from greenflow.errors import FlowExists, TooLarge
from greenflow.store import keys, mailbox, posting
from greenflow.store.base import CANCELS
from greenflow.store.records import Row, Sealed, encode_index, seal_part

if TYPE_CHECKING:
    from greenflow.store.base import FlowRecord, NewFlow, Status
    from greenflow.store.mailbox import Letter
    from greenflow.store.work import Work


class PreparedFlow(NamedTuple):
    """A flow with all its bytes made before the transaction begins."""

    record: FlowRecord
    state: Sealed
    end: Letter | None
    exist_ok: bool


def prepare(new: NewFlow) -> PreparedFlow:
    """Make all bytes of a flow. Raises TooLarge, ValueError."""
    record = new.record
    if not keys.is_id(record.id):
        raise ValueError(f"{record.id!r} cannot be the id of a flow")
    if abs(record.priority) > limits.PRIORITY_MAX:
        raise ValueError(
            f"a priority is from {-limits.PRIORITY_MAX} to {limits.PRIORITY_MAX}: "
            f"{record.priority}"
        )
    if not keys.is_queue(record.queue):
        raise ValueError(f"{record.queue!r} cannot be the name of a queue")
    if record.parent and not keys.is_id(record.parent):
        raise ValueError(f"{record.parent!r} cannot be the id of a flow")
    waiting = record.waiting
    if waiting is not None and waiting.kind != "start":
        raise ValueError(f"a new flow that waits in {waiting.kind}()")
    for text in (record.name, *record.tags):
        if len(text.encode()) > limits.NAME_CHARS_MAX:
            raise TooLarge(
                f"a name of {len(text.encode())} bytes; the limit is "
                f"{limits.NAME_CHARS_MAX}"
            )
    end = None
    if new.deadline is not None:
        if math.isnan(new.deadline):
            raise ValueError(f"the deadline of flow {record.id} is {new.deadline}")
        end = mailbox.letter(record.id, CANCELS, new.cancelled, "throw")
        end = end._replace(at=new.deadline)
    state = seal_part(b"state", record.id, new.state)
    record = replace(record, owner="", blocked="", state_bytes=len(new.state))
    return PreparedFlow(record, state, end, new.exist_ok)


def check_new(work: Work, new: PreparedFlow) -> bool:
    """Return whether there is no flow of that id. Raises FlowExists."""
    if not work.has(new.record.id):
        return True
    if not new.exist_ok:
        raise taken(new.record.id)
    return False


def taken(flow_id: str) -> FlowExists:
    """Return the error of an id that is taken."""
    return FlowExists(f"there is a flow {flow_id!r} already", hint="choose another id")


def create(work: Work, new: PreparedFlow, now: float) -> bool:
    """Add a flow; return whether there was none of its id. Raises FlowExists."""
    record = new.record
    if not check_new(work, new):
        return False
    age_key = keys.created(record.created, record.id)
    work.txn.put(age_key, encode_index(age_key))
    if record.parent:
        child = keys.pair(keys.CHILD, record.parent, record.id)
        work.txn.put(child, encode_index(child))
    work.write_part(keys.STATE, record.id, None, new.state)
    row = Row(record=record, state=new.state.part)
    status: Status = "ready" if record.waiting is None else "waiting"
    work.change(work.enter(row, status, record.updated))
    if new.end is not None:
        posting.post(work, new.end, now)
    return True
