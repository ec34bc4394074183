"""What an operation's request writes, and what the call gives when the flow goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenflow.continuation import Sent, Thrown
from greenflow.errors import Ambiguous, InternalError
from greenflow.runtime import values
from greenflow.runtime.operations import RAISE, Checkpoint, Receive, Sleep
from greenflow.store.base import Step, Waiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.store.base import FlowRecord


def step_of(request: object, state: bytes) -> tuple[Step, Callable[[], None]]:
    """Return what is to be written, and what to call once the flow has left.

    Raises:
        NotSaveable: the payload or the default cannot be saved.
    """
    if isinstance(request, Checkpoint):
        return Step(status="running", state=state, label=request.label), _nothing
    value, moved = None, _nothing
    if isinstance(request, Sleep):
        waiting = Waiting(kind="sleep", until=request.until)
    elif isinstance(request, Receive):
        waiting = Waiting(kind="recv", topic=request.topic, until=request.until)
        if request.default is not RAISE:
            value = values.dump(request.default, "the default of recv()")
    else:
        value, moved = values.dump_moved(request, "the payload of suspend()")
        waiting = Waiting(kind="suspend", preview=values.preview(request))
    return Step(status="waiting", state=state, value=value, waiting=waiting), moved


def without_message(
    record: FlowRecord, value_of: Callable[[str], bytes | None]
) -> Sent | Thrown:
    """Return what the call gives that a flow stands at which no message woke.

    Args:
        record: of the claimed flow.
        value_of: returns the stored value of a flow.
    """
    waiting = record.waiting
    if waiting is None:
        # Not begun yet, or saved by checkpoint(), which returns the number.
        return Sent(record.seq or None)
    if not waiting.due:
        raise InternalError(f"flow {record.id} was claimed while it still waits")
    if waiting.kind == "sleep":
        return Sent()
    if waiting.kind == "intent":
        return Thrown(_ambiguous(record.id))
    value = value_of(record.id)
    if value is not None:
        return Sent(values.load(value))
    topic = f" of topic {waiting.topic!r}" if waiting.topic else ""
    return Thrown(TimeoutError(f"no message{topic} came in time"))


def _ambiguous(flow_id: str) -> Ambiguous:
    return Ambiguous(
        f"flow {flow_id} was interrupted in once(..., at_most_once=True): the function "
        "may have done its work or not, and is not called again",
        hint="catch Ambiguous and find out, for instance by idempotency_key()",
    )


def _nothing() -> None:
    """There is no payload that has moved."""
