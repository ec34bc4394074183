"""What a worker writes of a flow that it has claimed.

The fence: every claim of a flow raises its epoch, and a commit writes only if the flow
is running under the epoch that it was claimed with.
"""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from greenflow import limits
from greenflow.errors import Conflict, FlowNotFound, TooLarge
from greenflow.store import (
    creating,
    cycles,
    history,
    logbook,
    mailbox,
    posting,
    sources,
    states,
    watching,
)
from greenflow.store.base import ENDED, Step
from greenflow.store.claims import uncounted
from greenflow.store.model import Checkpoint

if TYPE_CHECKING:
    from greenflow.store.base import FlowRecord
    from greenflow.store.creating import PreparedFlow
    from greenflow.store.depot import Depot
    from greenflow.store.mailbox import Found, Letter
    from greenflow.store.records import Packed, Row
    from greenflow.store.sources import SealedSource
    from greenflow.store.states import State, Stored
    from greenflow.store.work import Work


class Prepared(msgspec.Struct, frozen=True):
    """A step, with all its bytes made before the transaction begins."""

    step: Step
    state: State | None
    value: Packed | None
    letters: list[Letter]
    flows: list[PreparedFlow]
    sources: list[SealedSource]

    @property
    def states(self) -> list[State]:
        """All states that it writes: the flow's own, and those of new flows."""
        own = [] if self.state is None else [self.state]
        return own + [new.state for new in self.flows]


def prepare(flow_id: str, step: Step, stored: Stored, depot: Depot) -> Prepared:
    """Make all bytes that a step writes. Raises TooLarge, ValueError, StoreError.

    ``stored`` tells which blocks of a large state are in the store already.
    """
    goes_on = step.waiting is not None and step.waiting.kind in {"once", "intent"}
    if (step.status == "running" if goes_on else step.status == "waiting") != (
        step.waiting is not None
    ):
        raise ValueError(f"a step that is {step.status} with waiting={step.waiting}")
    if step.state is None and step.status not in ENDED and _needs_state(step):
        raise ValueError(
            f"a step of flow {flow_id} waits, has a value or consumes messages, but "
            "saves no state that has seen them"
        )
    for text in (step.label or "", step.waiting.topic if step.waiting else ""):
        if len(text) > limits.NAME_CHARS_MAX:
            raise TooLarge(
                f"a name of {len(text)} characters; the limit is "
                f"{limits.NAME_CHARS_MAX}"
            )
    if (step.status == "retrying") != (step.retry_at is not None):
        raise ValueError(f"a step that is {step.status}, retry_at={step.retry_at}")
    for time in (step.retry_at, step.waiting.until if step.waiting else None):
        if time is not None and math.isnan(time):
            raise ValueError(f"flow {flow_id} cannot wait until {time}")
    state, value = step.state, step.value
    return Prepared(
        step,
        None if state is None else states.prepare(flow_id, state, stored, depot),
        None if value is None else states.prepare_value(flow_id, value),
        [mailbox.mail(item) for item in step.sends],
        [creating.prepare(new, depot) for new in step.spawns],
        [sealed for text in step.sources if (sealed := sources.prepare(text))],
    )


def _needs_state(step: Step) -> bool:
    return bool(step.consumed) or step.value is not None or step.waiting is not None


def check(work: Work, record: FlowRecord, prepared: Prepared) -> None:
    """Refuse a step that cannot be written, before anything of it is.

    Raises:
        Conflict: the claim is over.
        FlowNotFound, FlowBusy: a message cannot be delivered.
        FlowNotFound: a flow that it waits for is not there.
        FlowExists: a new flow's id is taken.
        Deadlock: the flow would wait for ever.
    """
    _fenced(work, record)
    new = set[str]()
    for flow in prepared.flows:
        flow_id = flow.record.id
        if flow_id in new and not flow.exist_ok:
            raise creating.taken(flow_id)
        if creating.check_new(work, flow):
            new.add(flow_id)
    for item in prepared.letters:
        if item.flow not in new:
            mailbox.check_receiver(work.row(item.flow).record)
    waiting = prepared.step.waiting
    for flow_id in waiting.flows if waiting else ():
        if flow_id not in new:
            work.row(flow_id)
    if waiting is not None and waiting.flows:
        cycles.refuse(work, record.id, waiting)


