"""Flows that would wait for each other's end for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenflow import limits
from greenflow.errors import BadRecord, Deadlock, FlowNotFound

if TYPE_CHECKING:
    from greenflow.store.base import Waiting
    from greenflow.store.work import Work


def refuse(work: Work, flow_id: str, waiting: Waiting | None) -> None:
    """Refuse a wait that ends only when this very flow has ended.

    Waits with a time-out end by themselves; so may those for the first of several. Of
    very many flows that wait for one another, only so many are followed.

    Raises:
        Deadlock: it could never end.
    """
    came_from: dict[str, str] = {}
    queue = [flow_id]
    for waiter in queue:
        wait = waiting if waiter == flow_id else _wait_of(work, waiter)
        for target in _needed(wait):
            if target == flow_id:
                raise _deadlock(flow_id, waiter, came_from)
            if target not in came_from and len(queue) < limits.CYCLE_FLOWS_MAX:
                came_from[target] = waiter
                queue.append(target)


def _needed(waiting: Waiting | None) -> tuple[str, ...]:
    """Return the flows that must all end before a wait does."""
    if waiting is None or waiting.until is not None:
        return ()
    if waiting.kind == "first" and (len(set(waiting.flows)) > 1 or waiting.topics):
        return ()
    return waiting.flows


def _wait_of(work: Work, flow_id: str) -> Waiting | None:
    try:
        record = work.row(flow_id).record
    except (FlowNotFound, BadRecord):
        return None  # a new one, or one that nobody can follow
    return record.waiting if record.status == "waiting" else None


def _deadlock(flow_id: str, last: str, came_from: dict[str, str]) -> Deadlock:
    cycle = [flow_id]
    while last != flow_id:
        cycle.insert(0, last)
        last = came_from[last]
    text = " waits for ".join([flow_id, *cycle])
    return Deadlock(
        f"these flows would wait for each other for ever: {text}",
        hint="wait with a timeout=, or let one of them send the other a message",
    )
