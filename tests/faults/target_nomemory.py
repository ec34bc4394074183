"""Runs in a child: lets each allocation fail, in each stage of a continuation's life.

Prints how many were tried, how they ended, and what they left behind, as JSON.
"""

from __future__ import annotations

import _testcapi
import faulthandler
import gc
import json
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

from greenflow import Continuation, suspend

#: Allocations that fail and make no difference. (If all failed from one on, CPython
#: itself would end the process: it cannot even make its MemoryError.)
UNHARMED_MAX = 200
IN_A_ROW = (1, 3)


class Held:
    def __init__(self, value: Any) -> None:
        self.value = value


def walk(items: list[int]) -> Any:
    for item in items:
        yield suspend(item)


def flow(items: list[int]) -> Any:
    """All its functions are found by name, so that its head is made once, before.

    msgspec 0.22, which makes it, ends the process if its buffer cannot grow.
    """
    kept = {"a": Held(items), "b": [1.5, "text"] * 3}
    try:
        raise KeyError("handled")
    except KeyError:
        return [*walk(items)], kept, max(1, suspend(9))


def plain(depth: int) -> Any:
    return plain(depth - 1) if depth else suspend(depth)


def saved(start: Callable[[], Continuation]) -> bytes:
    return start().dumps()


def stages(start: Callable[[], Continuation]) -> dict[str, Callable[[], Any]]:
    """What prepares each stage; it returns the stage itself."""
    data = saved(start)

    def capture() -> Any:
        return start

    def encode() -> Any:
        return start().dumps

    def decode() -> Any:
        return lambda: Continuation.loads(data)

    def rebuild() -> Any:
        k = Continuation.loads(data)
        return lambda: k.resume(1)

    def go_on() -> Any:
        k = start()
        return lambda: k.resume(1)

    def rest() -> Any:
        k = Continuation.loads(data)
        return lambda: k.rest(lambda frame: None)

    def drop() -> Any:
        box = [Continuation.loads(data)]
        return box.clear

    made = (capture, encode, decode, rebuild, go_on, rest, drop)
    return {each.__name__: each for each in made}


def attempt(prepare: Callable[[], Any], first: int, behind: int) -> str:
    """Let allocations from one number to another fail."""
    stage = prepare()
    result = None
    _testcapi.set_nomemory(first, behind)
    try:
        result = stage()
        end = "success"
    except MemoryError:
        end = "MemoryError"
    except BaseException as error:
        _testcapi.remove_mem_hooks()
        end = f"{type(error).__name__}: {error}"
    finally:
        _testcapi.remove_mem_hooks()
    del stage, result
    return end


def swept(prepare: Callable[[], Any], step: int) -> Counter[str]:
    """Let one allocation after another fail, alone and with those behind it.

    If so many made no difference, the stage makes no more.
    """
    ends, first, unharmed = Counter[str](), 0, 0
    while unharmed < UNHARMED_MAX:
        for behind in IN_A_ROW:
            end = attempt(prepare, first, first + behind)
            unharmed = unharmed + step if end == "success" else 0
            ends[end] += 1
        first += step
    return ends


def growth(prepare: Callable[[], Any], step: int) -> int:
    """Return the least number of blocks that a round of failures left."""
    left = []
    for _ in range(3):
        gc.collect()
        before = sys.getallocatedblocks()
        swept(prepare, step)
        gc.collect()
        left.append(sys.getallocatedblocks() - before)
    return min(left)


STARTS: dict[str, Callable[[], Continuation]] = {
    "a flow": lambda: Continuation.start(flow, [1, 2]),
    "frames": lambda: Continuation.start(plain, 5),
}


def main() -> None:
    faulthandler.enable()
    step, leak_step = int(sys.argv[1]), int(sys.argv[2])
    sys.unraisablehook = lambda told: None
    found = {}
    for name, start in STARTS.items():
        start().dumps()
        for stage, prepare in stages(start).items():
            print(name, stage, file=sys.stderr, flush=True)
            found[f"{name}: {stage}"] = {
                "ends": swept(prepare, step),
                "left": growth(prepare, leak_step),
            }
    print(json.dumps(found))


if __name__ == "__main__":
    from tests.faults import target_nomemory

    target_nomemory.main()
