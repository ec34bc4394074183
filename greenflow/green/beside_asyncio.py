"""Tasklets beside asyncio's tasks, in one thread: each waits for the other."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from greenflow.green import stacks
from greenflow.green.core import LEAVE, Bomb, _green
from greenflow.green.loop import here

if TYPE_CHECKING:
    from collections.abc import Awaitable

T = TypeVar("T")

#: How many switches tasklets make before tasks have their turn.
_STEPS: Final = 100


def await_(awaitable: Awaitable[T]) -> T:
    """Let others run until the awaitable is done; return its result, in a tasklet.

    The tasklet cannot be saved meanwhile: what it waits for is this process's.

    Raises:
        RuntimeError: :func:`host` does not run in this thread, or the main tasklet
            calls it, which is asyncio's own.
        BaseException: what the awaitable raises.
    """
    loop = here()
    me = loop.current
    if loop.wake is None or me.is_main:
        raise RuntimeError("await_() needs a tasklet, and a host() that runs it")
    future = asyncio.ensure_future(awaitable)

    def done(_: object) -> None:
        loop.awaiting -= 1
        if waiting_for:
            waiting_for.clear()
            me.tempval = _outcome(future)
            me._append()
        if loop.wake is not None:
            loop.wake()

    waiting_for: dict[str, Any] = {"future": future}
    loop.awaiting += 1
    future.add_done_callback(done)
    me._unlink()
    try:
        answer = _green.switch()
        while answer is LEAVE:
            answer = stacks.refuse(loop, "it waits for asyncio")
    finally:
        waiting_for.clear()
        future.cancel()  # it was killed meanwhile; nothing is done to one that ended
    result: T = answer
    return result


def _outcome(future: asyncio.Future[Any]) -> Any:
    if future.cancelled():
        return Bomb(asyncio.CancelledError())
    error = future.exception()
    return future.result() if error is None else Bomb(error)


async def host(*, forever: bool = False) -> None:
    """Run this thread's tasklets, and asyncio's tasks between them.

    It returns when no tasklet can run, sleeps or awaits; with ``forever``, when it is
    cancelled. Until then ``run()`` waits for nobody.

    Raises:
        BaseException: what a tasklet raised and did not catch.
    """
    loop, bell = here(), asyncio.Event()
    tasks = asyncio.get_running_loop()
    before, loop.wake = loop.wake, lambda: tasks.call_soon_threadsafe(bell.set)
    loop._waiting = True
    try:
        while True:
            bell.clear()
            loop.fire()
            loop.run(steps=_STEPS)
            if loop.runcount > 1:
                await asyncio.sleep(0)
                continue
            left = loop.seconds_left()
            if left is None and not loop.awaiting and not forever:
                return
            with suppress(TimeoutError, asyncio.TimeoutError):
                await asyncio.wait_for(bell.wait(), left)
    finally:
        loop._waiting = False
        loop.wake = before
