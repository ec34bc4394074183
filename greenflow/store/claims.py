"""How a worker gets a flow, and how flows are taken from one that is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from greenflow import limits
from greenflow.errors import BadRecord
from greenflow.failpoints import reach
from greenflow.store import history, mailbox, posting, states, timers
from greenflow.store.base import Claim
from greenflow.store.records import Row, unseal_message

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from greenflow.parted import AnyState
    from greenflow.store.base import Message, Waiting
    from greenflow.store.depot import Depot
    from greenflow.store.mailbox import Found
    from greenflow.store.states import Raw
    from greenflow.store.work import Work

#: Flows of a dead worker that one transaction makes ready again.
_REQUEUE_MAX = 500


class Taken(msgspec.Struct, frozen=True):
    """A flow that was claimed, with its bytes not checked yet."""

    row: Row
    state: Raw | BadRecord | None  #: None: it was not asked for
    message: Found | None

    def claim(self, depot: Depot) -> Claim:
        """Return the claim. Raises BadRecord."""
        reach("after-claim")
        record = self.row.record
        if isinstance(self.state, BadRecord):
            raise self.state
        state: AnyState = b""
        if self.state is not None:
            _, state = states.opened(self.state, depot)
        return Claim(record=record, state=state, message=opened(self.message))


def opened(found: Found | None) -> Message | None:
    """Return the message that was found, if one was. Raises BadRecord."""
    return None if found is None else unseal_message(found.prefix, found.record)


def wake(work: Work, now: float) -> dict[str, BadRecord]:
    """Do what is due: deliver messages, make flows ready; return what is damaged."""
    return posting.deliver(work, now) | timers.wake(work, now)


def take(
    work: Work, row: Row, owner: str, now: float, known: Mapping[str, int]
) -> Taken:
    """Claim a flow; of one that is known by its last save the state is not read."""
    record = row.record
    state: Raw | BadRecord | None = None
    if known.get(record.id) != record.seq:
        try:
            state = history.current(work, row)
        except BadRecord as error:  # it is claimed all the same, for the hospital
            state = error
    waiting, message = record.waiting, None
    if waiting is None or not waiting.late:
        message = mailbox.awaited(work, row, waiting)
    if waiting is not None and _is_late(waiting, message):
        waiting = replace(waiting, late=True)
    row = work.move(row, "running", now, owner)
    told = replace(
        row.record,
        epoch=record.epoch + 1,
        attempts=record.attempts + 1,
        waiting=waiting,
    )
    row = replace(row, record=told)
    work.change(row)
    return Taken(row, state, message)


def _is_late(waiting: Waiting, message: Found | None) -> bool:
    """Return whether this claim tells that the time came before a message did."""
    # The time of a start is not told to the flow: what cancels it is still for it.
    return waiting.due and message is None and waiting.kind != "start"


def requeue(
    work: Work, owner: str, ran: str, why: str, now: float, skip: Container[str]
) -> tuple[int, dict[str, BadRecord]]:
    """Take flows from a worker that is dead, or hangs; return how many.

    They go to the end of the queue, and ``ran``, the one that it was running, to the
    hospital if that happened to it too often. Also returned is what could not be read.
    """
    flows = [flow_id for flow_id in work.owned(owner) if flow_id not in skip]
    damaged: dict[str, BadRecord] = {}
    for flow_id in flows[:_REQUEUE_MAX]:
        try:
            row = work.owned_row(owner, flow_id)
        except BadRecord as error:
            damaged[flow_id] = error
        else:
            if flow_id == ran:
                work.change(_lost(work, row, owner, why, now))
            else:
                work.change(work.move(uncounted(row), "ready", now))
    return len(flows), damaged


def _lost(work: Work, row: Row, owner: str, why: str, now: float) -> Row:
    """Return a flow whose worker did not come to its next commit."""
    # Its last save may have been in this very slice.
    failures = max(row.record.attempts, 1)
    told = replace(
        row.record, trouble=f"worker {owner} {why}", killer=owner, attempts=failures
    )
    if failures >= limits.ATTEMPTS_MAX:
        return work.move(replace(row, record=told), "hospital", now)
    if failures == 1:
        return work.move(replace(row, record=told), "ready", now)
    told = replace(told, retry_at=now + backoff(failures - 1))
    return work.move(replace(row, record=told), "retrying", now)


def backoff(failures: int) -> float:
    """Return the seconds to wait after so many failures, one after another."""
    return min(2.0 ** (failures - 1), limits.RETRY_SECONDS_MAX)


def uncounted(row: Row) -> Row:
    """Return a flow whose last claim came to nothing, and was not its fault."""
    attempts = max(row.record.attempts - 1, 0)
    return replace(row, record=replace(row.record, attempts=attempts))
