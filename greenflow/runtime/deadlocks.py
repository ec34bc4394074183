"""Waits that could never end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenflow.errors import ContinuationError, Deadlock
from greenflow.runtime.hosting import current_slice, slices

if TYPE_CHECKING:
    from greenflow.runtime.stores import Store


def refuse_deadlock(store: Store, flow_id: str) -> None:
    """Refuse to wait, in a flow, for the end of one that could then never end.

    Raises:
        Deadlock: it is the very flow.
        ContinuationError: it waits for what this flow has not sent or made yet.
    """
    for running in slices():
        if (running.id, running.store.location) == (flow_id, store.location):
            raise Deadlock(
                f"flow {flow_id} waits for its own end",
                hint="a flow, and a flow that runs inside it, cannot wait for it",
            )
    sender = current_slice()
    if sender is not None and sender.outbound.concerns(flow_id):
        raise ContinuationError(
            f"flow {sender.id} waits in its own process for flow {flow_id}, which gets "
            "what this flow has sent or made only when it is saved",
            hint="call checkpoint() before, or result() in the flow itself",
        )
