"""The functions of the module ``greenflow``: those of a Store, on the default store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from greenflow.errors import NotInFlow
from greenflow.runtime.flow import Flow
from greenflow.runtime.hosting import current_slice
from greenflow.runtime.stores import default

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from greenflow.store.base import Status

P = ParamSpec("P")
R = TypeVar("R")


def spawn(fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Flow[R]:
    """Make a flow that will call ``fn(*args, **kwargs)``; it does not run yet.

    The flow is on disk when this returns, and runs when somebody, in this process or
    any other, calls :func:`run` (or waits for a result). The arguments are saved as
    they are now. In a flow, too, it is written at once, by itself: if the process
    dies before the calling flow is saved next, that flow spawns once more.

    Raises:
        TypeError: ``fn`` cannot be called with these arguments, or is async.
        NotSaveable: ``fn`` or an argument cannot be saved; the error names it.
        TooLarge: the arguments are above the limit.
    """
    return default().spawn(fn, *args, **kwargs)


def get(flow_id: str, /) -> Flow[Any]:
    """Return the flow of that id. Raises FlowNotFound (a LookupError)."""
    return default().get(flow_id)


def flows(
    *,
    status: Status | Iterable[Status] | None = None,
    fn: Callable[..., object] | str | None = None,
    limit: int | None = None,
) -> Iterator[Flow[Any]]:
    """Yield the flows of the store, oldest first.

    Args:
        status: only those of this status, or of one of these.
        fn: only those of this function, or of this ``module:qualname``.
        limit: at most so many.

    Raises:
        ValueError: no such status, or a limit below 1.
    """
    return default().flows(status=status, fn=fn, limit=limit)


def send(
    flow: Flow[Any] | str, message: object, /, *, topic: str | None = None
) -> None:
    """Put a message into a flow's mailbox, for :func:`recv` of the same topic.

    Outside of flows it is on disk when this returns. In a flow it goes out when the
    flow is saved next, in the same transaction, or when it ends: once, also if the
    process dies in between. (To a flow of another store it is sent at once.)

    Args:
        flow: a handle, or an id in the default store.
        message: any value that can be saved; a copy, as it is now.
        topic: the receiver waits for messages of one topic.

    Raises:
        FlowNotFound: there is no such flow.
        FlowBusy: the flow has ended, or its mailbox is full.
        NotSaveable: a part of the message cannot be saved.
        TooLarge: the message is above ``MESSAGE_BYTES_MAX``.
    """
    store = flow.store if isinstance(flow, Flow) else default()
    store.send(flow, message, topic=topic)


def run() -> int:
    """Run every flow of the store that can run, one after another, until none can.

    Also those that other processes spawned, or were running when they died. A flow
    runs until it waits or ends; one that raises has failed, and the others run on.
    Several threads and processes may do this at once: each flow is run by one.

    Returns:
        How many times a flow was run until it left or ended.

    Raises:
        NotRestorable, BadRecord: this process cannot go on with a flow (its code
            changed, its module is not here, ...). The flow is left as it was, for a
            process that can; all others were run before this is raised.
        ExceptionGroup: the same, of several flows.
        KeyboardInterrupt: the flow that ran is ready again, as it was last saved.
    """
    return default().run()


def current() -> Flow[Any]:
    """Return the flow this is called in. Raises NotInFlow."""
    running = current_slice()
    if running is None:
        raise NotInFlow(
            "current() was called outside of a flow",
            hint="call it in a function that greenflow.spawn() runs",
        )
    return Flow(running.store, running.id)


def idempotency_key() -> str:
    """Return a key for a request to others that is the same if it is made again.

    The calls between two saves give different keys, and the same ones if the process
    dies and another repeats them. Raises NotInFlow.
    """
    running = current_slice()
    if running is None:
        raise NotInFlow(
            "idempotency_key() was called outside of a flow",
            hint="call it in a function that greenflow.spawn() runs",
        )
    return running.idempotency_key()
