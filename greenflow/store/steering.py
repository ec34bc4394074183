"""What people do to a flow from outside: cancel, kill, hold, retry."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from greenflow.errors import FlowBusy
from greenflow.store import history, mailbox, states, watching

if TYPE_CHECKING:
    from greenflow.store.mailbox import Letter
    from greenflow.store.records import Packed, Row
    from greenflow.store.work import Work


class Ending(NamedTuple):
    """How a flow ends that is not asked."""

    error: str
    value: Packed


def ending(flow_id: str, error: str, value: bytes) -> Ending:
    """Return it with its bytes made before the transaction. Raises TooLarge."""
    return Ending(error, states.prepare_value(flow_id, value))


def cancel(work: Work, item: Letter, end: Ending, now: float) -> None:
    """Deliver an exception, now or when the flow waits next; end it if it never did.

    Raises FlowNotFound, FlowBusy (the flow has ended).
    """
    row = work.row(item.flow)
    mailbox.check_receiver(row.record)
    if row.record.seq == 0 and row.record.status != "running":
        _end(work, row, end, now)
    else:
        mailbox.deliver(work, item, now)


def kill(work: Work, flow_id: str, end: Ending, now: float) -> None:
    """End a flow. Raises FlowNotFound, FlowBusy (the flow has ended)."""
    row = work.row(flow_id)
    mailbox.check_receiver(row.record)
    _end(work, row, end, now)


def _end(work: Work, row: Row, end: Ending, now: float) -> None:
    flow_id = row.record.id
    row = work.move(row, "cancelled", now)
    record = replace(row.record, waiting=None, error=end.error, blocked="")
    row = replace(row, record=record)
    work.change(history.put_value(work, row, record.seq + 1, end.value))
    watching.ended(work, flow_id, now)


def hold(work: Work, flow_id: str, now: float) -> None:
    """Let a flow not run. Raises FlowNotFound, FlowBusy (the flow has ended)."""
    row = work.row(flow_id)
    mailbox.check_receiver(row.record)
    row = replace(row, record=replace(row.record, held=True))
    if row.record.status == "ready":  # from here on that means "held"
        row = work.move(row, "ready", now)
    work.change(row)


def unhold(work: Work, flow_id: str, now: float) -> None:
    """Undo :func:`hold`. Raises FlowNotFound, FlowBusy (the flow has ended)."""
    row = work.row(flow_id)
    mailbox.check_receiver(row.record)
    row = replace(row, record=replace(row.record, held=False))
    if row.record.status == "held":
        row = work.move(row, "ready", now)
    work.change(row)


def retry(work: Work, flow_id: str, now: float) -> None:
    """Let a flow run that was in trouble. Raises FlowNotFound, FlowBusy."""
    row = work.row(flow_id)
    if row.record.status not in {"hospital", "retrying"}:
        raise FlowBusy(
            f"flow {flow_id} is {row.record.status}: it is not in the hospital, and "
            "waits for no other try",
            hint="see which flows are: greenflow hospital ls",
        )
    row = work.move(row, "ready", now)
    record = replace(row.record, attempts=0, retry_at=None)
    work.change(replace(row, record=record))
