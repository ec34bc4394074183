"""The flows that the runtime's benchmark runs, in processes of their own."""

from __future__ import annotations

import os
import struct
import time
from typing import TYPE_CHECKING, Final

import greenflow

if TYPE_CHECKING:
    from pathlib import Path

#: Frames of every flow that is measured.
DEPTH: Final = 10
#: Names the file in which flows in other processes write when they went on.
STAMPS_VARIABLE: Final = "GREENFLOW_BENCH_STAMPS"
_AT_ONCE: Final = 500
STAMP: Final = struct.Struct("<q")
#: When the flow went on, by perf_counter_ns(); a global, which is no part of a flow.
WENT_ON: Final = [0]


def steps(n: int, name: str, items: list[int]) -> int:
    """Add up numbers that come as messages, at the bottom of ten small frames."""
    pair = (n, name)
    table = {"n": n, "total": n * 7}
    if n:
        below = steps(n - 1, f"level {n}", [n, n + 1, n + 2])
        return below + len(items) + pair[0] + table["n"]
    total = 0
    while (number := greenflow.recv()) is not None:
        total += number
        items[0] = total
    return total


def timed(n: int, name: str, items: list[int]) -> int:
    """As :func:`steps`; it notes when it went on, for who measures in this process."""
    pair = (n, name)
    table = {"n": n, "total": n * 7}
    if n:
        below = timed(n - 1, f"level {n}", [n, n + 1, n + 2])
        return below + len(items) + pair[0] + table["n"]
    while True:
        greenflow.recv()
        WENT_ON[0] = time.perf_counter_ns()


def stamped(n: int, name: str, items: list[int]) -> int:
    """As :func:`steps`; it writes when it went on, for who measures elsewhere."""
    pair = (n, name)
    table = {"n": n, "total": n * 7}
    if n:
        below = stamped(n - 1, f"level {n}", [n, n + 1, n + 2])
        return below + len(items) + pair[0] + table["n"]
    while greenflow.recv() is not None:
        stamp(time.time_ns())
    return 0


def saves(count: int) -> int:
    """Save so often, one after another."""
    for _ in range(count):
        greenflow.checkpoint()
    return count


def crowd(count: int) -> None:
    """Spawn so many flows of :func:`steps`, many in one commit."""
    for begin in range(0, count, _AT_ONCE):
        for _ in range(min(_AT_ONCE, count - begin)):
            greenflow.spawn(steps, DEPTH - 1, "top", [0])
        greenflow.checkpoint()


def stamp(now: int) -> None:
    """Append a time to the file of stamps."""
    file = os.open(os.environ[STAMPS_VARIABLE], os.O_WRONLY | os.O_APPEND)
    try:
        os.write(file, STAMP.pack(now))
    finally:
        os.close(file)


def stamps(path: Path) -> list[int]:
    """Return what :func:`stamp` wrote."""
    return [found for (found,) in STAMP.iter_unpack(path.read_bytes())]
