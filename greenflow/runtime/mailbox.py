"""Which messages can still be delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenflow import limits
from greenflow.errors import FlowBusy, FlowNotFound
from greenflow.store.base import ENDED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenflow.store.base import FlowRecord, Outgoing, Store


def check_receiver(record: FlowRecord) -> None:
    """Refuse a message to a flow that has ended. Raises FlowBusy."""
    if record.status in ENDED:
        raise FlowBusy(
            f"flow {record.id} is {record.status}: it receives nothing any more",
            hint="look at its status before sending, or catch FlowBusy",
        )


def deliverable(base: Store, sends: Sequence[Outgoing]) -> list[Outgoing]:
    """Return those of ``sends`` whose flow is there, goes on, and has room."""
    room = {flow_id: _room(base, flow_id) for flow_id in {item.flow for item in sends}}
    kept = []
    for item in sends:
        if room[item.flow] > 0:
            room[item.flow] -= 1
            kept.append(item)
    return kept


def _room(base: Store, flow_id: str) -> int:
    """Return how many messages more the flow's mailbox can hold."""
    try:
        check_receiver(base.get(flow_id))
    except (FlowNotFound, FlowBusy):
        return 0
    return limits.MAILBOX_MESSAGES_MAX - sum(1 for _ in base.messages(flow_id))
