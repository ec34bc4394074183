"""Flows in asyncio programs: nothing here blocks the event loop.

    async def handler(number):
        flow = await greenflow.aio.spawn(order, number)   # on disk
        await flow.asend("in a hurry", topic="notes")
        return await flow                                 # its result, or its exception

    async def main():
        async with greenflow.aio.Worker():                # runs flows beside the loop
            await handler(7)

``await flow`` works wherever asyncio takes an awaitable (``wait_for``, ``gather``);
where it takes a coroutine (``TaskGroup.create_task``), give it :func:`result`. It waits
for flows that any process runs, and runs none itself.

In a flow, ``asyncio.run(...)`` is a call like others, and goes well with
:func:`greenflow.once`. But a running event loop cannot be saved: suspend before or
after it, not in its coroutines.
"""

from __future__ import annotations

from greenflow.runtime.aio_calls import result, send, spawn
from greenflow.runtime.aio_worker import Worker

__all__ = ["Worker", "result", "send", "spawn"]
