"""How a flow comes into the store: by spawn() outside, or by another flow's step."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from greenflow import limits
from greenflow.errors import FlowExists, TooLarge
from greenflow.store import history, keys, mailbox, posting, states, watching
from greenflow.store.base import CANCELS
from greenflow.store.model import Checkpoint
from greenflow.store.records import Row, encode_index

if TYPE_CHECKING:
    from greenflow.store.base import FlowRecord, NewFlow, Status
    from greenflow.store.depot import Depot
    from greenflow.store.mailbox import Letter
    from greenflow.store.model import Waiting
    from greenflow.store.records import Packed
    from greenflow.store.states import State
    from greenflow.store.work import Work


class PreparedFlow(msgspec.Struct, frozen=True):
    """A flow with all its bytes made before the transaction begins."""

    record: FlowRecord
    state: State
    value: Packed | None
    end: Letter | None
    new: NewFlow

    @property
    def exist_ok(self) -> bool:
        """Whether one of its id may be there."""
        return self.new.exist_ok


def prepare(new: NewFlow, depot: Depot) -> PreparedFlow:
    """Make all bytes of a flow. Raises TooLarge, ValueError, StoreError."""
    record = new.record
    check(new)
    end = None
    if new.deadline is not None:
        if math.isnan(new.deadline):
            raise ValueError(f"the deadline of flow {record.id} is {new.deadline}")
        end = mailbox.letter(record.id, CANCELS, new.cancelled, "throw")
        end = replace(end, at=new.deadline)
    state = states.prepare(record.id, new.state, states.nothing_stored, depot)
    value = None
    if new.value is not None:
        value = states.prepare_value(record.id, new.value)
    record = replace(record, owner="", blocked="")
    return PreparedFlow(record, state, value, end, new)


def check(new: NewFlow) -> None:
    """Refuse what cannot be. Raises TooLarge, ValueError."""
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
    if waiting is not None and waiting.kind != "start" and new.kind == "spawn":
        raise ValueError(f"a new flow that waits in {waiting.kind}()")
    for text in (record.name, *record.tags):
        if len(text.encode()) > limits.NAME_CHARS_MAX:
            raise TooLarge(
                f"a name of {len(text.encode())} bytes; the limit is "
                f"{limits.NAME_CHARS_MAX}"
            )


def list_flow(work: Work, record: FlowRecord) -> None:
    """Enter a flow into the lists that it is in whatever its status."""
    age_key = keys.created(record.created, record.id)
    work.txn.put(age_key, encode_index(age_key))
    if record.parent:
        child = keys.pair(keys.CHILD, record.parent, record.id)
        work.txn.put(child, encode_index(child))


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
    list_flow(work, record)
    waiting = watching.counted(work, record.waiting)
    record = replace(record, waiting=waiting)
    row = Row(record=record, oldest=record.seq)
    row = history.save(work, row, _first(new, waiting), new.state, new.value)
    status: Status = "ready" if work.satisfied(row) else "waiting"
    work.change(work.enter(row, status, record.updated))
    if new.end is not None:
        posting.post(work, new.end, now)
    return True


def _first(flow: PreparedFlow, waiting: Waiting | None) -> Checkpoint:
    new, record = flow.new, flow.record
    return Checkpoint(
        seq=record.seq,
        at=record.updated,
        kind=new.kind,
        size=flow.state.size,
        label=record.label,
        reason=new.reason,
        by=new.by,
        waiting=waiting,
    )