def write(
    work: Work, record: FlowRecord, prepared: Prepared, now: float
) -> tuple[Row, Found | None]:
    """Write a step that passed :func:`check` in this transaction.

    Returns:
        The flow, and the message that it need not wait for.

    Raises:
        BadRecord: another flow that this changes is damaged.
    """
    step = prepared.step
    row = work.row(record.id)
    if step.consumed:
        was_full = mailbox.is_over(row)
        row = mailbox.consume(work, row, step.consumed)
        work.change(row)
        if was_full and not mailbox.is_over(row):
            watching.has_room(work, record.id, now)
    for new in prepared.flows:
        creating.create(work, new, now)
    for item in prepared.letters:
        posting.post(work, item, now)
    for text in prepared.sources:
        sources.put(work, text)
    # One of them may have gone to this very flow.
    row = _save(work, work.row(record.id), prepared, now)
    row = logbook.write(work, row, step.logged)
    if step.status in ENDED:
        work.change(work.move(row, step.status, now))
        watching.ended(work, record.id, now)
        return work.row(record.id), None
    if step.status not in {"running", "waiting"}:
        row = work.move(row, step.status, now)
        work.change(row)
        return row, None
    return _wait(work, row, prepared, now)


def _wait(
    work: Work, row: Row, prepared: Prepared, now: float
) -> tuple[Row, Found | None]:
    """Let a flow wait, or go on if it has what it waits for and may."""
    if prepared.step.waiting is not None and prepared.step.waiting.kind == "intent":
        work.change(row)  # what comes next comes now, or nobody knows if it came
        return row, None
    for item in prepared.letters:
        if item.flow != row.record.id and mailbox.is_over(work.row(item.flow)):
            blocked = replace(row.record, blocked=item.flow)
            row = work.move(replace(row, record=blocked), "waiting", now)
            work.change(row)
            return row, None
    found = mailbox.awaited(work, row, prepared.step.waiting)
    waits = prepared.step.status == "waiting" and found is None
    if waits and not work.satisfied(row):
        row = work.move(row, "waiting", now)
    elif row.record.held and not row.record.debugged:
        row, found = work.move(row, "ready", now), None
    work.change(row)
    return row, found


def _save(work: Work, row: Row, prepared: Prepared, now: float) -> Row:
    """Write state and value, and what the record tells of the step."""
    step, record = prepared.step, row.record
    told: dict[str, Any] = {"error": step.error, "updated": now}
    saves = step.state is not None or step.status in ENDED
    if saves:
        told["waiting"] = watching.counted(work, step.waiting)
        told |= {"attempts": 0, "trouble": "", "killer": ""}
    if step.status in {"retrying", "hospital"}:
        trouble = step.error[: limits.TROUBLE_CHARS_MAX]
        told |= {"trouble": trouble, "error": "", "retry_at": step.retry_at}
        # It may have been saved in this very slice, or by this step.
        told["attempts"] = 1 if saves else max(record.attempts, 1)
    if step.label is not None:
        told["label"] = step.label
    row = replace(row, record=replace(record, **told))
    if prepared.state is not None:
        value = None if step.status in ENDED else prepared.value
        made = _checkpoint(row.record, step, prepared.state, now)
        row = history.save(work, row, made, prepared.state, value)
    if step.status in ENDED:
        return history.put_value(work, row, row.record.seq + 1, prepared.value)
    return row


def _checkpoint(record: FlowRecord, step: Step, state: State, now: float) -> Checkpoint:
    waiting = record.waiting
    return Checkpoint(
        seq=record.seq + 1,
        at=now,
        kind=waiting.kind if waiting else "checkpoint",
        size=state.size,
        parent=record.seq,
        label=step.label or "",
        waiting=waiting,
    )


def _fenced(work: Work, claimed: FlowRecord) -> Row:
    """Return the flow if this claim of it holds. Raises Conflict."""
    try:
        row = work.row(claimed.id)
    except FlowNotFound as error:
        raise Conflict(
            f"flow {claimed.id} is not there any more; nothing was written",
            hint="leave it: it was deleted",
        ) from error
    record = row.record
    if record.epoch != claimed.epoch or record.status != "running":
        raise Conflict(
            f"flow {claimed.id} moved on: claim {claimed.epoch} is over, and the flow "
            f"is {record.status} after claim {record.epoch}; nothing was written",
            hint="leave it to the worker that has it now",
        )
    return row


def release(work: Work, record: FlowRecord, now: float) -> None:
    """Give a claim back, if it still holds."""
    with suppress(Conflict):
        row = _fenced(work, record)
        work.change(work.move(uncounted(row), "ready", now))


def admit(work: Work, record: FlowRecord, trouble: str, now: float) -> None:
    """Put a claimed flow into the hospital, if the claim still holds."""
    with suppress(Conflict):
        row = _fenced(work, record)
        told = replace(row.record, trouble=trouble[: limits.TROUBLE_CHARS_MAX])
        work.change(work.move(replace(row, record=told), "hospital", now))
