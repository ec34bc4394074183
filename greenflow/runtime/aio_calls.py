"""What asyncio programs call: results, messages and new flows without blocking a loop.

What is saved is made into bytes at the call, as it is then; only writing them to the
disk is left to a thread.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar, cast

from greenflow.errors import FlowFailed
from greenflow.runtime import values
from greenflow.runtime.aio_ends import End, end_of, look_at
from greenflow.runtime.ambient import chosen
from greenflow.runtime.deadlocks import refuse_deadlock
from greenflow.runtime.flow import Flow
from greenflow.runtime.stores import default

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from greenflow.runtime.stores import Store

P = ParamSpec("P")
R = TypeVar("R")

#: Raised in a task, these mean something else: that it is cancelled, or the loop's end.
_OF_THE_LOOP: Final = (
    asyncio.CancelledError,
    GeneratorExit,
    KeyboardInterrupt,
    StopIteration,
    SystemExit,
)


async def result(flow: Flow[R], timeout: float | None = None) -> R:
    """Wait until the flow has ended; return its result or raise its exception.

    ``await flow`` is the same without a time limit. The flow is not run here: a
    :class:`Worker` beside the loop, or any other process, has to. The wait ends within
    milliseconds of the flow's end in any process. To cancel the wait does not cancel
    the flow. The result is loaded in the task that waits.

    Args:
        flow: the flow; any number of tasks, loops and threads may wait for it.
        timeout: seconds; None waits without limit.

    Raises:
        TimeoutError: the flow has not ended in time.
        RuntimeError: no event loop is running here.
        ContinuationError: called in a flow that could then never end: see
            :meth:`Flow.result`.
        FlowNotFound: there is no such flow.
        FlowFailed: the flow's exception cannot be loaded in this process, or would
            mean something else to the loop (CancelledError, SystemExit, StopIteration,
            GeneratorExit); then it is the ``__cause__``.
        NotRestorable, BadRecord: this process cannot load the result.
        StoreClosed, StoreError: the store was closed meanwhile, or failed.
        BaseException: what the flow raised, with a note that names the flow.
    """
    refuse_deadlock(flow.store, flow.id)
    record, data = await _end(flow, timeout)
    within = flow.store.within
    if record.status == "done":
        value = None if data is None else within(values.load, data)
        return cast("R", value)
    error = within(values.load_failure, data or b"", flow.id, record.error)
    if isinstance(error, _OF_THE_LOOP):
        raise FlowFailed(
            f"flow {flow.id} ended by {values.error_line(error)}",
            hint="it is the __cause__; raised itself, it would end this task or loop",
        ) from error
    raise error


async def _end(flow: Flow[Any], timeout: float | None) -> End:
    try:
        async with asyncio.timeout(timeout):
            return await end_of(flow.store, flow.id)
    except TimeoutError:
        pass
    # Even if there was no time at all, it is looked at once.
    end = await asyncio.to_thread(look_at, flow.store.base, flow.id)
    if end is None:
        raise TimeoutError(f"flow {flow.id} has not ended after {timeout} s")
    return end


async def send(
    flow: Flow[Any] | str,
    message: object,
    /,
    *,
    topic: str | None = None,
    key: str | None = None,
    at: datetime | None = None,
) -> None:
    """Put a message into a flow's mailbox; on disk when this was awaited.

    As :func:`greenflow.send`, with the same arguments and errors, but the loop goes on
    while it is written. If the wait is cancelled, it may be written all the same.
    """
    store = flow.store if isinstance(flow, Flow) else await default_store()
    await asyncio.to_thread(store.sending(flow, message, topic, key, at))


async def spawn(fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Flow[R]:
    """Make a flow that will call ``fn``; on disk when this was awaited.

    As :func:`greenflow.spawn`, with the same arguments and errors, but the loop goes on
    while it is written. If the wait is cancelled, there may be the flow all the same.
    """
    store = await default_store()
    return await asyncio.to_thread(store.spawning(fn, args, kwargs))


async def default_store() -> Store:
    """Return what :func:`greenflow.runtime.stores.default` does."""
    # One that has to be opened first takes time, too.
    store = chosen()
    return await asyncio.to_thread(default) if store is None else store
