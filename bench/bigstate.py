"""Flows with large values: until a save is durable, until a load goes on.

In turns with each save, as many bytes are written to a new file and synced, and in
turns with each load, as many are read into new memory: the floor of what any way can
do. For dictionaries the floor is what pickle alone takes. A change of a hundredth is of
one piece.

Temporary files go to ``TMPDIR``: set it to a folder on a disk, then to one in memory.
"""

from __future__ import annotations

import os
import pickle
import tempfile
from collections import defaultdict
from statistics import median
from time import perf_counter
from typing import Any

import greenflow

MEGABYTE = 1_000_000
SIZES = (1, 10, 100)
#: Entries of a dictionary of small tuples that take a megabyte of memory.
ENTRIES = 4700
CASES = ("save", "same", "hundredth", "load")

#: Seconds, by what took them. No part of any flow.
TIMES: dict[str, list[float]] = defaultdict(list)
FOLDER = [""]


def made(kind: str, size: int) -> Any:
    """Return a value of about so many megabytes."""
    count = size * MEGABYTE
    if kind == "dict":
        return {at: (at, str(at), at * 2) for at in range(size * ENTRIES)}
    if kind == "numpy":
        import numpy as np

        return np.frombuffer(os.urandom(count), dtype="i8").copy()
    return (bytes if kind == "bytes" else bytearray)(os.urandom(count))


def changed(value: Any, turn: int, *, whole: bool) -> Any:
    """Return a value that differs from another one, in all of it or in a hundredth."""
    size = len(value)
    part = size if whole else max(size // 100, 1)
    at = turn * 7919 % (size - part + 1)
    if isinstance(value, bytes):
        return value[:at] + os.urandom(part) + value[at + part :]
    if isinstance(value, bytearray):
        value[at : at + part] = os.urandom(part)
    elif isinstance(value, dict):
        for key in range(at, at + part):
            value[key] = (key, f"{turn} {key}", turn)
    else:
        value[at : at + part] += turn + 1
    return value


def floors(value: Any) -> None:
    """Measure what a save and a load of a value take at least."""
    if isinstance(value, dict):
        begin = perf_counter()
        data = pickle.dumps(value, 5)
        TIMES["save floor"].append(perf_counter() - begin)
        begin = perf_counter()
        pickle.loads(data)
        TIMES["load floor"].append(perf_counter() - begin)
        return
    path = os.path.join(FOLDER[0], "floor")
    begin = perf_counter()
    with open(path, "wb", buffering=0) as file:
        file.write(value)
        os.fsync(file.fileno())
    TIMES["save floor"].append(perf_counter() - begin)
    begin = perf_counter()
    with open(path, "rb", buffering=0) as file:
        file.readinto(bytearray(memoryview(value).nbytes))
    TIMES["load floor"].append(perf_counter() - begin)
    os.unlink(path)


def saved(name: str) -> None:
    """Save the flow, and note how long that took."""
    begin = perf_counter()
    greenflow.checkpoint()
    TIMES[name].append(perf_counter() - begin)


def flow(value: Any, rounds: int) -> None:
    """Change a value, save it, and be loaded, again and again."""
    for turn in range(rounds):
        value = changed(value, turn, whole=True)
        saved("save")
        floors(value)
        saved("same")
        value = changed(value, turn, whole=False)
        saved("hundredth")
        asked = greenflow.suspend()
        TIMES["load"].append(perf_counter() - asked)


def times_of(kind: str, size: int, rounds: int) -> dict[str, list[float]]:
    """Return the milliseconds that each thing took, of all rounds but the first."""
    TIMES.clear()
    with tempfile.TemporaryDirectory(prefix="greenflow-bench-") as folder:
        FOLDER[0] = folder
        store = greenflow.open(f"{folder}/store")
        running = store.spawn(flow, made(kind, size), rounds + 1)
        store.run()
        for _ in range(rounds + 1):
            running.resume(perf_counter())
            store.run()
        store.close()
    return {name: [each * 1000 for each in took[1:]] for name, took in TIMES.items()}


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Return the whole report, as plain values."""
    kinds = ["bytearray", "bytes", "dict"]
    try:
        import numpy  # noqa: F401
    except ImportError:
        pass
    else:
        kinds.append("numpy")
    sizes, rounds = ((1,), 2) if quick else (SIZES, 9)
    report: dict[str, Any] = {"folder": tempfile.gettempdir(), "milliseconds": {}}
    for kind in kinds:
        for size in sizes:
            took = times_of(kind, size, rounds)
            report["milliseconds"][f"{kind} {size} MB"] = {
                name: {"median": median(all_of), "min": min(all_of), "max": max(all_of)}
                for name, all_of in took.items()
            }
    return report


def render(report: dict[str, Any]) -> str:
    """Return the report as text for people."""
    names = ("save", "save floor", "same", "hundredth", "load", "load floor")
    lines = [f"in {report['folder']}; milliseconds: median [least - most]", ""]
    lines.append(" " * 18 + "".join(f"{name:>24}" for name in names))
    for what, took in report["milliseconds"].items():
        cells = (
            f"{took[name]['median']:.1f} [{took[name]['min']:.1f} - "
            f"{took[name]['max']:.1f}]"
            for name in names
        )
        lines.append(f"{what:<18}" + "".join(f"{cell:>24}" for cell in cells))
    return "\n".join(lines)
