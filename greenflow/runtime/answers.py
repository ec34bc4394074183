"""What an operation's request writes, and what the call gives when the flow goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from greenflow.continuation import Continuation, Sent, Thrown
from greenflow.errors import (
    Ambiguous,
    BadMessage,
    CodeChanged,
    CodeMissing,
    Deadlock,
    FlowNotFound,
    InternalError,
    WrongInterpreter,
)
from greenflow.later import later_all
from greenflow.runtime import values
from greenflow.runtime.requests import ABSENT, Checkpoint, Join, Receive, Sleep
from greenflow.store.base import ENDED, JOINS, Step, Waiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.parted import AnyState
    from greenflow.runtime import coding, typed
    from greenflow.runtime.slice import Slice
    from greenflow.runtime.stores import Store
    from greenflow.store.base import FlowRecord, Message
else:
    coding, typed = later_all(__name__, "greenflow.runtime", "coding", "typed")


def loaded(store: Store, record: FlowRecord, state: AnyState) -> Continuation:
    """Return a flow's saved state, in which code it may go on in.

    Raises as ``Continuation.loads()``.
    """
    try:
        return Continuation.loads(state)
    except (CodeChanged, CodeMissing, WrongInterpreter) as error:
        return coding.load(store, record, state, error)


def step_of(
    request: object, state: AnyState, shielded: bool
) -> tuple[Step, Callable[[], None]]:
    """Return what is to be written, and what to call once the flow has left.

    Raises:
        NotSaveable: the payload or the default cannot be saved.
    """
    if isinstance(request, Checkpoint):
        return Step(status="running", state=state, label=request.label), nothing
    value: bytes | None = None
    moved: Callable[[], None] = nothing
    if isinstance(request, Sleep):
        waiting = Waiting(kind="sleep", until=request.until)
    elif isinstance(request, Receive):
        text, expects = typed.dump_type(request.type)
        waiting = Waiting(
            kind="recv",
            topic=request.topic,
            until=request.until,
            type=text,
            expects=expects,
        )
        value, moved = _default(request.default)
    elif isinstance(request, Join):
        waiting = Waiting(
            kind=request.kind,
            flows=tuple(flow.id for flow in request.flows),
            topics=request.topics,
            until=request.until,
            takes=request.takes,
        )
        value, moved = _default(request.default)
    else:
        value, moved = values.dump_moved(request, "the payload of suspend()")
        waiting = Waiting(kind="suspend", preview=values.preview(request))
    if shielded:
        waiting = replace(waiting, shielded=True)
    return Step(status="waiting", state=state, value=value, waiting=waiting), moved


def _default(value: Any) -> tuple[bytes | None, Callable[[], None]]:
    if value is ABSENT:
        return None, nothing
    return values.dump_moved(value, "the default")


def check_join(request: Join, running: Slice) -> bool:
    """Return whether a flow can leave its stack to wait for these.

    If not, it is one of another store, and is waited for on the stack.

    Raises:
        Deadlock: the flow waits for its own end.
        ValueError: one of several is of another store.
    """
    place = running.store.location
    foreign = [flow for flow in request.flows if flow.store.location != place]
    if any(flow.id == running.id for flow in request.flows if flow not in foreign):
        raise Deadlock(
            f"flow {running.id} waits for its own end",
            hint="a flow, and a flow that runs inside it, cannot wait for it",
        )
    if foreign and request.kind in {"gather", "first"}:
        raise ValueError(f"{foreign[0]!r} is of {foreign[0].store!r}, not of {place}")
    return not foreign


def wait_on_stack(request: Join) -> object:
    """Return what Flow.result() or join() of a flow of another store does."""
    flow = request.flows[0]
    if request.kind == "end":
        return flow.ended_here(request.timeout)
    return flow.wait_here(request.timeout)


def taken(record: FlowRecord, store: Store) -> Message | None:
    """Return the message that select() takes, for which a flow waits, if it does."""
    waiting = record.waiting
    if waiting is None or not waiting.takes or waiting.late:
        return None
    try:
        if any(store.base.get(each).status in ENDED for each in waiting.flows):
            return None
    except FlowNotFound:
        return None  # it was deleted since it ended: that is told
    for topic in waiting.topics:
        for message in store.base.messages(record.id, topic):
            return message
    return None


def given(record: FlowRecord, message: Message | None, store: Store) -> Sent | Thrown:
    """Return what the call gives that a flow stands at, woken by a message or not.

    ``store`` is where it and the flows are that it waits for.
    """
    if message is None:
        return _without_message(record, store)
    return _of_message(record, message)


def _of_message(record: FlowRecord, message: Message) -> Sent | Thrown:
    """Return what the call gives that a flow stands at which a message woke."""
    value, waiting = values.load(message.body), record.waiting
    if message.kind == "throw":
        return Thrown(value)
    if waiting is not None and waiting.takes and message.topic in waiting.topics:
        return Sent((message.topic, value))
    if waiting is None or waiting.kind != "recv" or not waiting.expects:
        return Sent(value)
    wanted = values.load(waiting.expects)
    try:
        return Sent(typed.convert(value, wanted, f"recv({waiting.type})"))
    except BadMessage as error:
        return Thrown(error)


def _without_message(record: FlowRecord, store: Store) -> Sent | Thrown:
    """Return what the call gives that a flow stands at which no message woke."""
    waiting = record.waiting
    if waiting is not None and waiting.kind == "start":
        return Sent()  # not begun yet
    if waiting is None:
        # The same, or saved by checkpoint(), which returns the number.
        return Sent(record.seq or None)
    if waiting.kind in JOINS and not waiting.late:
        try:
            given = _of_flows(record, waiting, store)
        except FlowNotFound as error:
            return Thrown(error)  # it was deleted since it ended
        if given is not None:
            return given
    if not waiting.due:
        raise InternalError(f"flow {record.id} was claimed while it still waits")
    if waiting.kind == "sleep":
        return Sent()
    if waiting.kind == "intent":
        return Thrown(_ambiguous(record.id))
    value = store.base.value(record.id)
    if value is not None:
        return Sent(values.load(value))
    return Thrown(TimeoutError(_too_late(waiting)))


def _of_flows(
    record: FlowRecord, waiting: Waiting, store: Store
) -> Sent | Thrown | None:
    """Return what flows that have ended give to one that waits for them, if they do."""
    if waiting.kind == "first":
        return _first_of(record, waiting, store)
    if waiting.left > 0:
        return None
    if waiting.kind == "end":
        return Sent(True)
    results = []
    for flow_id in waiting.flows:
        error = store.get(flow_id).exception()
        if error is not None:
            return Thrown(error)
        results.append(store.outcome(flow_id))
    return Sent(results if waiting.kind == "gather" else results[0])


def _first_of(
    record: FlowRecord, waiting: Waiting, store: Store
) -> Sent | Thrown | None:
    for flow_id in waiting.flows:
        if store.base.get(flow_id).status in ENDED:
            flow = store.get(flow_id)
            if not waiting.takes:
                return Sent(flow)
            error = flow.exception()
            return Thrown(error) if error else Sent((flow, store.outcome(flow_id)))
    for topic in waiting.topics:
        if any(True for _ in store.base.messages(record.id, topic)):
            return Sent(topic)
    return None


def _too_late(waiting: Waiting) -> str:
    if waiting.kind == "recv":
        topic = f" of topic {waiting.topic!r}" if waiting.topic else ""
        return f"no message{topic} came in time"
    flows = ", ".join(waiting.flows)
    if waiting.kind == "first":
        return f"none of {', '.join((*waiting.flows, *waiting.topics))} came in time"
    return f"{flows} did not end in time"


def _ambiguous(flow_id: str) -> Ambiguous:
    return Ambiguous(
        f"flow {flow_id} was interrupted in once(..., at_most_once=True): the function "
        "may have done its work or not, and is not called again",
        hint="catch Ambiguous and find out, for instance by idempotency_key()",
    )


def nothing() -> None:
    """There is no payload that has moved."""
