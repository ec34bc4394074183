"""Memory of suspended stacks of ten small frames: ``memory.py COUNT`` prints JSON."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent, greenlet

from bench import core
from bench.system import memory_bytes

if TYPE_CHECKING:
    from collections.abc import Callable


def level(n: int) -> None:
    """Wait at the bottom of so many calls."""
    if n:
        level(n - 1)
    else:
        getcurrent().parent.switch()


def stopped() -> greenlet:
    """Return a greenlet that waits on its own stack."""
    made = greenlet(level)
    made.switch(core.FRAMES - 1)
    return made


def each(make: Callable[[], Any], count: int) -> float:
    """Return how much memory one takes, of so many."""
    kept = [make() for _ in range(10)]
    before = memory_bytes("self", "Rss")
    kept += [make() for _ in range(count)]
    return (memory_bytes("self", "Rss") - before) / count


def main(count: str) -> None:
    """Print the bytes of each."""
    found = {
        "continuation": each(core.start_flow, int(count)),
        "bytes": each(lambda: core.start_flow().dumps(), int(count)),
        "greenlet": each(stopped, int(count)),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
