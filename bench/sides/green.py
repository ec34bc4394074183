"""What each kind of green thread does, for :mod:`bench.switch`.

``green.py times ROUNDS COUNT`` prints nanoseconds, the sides in turns;
``green.py parked SIDE COUNT`` parks so many in this process, and prints bytes for each.
"""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import json
import sys
from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Final

from greenlet import getcurrent, greenlet

from greenflow import green

if TYPE_CHECKING:
    from collections.abc import Callable

    Times = dict[str, dict[str, list[float]]]

_PAGE: Final = 4096
_HAS_GEVENT: Final = importlib.util.find_spec("gevent") is not None


def nothing() -> None:
    """Do nothing."""


# --- switch: two that take turns, per switch ---


def greenlet_switch(count: int) -> None:
    """Let two greenlets switch to each other."""
    pair: list[Any] = []

    def turns(other: int) -> None:
        switch = pair[other].switch
        for _ in range(count // 2):
            switch()

    pair += [greenlet(lambda: turns(1)), greenlet(lambda: turns(0))]
    pair[0].switch()


def greenflow_switch(count: int) -> None:
    """Let two tasklets take turns."""

    def turns() -> None:
        schedule = green.schedule
        for _ in range(count // 2):
            schedule()

    green.spawn(turns)
    green.spawn(turns)
    green.run()


def gevent_switch(count: int) -> None:
    """Let two of gevent's take turns."""
    import gevent

    def turns() -> None:
        for _ in range(count // 2):
            gevent.sleep(0)

    gevent.joinall([gevent.spawn(turns), gevent.spawn(turns)])


def asyncio_switch(count: int) -> None:
    """Let two tasks take turns."""

    async def turns() -> None:
        for _ in range(count // 2):
            await asyncio.sleep(0)

    async def both() -> None:
        await asyncio.gather(turns(), turns())

    asyncio.run(both())


# --- spawn: make one and run it to its end ---


def greenlet_spawn(count: int) -> None:
    """Make greenlets that end at once."""
    for _ in range(count):
        greenlet(nothing).switch()


def greenflow_spawn(count: int) -> None:
    """Make tasklets that end at once."""
    for _ in range(count):
        green.spawn(nothing).run()


def gevent_spawn(count: int) -> None:
    """Make gevent's that end at once."""
    import gevent

    for _ in range(count):
        gevent.spawn(nothing).join()


def asyncio_spawn(count: int) -> None:
    """Make tasks that end at once."""

    async def none() -> None:
        pass

    async def all_of_them() -> None:
        for _ in range(count):
            await asyncio.create_task(none())

    asyncio.run(all_of_them())


# --- ping-pong: a value there and one back, by two channels ---


def greenlet_pingpong(count: int) -> None:
    """Hand values over by the switches themselves."""
    here = getcurrent()

    def answers() -> None:
        value = here.switch()
        while True:
            value = here.switch(value)

    other = greenlet(answers)
    other.switch()
    for number in range(count):
        other.switch(number)


def greenflow_pingpong(count: int) -> None:
    """Use two channels."""
    there, back = green.Channel(), green.Channel()

    def answers() -> None:
        for _ in range(count):
            back.send(there.receive())

    def asks() -> None:
        for number in range(count):
            there.send(number)
            back.receive()

    green.spawn(answers)
    green.spawn(asks)
    green.run()


def gevent_pingpong(count: int) -> None:
    """Use two of gevent's queues that keep nothing."""
    import gevent
    from gevent.queue import Channel

    there, back = Channel(), Channel()

    def answers() -> None:
        for _ in range(count):
            back.put(there.get())

    def asks() -> None:
        for number in range(count):
            there.put(number)
            back.get()

    gevent.joinall([gevent.spawn(answers), gevent.spawn(asks)])


def asyncio_pingpong(count: int) -> None:
    """Use two queues: asyncio has no channel that keeps nothing."""

    async def both() -> None:
        there: asyncio.Queue[int] = asyncio.Queue(1)
        back: asyncio.Queue[int] = asyncio.Queue(1)

        async def answers() -> None:
            for _ in range(count):
                await back.put(await there.get())

        async def asks() -> None:
            for number in range(count):
                await there.put(number)
                await back.get()

        await asyncio.gather(answers(), asks())

    asyncio.run(both())


MEASURES: Final = ("switch", "spawn", "pingpong")
SIDES: Final = (
    "greenlet",
    "greenflow",
    "asyncio",
    *(("gevent",) if _HAS_GEVENT else ()),
)


def times(rounds: int, count: int) -> Times:
    """Return nanoseconds of one, for each measure and side, in alternating rounds."""
    calls: dict[tuple[str, str], Callable[[int], None]] = {
        (measure, side): globals()[f"{side}_{measure}"]
        for measure in MEASURES
        for side in SIDES
    }
    found: Times = {measure: {side: [] for side in SIDES} for measure in MEASURES}
    for call in calls.values():
        call(100)
    gc.disable()
    for _ in range(rounds):
        for (measure, side), call in calls.items():
            begin = perf_counter_ns()
            call(count)
            found[measure][side].append((perf_counter_ns() - begin) / count)
    return found


# --- parked: how much memory each takes ---


def resident() -> int:
    """Return how many bytes of memory this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def park(side: str, count: int) -> float:
    """Park so many, each in a call of a function; return bytes for each."""
    before, kept = resident(), []
    if side == "asyncio":
        return asyncio.run(_park_tasks(count))
    if side == "greenlet":
        here = getcurrent()

        def waits() -> None:
            here.switch()

        for _ in range(count):
            made = greenlet(waits)
            made.switch()
            kept.append(made)
    elif side == "gevent":
        import gevent
        from gevent.event import Event

        event = Event()
        kept += [gevent.spawn(event.wait) for _ in range(count)]
        gevent.sleep(0)
    else:
        channel = green.Channel()

        def receives() -> None:
            channel.receive()

        for _ in range(count):
            green.spawn(receives)
        green.run()
        if side == "greenflow, off its stack":
            assert all(each.restorable for each in channel.waiting)
        assert channel.balance == -count
    return (resident() - before) / count


async def _park_tasks(count: int) -> float:
    before, event = resident(), asyncio.Event()

    async def waits() -> None:
        await event.wait()

    tasks = [asyncio.create_task(waits()) for _ in range(count)]
    await asyncio.sleep(0)
    used = resident() - before
    for each in tasks:
        each.cancel()
    return used / count


if __name__ == "__main__":
    what, first, second = sys.argv[1:]
    numbers = times(int(first), int(second)) if what == "times" else None
    print(json.dumps(park(first, int(second)) if numbers is None else numbers))
