"""Count references and memory blocks over cycles of save and restore.

Run by a debug interpreter (``make leaks``): only that one counts all references. Each
case runs in batches; a leak is what grows in every measured batch, beyond what an empty
case does. Exits with 1 if a case leaks.
"""

from __future__ import annotations

import contextlib
import gc
import socket
import sys
import tempfile
from typing import TYPE_CHECKING

import greenflow
from greenflow import Continuation, NotSaveable, NotSuspendable, suspend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WARM_BATCHES = 3
MEASURED_BATCHES = 3
CYCLES = 200


def nothing() -> None:
    """Do what every case does around its own work."""


def nested(depth: int = 10) -> object:
    return suspend(depth) if depth == 0 else [nested(depth - 1)]


def numbers() -> Iterator[int]:
    try:
        for number in range(3):
            yield number + (suspend(number) or 0)
    finally:
        suspend("last")


def tangled() -> list[object]:
    shared: list[object] = []

    def add(value: object) -> None:
        shared.append(value)

    with contextlib.suppress(KeyError):
        for number in numbers():
            try:
                raise KeyError(number)
            except KeyError as error:
                add(suspend(error))
                if number == 2:
                    raise
    return shared


def unsaveable() -> None:
    with socket.socket() as connection:
        suspend(connection)


def refused() -> None:
    with contextlib.suppress(NotSuspendable):
        sorted([2, 1], key=suspend_key)


def suspend_key(value: int) -> int:
    suspend()
    return value


def in_memory(function: Callable[[], object]) -> None:
    k = Continuation.start(function)
    while not k.done:
        k.resume()


def by_bytes(function: Callable[[], object]) -> None:
    k = Continuation.start(function)
    while not k.done:
        with contextlib.suppress(NotSaveable):
            k = Continuation.loads(k.dumps())
        k.resume()


def dropped(function: Callable[[], object]) -> None:
    Continuation.start(function)


def stored() -> None:
    flow = greenflow.spawn(waits)
    greenflow.run()
    greenflow.send(flow, 7)
    assert flow.result() == 7


def waits() -> object:
    greenflow.checkpoint()
    return greenflow.recv()


CASES: dict[str, Callable[[], object]] = {
    "nothing": nothing,
    "frames in memory": lambda: in_memory(nested),
    "frames as bytes": lambda: by_bytes(nested),
    "generators, closures, handlers in memory": lambda: in_memory(tangled),
    "generators, closures, handlers as bytes": lambda: by_bytes(tangled),
    "dropped while suspended": lambda: dropped(tangled),
    "a value that cannot be saved": lambda: by_bytes(unsaveable),
    "a C call that cannot be entered again": lambda: in_memory(refused),
    "a flow in a store": stored,
}


def measure(case: Callable[[], object]) -> list[tuple[int, int]]:
    """Return what each measured batch added: (references, blocks)."""
    grown = []
    for batch in range(WARM_BATCHES + MEASURED_BATCHES):
        before = count()
        for _ in range(CYCLES):
            case()
        after = count()
        if batch >= WARM_BATCHES:
            grown.append((after[0] - before[0], after[1] - before[1]))
    return grown


def count() -> tuple[int, int]:
    for _ in range(3):
        gc.collect()
    references = getattr(sys, "gettotalrefcount", lambda: 0)()
    return references, sys.getallocatedblocks()


def main() -> int:
    """Measure every case and print a line for each."""
    if not hasattr(sys, "gettotalrefcount"):
        print("no debug interpreter: only blocks are counted")
    floor = [0, 0]
    leaks = 0
    for name, case in CASES.items():
        grown = measure(case)
        least = [min(batch[index] for batch in grown) for index in (0, 1)]
        if case is nothing:
            floor = [max(0, *(batch[index] for batch in grown)) for index in (0, 1)]
        leaking = any(least[index] > floor[index] for index in (0, 1))
        leaks += leaking
        text = " ".join(f"({refs:+d}, {blocks:+d})" for refs, blocks in grown)
        print(f"{'LEAK' if leaking else 'fine'}  {name}: {text}", flush=True)
    return min(leaks, 1)


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory() as folder,
        greenflow.open(f"{folder}/store"),
    ):
        sys.exit(main())
