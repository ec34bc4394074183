"""Runs in a child: a flow suspends, is stored, loaded and goes on, again and again.

Usage: target_soak.py FOLDER CYCLES [LEAK]; prints one line of JSON: by how much each
thing that is counted grows in a cycle, and in the run. ``LEAK`` names what is lost on
purpose: the control.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from array import array
from collections.abc import Callable
from pathlib import Path
from statistics import linear_regression
from typing import Any

from greenflow import Continuation, suspend
from greenflow.store import LmdbStore
from greenflow.store.base import FlowRecord, NewFlow, Step, Waiting
from tests.store.helpers import taken

SAMPLES = 40
#: Of the samples, the first are left out: caches fill.
WARM = 8
#: Before anything is counted: caches of the interpreter fill, from 3.12 on for longer.
UNCOUNTED = 3000


def endless(kept: dict[str, Any]) -> Any:
    def walk() -> Any:
        for turn in range(10**9):
            yield suspend(turn)

    try:
        raise KeyError("handled")
    except KeyError:
        for answer in walk():
            kept["last"] = [answer] * 3


def anonymous_bytes() -> int:
    """Memory of this process's own; pages of the store's file are others'."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise LookupError("RssAnon")


def counters(store: LmdbStore) -> dict[str, Callable[[], int]]:
    def readers() -> int:
        return store.environment.using(lambda env: env.readers().count("\n"))

    return {
        "bytes": anonymous_bytes,
        "blocks": sys.getallocatedblocks,
        "objects": lambda: len(gc.get_objects()),
        "files": lambda: len(os.listdir("/proc/self/fd")),
        "readers": readers,
    }


lost: list[Any] = []
LEAKS: dict[str, Callable[[int], object]] = {
    "": lambda turn: None,
    "objects": lambda turn: lost.append([turn]),
    "bytes": lambda turn: lost.append(bytes(4096)),
    "files": lambda turn: turn % 10 or lost.append(os.open("/dev/null", os.O_RDONLY)),
    "blocks": lambda turn: turn % 10 or lost.append(object()),
}


def run(folder: Path, cycles: int, leak: str) -> dict[str, list[int]]:
    store = LmdbStore(folder / "store")
    k = Continuation.start(endless, {})
    record = FlowRecord(
        id="one", status="ready", function="f", created=1.0, updated=1.0
    )
    store.create(NewFlow(record=record, state=k.dumps()))
    del k
    # Numbers that are kept as objects would be counted.
    samples = {name: array("q", bytes(8 * SAMPLES)) for name in counters(store)}
    waits = Waiting(kind="suspend")
    claim = store.claim("one")
    assert claim is not None
    each = cycles // SAMPLES
    for turn in range(-UNCOUNTED, cycles):
        went_on = Continuation.loads(claim.state).resume(turn)
        step = Step(
            status="waiting",
            state=went_on.dumps(),
            waiting=waits,
            consumed=taken(claim.message) if claim.message else (),
        )
        store.commit(claim, step)
        store.answer("one", "value", b"answer")
        claim = store.claim("one")
        assert claim is not None
        LEAKS[leak](turn)
        if turn >= 0 and (turn + 1) % each == 0:
            gc.collect()
            for name, count in counters(store).items():
                samples[name][(turn + 1) // each - 1] = count()
    store.close()
    return {name: list(found) for name, found in samples.items()}


def main() -> None:
    folder, cycles = Path(sys.argv[1]), int(sys.argv[2])
    samples = run(folder, cycles, sys.argv[3] if sys.argv[3:] else "")
    each = cycles // SAMPLES
    slopes = {
        name: linear_regression(range(len(found[WARM:])), found[WARM:]).slope / each
        for name, found in samples.items()
    }
    last = {name: found[-1] - found[WARM] for name, found in samples.items()}
    print(json.dumps({"slopes": slopes, "grown": last}))


if __name__ == "__main__":
    from tests.faults import target_soak

    target_soak.main()
