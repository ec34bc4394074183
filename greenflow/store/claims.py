"""What a worker does with a flow, from its claim to the commit that gives it back.

The fence: every claim of a flow raises its epoch, and a commit writes only if the flow
is running under the epoch that it was claimed with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from greenflow import limits
from greenflow.errors import BadRecord, Conflict, FlowNotFound, TooLarge
from greenflow.store import keys, mailbox, timers
from greenflow.store.base import ENDED, Claim, Step
from greenflow.store.records import (
    Row,
    Sealed,
    seal_part,
    unseal_message,
    unseal_part,
)

if TYPE_CHECKING:
    from collections.abc import Container

    from greenflow.store.base import FlowRecord, Message
    from greenflow.store.mailbox import Found, Letter
    from greenflow.store.work import Work

#: Flows of a dead worker that one transaction makes ready again.
_REQUEUE_MAX = 500


class Taken(NamedTuple):
    """A flow that was claimed, with its bytes not checked yet."""

    row: Row
    state: bytes
    message: Found | None

    def claim(self) -> Claim:
        """Return the claim. Raises BadRecord."""
        record = self.row.record
        state = unseal_part(b"state", record.id, self.row.state, self.state)
        return Claim(record=record, state=state, message=opened(self.message))


class Prepared(NamedTuple):
    """A step, with all its bytes made before the transaction begins."""

    step: Step
    state: Sealed | None
    state_bytes: int
    value: Sealed | None
    letters: list[Letter]


def opened(found: Found | None) -> Message | None:
    """Return the message that was found, if one was. Raises BadRecord."""
    return None if found is None else unseal_message(found.prefix, found.record)


def take_first(
    work: Work, owner: str, now: float, skip: Container[str]
) -> tuple[Taken | None, dict[str, BadRecord]]:
    """Claim the flow that is ready longest; also return what could not be read.

    A damaged flow must not keep the others from running.
    """
    damaged = timers.wake(work, now)
    found = None
    queue = work.queue()
    for ticket, key, data in queue:
        try:
            row = work.queued(ticket, key, data)
            if row.record.id in skip:
                continue
            found = _looked_at(work, row)
            break
        except BadRecord as error:
            damaged[f"at place {ticket} of the queue"] = error
    queue.close()
    return (None if found is None else _taken(work, found, owner, now)), damaged


def take(work: Work, row: Row, owner: str, now: float) -> Taken:
    """Claim a flow. Raises Truncated."""
    return _taken(work, _looked_at(work, row), owner, now)


def _looked_at(work: Work, row: Row) -> Taken:
    """Return the flow with its bytes, not claimed yet. Raises Truncated."""
    state = work.read_part(keys.STATE, row.record.id, row.state)
    return Taken(row, state, mailbox.awaited(work, row, row.record.waiting))


def _taken(work: Work, found: Taken, owner: str, now: float) -> Taken:
    row = work.move(found.row, "running", now, owner)
    row = replace(row, record=replace(row.record, epoch=row.record.epoch + 1))
    work.change(row)
    return found._replace(row=row)


def requeue(
    work: Work, owner: str, now: float, skip: Container[str]
) -> tuple[int, dict[str, BadRecord]]:
    """Make flows of a dead worker ready; return how many.

    They go to the end of the queue: a flow that kills its worker each time would else
    keep all others from running. Also returned is what could not be read.
    """
    flows = [flow_id for flow_id in work.owned(owner) if flow_id not in skip]
    damaged: dict[str, BadRecord] = {}
    for flow_id in flows[:_REQUEUE_MAX]:
        try:
            row = work.owned_row(owner, flow_id)
        except BadRecord as error:
            damaged[flow_id] = error
        else:
            work.change(work.move(row, "ready", now))
    return len(flows), damaged


def release(work: Work, record: FlowRecord, now: float) -> None:
    """Give a claim back, if it still holds."""
    try:
        row = _fenced(work, record)
    except (Conflict, FlowNotFound):
        return
    work.change(work.move(row, "ready", now))


def prepare(flow_id: str, step: Step) -> Prepared:
    """Make all bytes that a step writes. Raises TooLarge, ValueError."""
    goes_on = step.waiting is not None and step.waiting.kind in {"once", "intent"}
    if (step.status == "running" if goes_on else step.status == "waiting") != (
        step.waiting is not None
    ):
        raise ValueError(f"a step that is {step.status} with waiting={step.waiting}")
    if step.consumed and step.state is None and step.status not in ENDED:
        raise ValueError(
            f"a step of flow {flow_id} consumes messages, but saves no state that has "
            "seen them"
        )
    for text in (step.label or "", step.waiting.topic if step.waiting else ""):
        if len(text) > limits.NAME_CHARS_MAX:
            raise TooLarge(
                f"a name of {len(text)} characters; the limit is "
                f"{limits.NAME_CHARS_MAX}"
            )
    for item in step.sends:
        mailbox.check_user_topic(item.topic)
    state, value = step.state, step.value
    return Prepared(
        step,
        None if state is None else seal_part(b"state", flow_id, state),
        0 if state is None else len(state),
        None if value is None else seal_part(b"value", flow_id, value),
        [mailbox.letter(item.flow, item.topic, item.body) for item in step.sends],
    )


def commit(
    work: Work, record: FlowRecord, prepared: Prepared, now: float
) -> tuple[Row, Found | None]:
    """Write a step; return the flow and the message that it need not wait for.

    Raises:
        Conflict: the claim is over.
        FlowNotFound, FlowBusy: a message cannot be delivered.
    """
    step = prepared.step
    row = _fenced(work, record)
    if step.consumed:
        row = mailbox.consume(work, row, step.consumed)
        work.change(row)
    if prepared.letters:
        for item in prepared.letters:
            mailbox.deliver(work, item, now)
        # One of them may have gone to this very flow.
        row = work.row(record.id)
    row = _save(work, row, prepared, now)
    found = mailbox.awaited(work, row, step.waiting)
    if found is None and step.status != "running":
        row = work.move(row, step.status, now)
    work.change(row)
    return row, found


def _save(work: Work, row: Row, prepared: Prepared, now: float) -> Row:
    """Write state and value, and what the record tells of the step."""
    step, record = prepared.step, row.record
    told: dict[str, Any] = {"error": step.error, "updated": now}
    if step.state is not None or step.status == "waiting" or step.status in ENDED:
        told["waiting"] = step.waiting
    if step.label is not None:
        told["label"] = step.label
    parts: dict[str, Any] = {}
    if prepared.state is not None:
        work.write_part(keys.STATE, record.id, row.state, prepared.state)
        parts["state"] = prepared.state.part
        told |= {"seq": record.seq + 1, "state_bytes": prepared.state_bytes}
    if prepared.value is not None:
        work.write_part(keys.VALUE, record.id, row.value, prepared.value)
        parts["value"] = prepared.value.part
    elif row.value is not None:
        work.delete_part(keys.VALUE, record.id, row.value)
        parts["value"] = None
    return replace(row, record=replace(record, **told), **parts)


def _fenced(work: Work, claimed: FlowRecord) -> Row:
    """Return the flow if this claim of it holds. Raises Conflict, FlowNotFound."""
    row = work.row(claimed.id)
    record = row.record
    if record.epoch != claimed.epoch or record.status != "running":
        raise Conflict(
            f"flow {claimed.id} moved on: claim {claimed.epoch} is over, and the flow "
            f"is {record.status} after claim {record.epoch}; nothing was written",
            hint="leave it to the worker that has it now",
        )
    return row
