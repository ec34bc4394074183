"""The functions of the module ``greenflow``: those of a Store, on the default store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from greenflow.continuation.tags import public
from greenflow.runtime.hosting import running_slice
from greenflow.runtime.stores import default

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from greenflow.runtime.flow import Flow
    from greenflow.store.base import Status

P = ParamSpec("P")
R = TypeVar("R")


@public
def spawn(fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Flow[R]:
    """Make a flow that will call ``fn(*args, **kwargs)``; it does not run yet.

    The flow is on disk when this returns, and runs when somebody, in this process or
    any other, calls :func:`run` (or waits for a result). The arguments are saved as
    they are now. In a flow of the same store it is written when that flow is saved
    next, in the same transaction: neither of both is there without the other. See
    :func:`options` for more.

    Raises:
        TypeError: ``fn`` cannot be called with these arguments, or is async.
        NotSaveable: ``fn`` or an argument cannot be saved; the error names it.
        TooLarge: the arguments are above the limit.
    """
    return default().spawn(fn, *args, **kwargs)


@public
def schedule(
    cron: str, fn: Callable[P, Any], /, *args: P.args, **kwargs: P.kwargs
) -> Flow[None]:
    """Make a flow that calls ``fn(*args, **kwargs)`` whenever it is time to.

        greenflow.options(id="nightly", if_exists="return").schedule(
            "CRON_TZ=Europe/Berlin 30 2 * * *", report)

    The schedule is a flow, which sleeps in between: cancel() ends it, hold() pauses it.
    Each flow that it makes is named for it and its time, and made once. If no process
    ran when it was time, it is made later, once for all times that passed.

    Args:
        cron: minute, hour, day of the month, month, weekday, as cron(5) has them; in
            UTC, unless it begins with ``CRON_TZ=`` and the name of a time zone.
        fn: as for :func:`spawn`.

    Raises:
        ValueError: ``cron`` cannot be read, or never comes.
        Others: as by :func:`spawn`.
    """
    from greenflow.runtime.making import Options

    return Options().schedule(cron, fn, *args, **kwargs)


@public
def get(flow_id: str, /) -> Flow[Any]:
    """Return the flow of that id. Raises FlowNotFound (a LookupError)."""
    return default().get(flow_id)


@public
def flows(
    *,
    status: Status | Iterable[Status] | None = None,
    fn: Callable[..., object] | str | None = None,
    tag: str | None = None,
    queue: str | None = None,
    after: Flow[Any] | str | None = None,
    limit: int | None = None,
) -> Iterator[Flow[Any]]:
    """Yield the flows of the store, oldest first.

    Args:
        status: only those of this status, or of one of these.
        fn: only those of this function, or of this ``module:qualname``.
        tag: only those with this tag.
        queue: only those of this queue; "" is the one without a name.
        after: only those behind this one: the next page.
        limit: at most so many.

    Raises:
        ValueError: no such status, or a limit below 1.
        FlowNotFound: ``after`` is not there (any more).
    """
    return default().flows(
        status=status, fn=fn, tag=tag, queue=queue, after=after, limit=limit
    )


@public
def send(
    flow: Flow[Any] | str,
    message: object,
    /,
    *,
    topic: str | None = None,
    key: str | None = None,
    at: datetime | None = None,
) -> None:
    """Put a message into a flow's mailbox, for :func:`recv` of the same topic.

    Outside of flows it is on disk when this returns. In a flow it goes out when the
    flow is saved next, in the same transaction, or when it ends: once, also if the
    process dies in between. (To a flow of another store it is sent at once.)

    Args:
        flow: a handle, or an id in the default store.
        message: any value that can be saved; a copy, as it is now.
        topic: the receiver waits for messages of one topic.
        key: a second message of that flow, topic and key is dropped.
        at: deliver it not before that time, which has a time zone.

    Raises:
        FlowNotFound: there is no such flow.
        FlowBusy: the flow has ended.
        MailboxFull: as many messages wait for the flow as may (outside of flows: a flow
            that sends waits, when it is saved, until there is room).
        BadMessage: the flow waits for a message of another type.
        NotSaveable: a part of the message cannot be saved.
        TooLarge: the message is above ``MESSAGE_BYTES_MAX``.
    """
    from greenflow.runtime.flow import Flow

    store = flow.store if isinstance(flow, Flow) else default()
    store.send(flow, message, topic=topic, key=key, at=at)


@public
def limit_queue(
    queue: str,
    /,
    *,
    concurrency: int | None = None,
    rate: tuple[int, float] | None = None,
) -> None:
    """Set how much of a queue's flows may run; without limits, forget them.

    Args:
        queue: "" is the one without a name.
        concurrency: how many of its flows may run at the same time, in all processes.
        rate: (count, seconds): how many slices of its flows may begin in that time.

    Raises:
        ValueError: no flow could run under these limits.
    """
    default().limit_queue(queue, concurrency=concurrency, rate=rate)


@public
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


@public
def current() -> Flow[Any]:
    """Return the flow this is called in. Raises NotInFlow."""
    running = running_slice("current()")
    from greenflow.runtime.flow import Flow

    return Flow(running.store, running.id)


@public
def idempotency_key() -> str:
    """Return a key for a request to others that is the same if it is made again.

    The calls between two saves give different keys, and the same ones if the process
    dies and another repeats them. Raises NotInFlow.
    """
    return running_slice("idempotency_key()").idempotency_key()
