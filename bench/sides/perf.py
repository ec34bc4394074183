"""A pyperf script of what happens in one process. See :mod:`bench.switching`."""

from __future__ import annotations

import asyncio
import importlib.util
import pickle
from typing import TYPE_CHECKING

import pyperf
from greenlet import getcurrent, greenlet

from bench import core
from greenflow import Continuation

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


def call() -> None:
    """Do nothing."""


def generator() -> Callable[[], object]:
    """Return what sends a value to a generator."""

    def echo() -> Generator[object, object, None]:
        while True:
            yield

    made = echo()
    next(made)
    return lambda: made.send(None)


def greenlet_switch() -> Callable[[], object]:
    """Return what switches to a greenlet and back."""
    here = getcurrent()

    def answer() -> None:
        while True:
            here.switch()

    made = greenlet(answer)
    made.switch()
    switch: Callable[[], object] = made.switch
    return switch


def greenlet_spawn() -> None:
    """Make a greenlet, and run it to its end."""
    greenlet(call).switch()


async def asyncio_switch(loops: int) -> float:
    """Let two tasks take turns; return the seconds of so many."""

    async def turns(count: int) -> None:
        for _ in range(count):
            await asyncio.sleep(0)

    begin = pyperf.perf_counter()
    await asyncio.gather(turns(loops // 2 + 1), turns(loops // 2))
    return pyperf.perf_counter() - begin


async def asyncio_spawn(loops: int) -> float:
    """Make a task and await it, so often; return the seconds."""

    async def nothing() -> None:
        pass

    begin = pyperf.perf_counter()
    for _ in range(loops):
        await asyncio.create_task(nothing())
    return pyperf.perf_counter() - begin


def gevent_spawn() -> None:
    """Make a gevent greenlet, and wait for its end."""
    import gevent

    gevent.spawn(call).join()


def flow_bytes() -> Callable[[], object]:
    """Return what resumes a flow of ten frames from bytes, and makes bytes of it."""
    data = core.start_flow().dumps()
    return lambda: Continuation.loads(data).resume().dumps()


def main() -> None:
    """Measure all, as the command line says."""
    runner = pyperf.Runner()
    values = core.same_values()
    data = pickle.dumps(values, protocol=5)
    runner.bench_func("call", call)
    runner.bench_func("generator send", generator())
    runner.bench_func("greenlet switch there and back", greenlet_switch())
    runner.bench_func("greenlet spawn", greenlet_spawn)
    runner.bench_time_func(
        "asyncio switch", lambda loops: asyncio.run(asyncio_switch(loops))
    )
    runner.bench_time_func(
        "asyncio spawn", lambda loops: asyncio.run(asyncio_spawn(loops))
    )
    if importlib.util.find_spec("gevent"):
        import gevent

        runner.bench_func("gevent switch", gevent.sleep, 0)
        runner.bench_func("gevent spawn", gevent_spawn)
    runner.bench_func("pickle of the values of ten frames", pickle.dumps, values, 5)
    runner.bench_func("unpickle of them", pickle.loads, data)
    runner.bench_func("greenflow: bytes, resume, suspend, bytes", flow_bytes())


if __name__ == "__main__":
    main()
