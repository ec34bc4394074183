"""How long saves and resumes take, by depth and size of a flow: greenflow and CRIU.

``python -m bench sizes [--quick] [--rounds N] [--huge]``. One program text
(:mod:`bench.program`) is saved three times, new, unchanged and with one hundredth of
its data changed, and goes on each time. Its answer is checked in every repetition.

- a save ends when it is on disk: LMDB's commit with fsync(), or CRIU's dump and one
  syncfs() of its images;
- a save of what stays is ``checkpoint()`` until it returns, or CRIU's dump of a process
  that it leaves running, and the same syncfs();
- a resume ends with the program's next instruction. What tells it to go on is part of
  it where greenflow goes on in a process that runs (it is on disk by then), and was
  done before where a process starts.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from bench import machine
from bench.criu import calls, naive
from bench.criu.probe import NotUsable, find, probe
from bench.criu.repetition import KEEPS, RESUMES, SAVES, repetition
from bench.measure import spread
from bench.sides import processes
from bench.turns import say, take_turns
from bench.workloads import Workload

if TYPE_CHECKING:
    from bench.turns import Side

DEPTHS: Final = (1, 10, 100, 1_000, 10_000)
KINDS: Final = ("bytearray", "dict", "numpy")
MEGABYTES: Final = (1, 10, 100)
HUGE_MEGABYTES: Final = 1_000
#: Repetitions by the size of the data; for a table that others will read, take 20.
_ROUNDS: Final = {0: 5, 1: 5, 10: 5, 100: 3, HUGE_MEGABYTES: 2}


def workloads(*, quick: bool, huge: bool) -> list[Workload]:
    """Return all that is measured; a taste of it if it must be quick."""
    if quick:
        return [Workload(), Workload(kind="bytearray", megabytes=1)]
    sizes = (*MEGABYTES, HUGE_MEGABYTES) if huge else MEGABYTES
    return [
        *(Workload(depth=depth) for depth in DEPTHS),
        Workload(kind="numpy"),
        *(Workload(kind=kind, megabytes=size) for kind in KINDS for size in sizes),
        Workload(in_memory=True),
        Workload(kind="bytearray", megabytes=10, in_memory=True),
    ]


def measure(
    *, quick: bool = False, rounds: int | None = None, huge: bool = False
) -> dict[str, Any]:
    """Return the whole report, as plain values."""
    begin = time.monotonic()
    with ExitStack() as stack:
        usable, sides = _sides(stack)
        facts = machine.facts()
        rows = []
        for workload in workloads(quick=quick, huge=huge):
            count = rounds or (1 if quick else _ROUNDS[int(workload.megabytes)])
            say(f"{workload.name}: {count} rounds of {len(sides)} sides")
            rows.append(_row(workload, sides, count))
        return {
            **facts,
            "criu": usable,
            "rows": rows,
            "load_at_end": machine.load(),
            "seconds": round(time.monotonic() - begin),
        }


def _sides(stack: ExitStack) -> tuple[dict[str, str], dict[str, Side]]:
    """Return what is known of CRIU, and all sides that can be measured here."""
    sides: dict[str, Side] = {
        "start": processes.start,
        "floor": processes.floor,
        "stay": processes.stay,
        "cold": processes.cold,
        "worker": processes.worker,
    }
    try:
        program = find()
        version = probe(program)
    except NotUsable as error:
        say(f"CRIU is skipped: {error}")
        return {"skipped": str(error)}, sides
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="greenflow-bench-"))
    service = stack.enter_context(calls.service(program, folder))
    sides["criu"] = partial(repetition, criu=service)
    sides["criu_lazy"] = partial(repetition, criu=calls.Lazily(program, service))
    sides["criu_naive"] = partial(naive.measure, program=program)
    return {"version": version}, sides


def _row(workload: Workload, sides: dict[str, Side], rounds: int) -> dict[str, Any]:
    if workload.in_memory:
        # Nothing waits for a disk there: what is left are the saves themselves.
        sides = {
            name: side
            for name, side in sides.items()
            if name in ("floor", "stay", "criu")
        }
    return {
        "name": workload.name,
        "depth": workload.depth,
        "kind": workload.kind,
        "megabytes": workload.megabytes,
        "in_memory": workload.in_memory,
        "sides": take_turns(workload, sides, rounds),
    }


def render(report: dict[str, Any]) -> str:
    """Return the report as text for people; medians in ms."""
    criu = report["criu"].get("version") or f"skipped: {report['criu']['skipped']}"
    lines = [
        f"CPython {report['python']}, kernel {report['kernel']}, CRIU {criu}",
        f"fsync {report['fsync_ms']} ms, load {report['load'][0]}; medians in ms",
    ]
    for row in report["rows"]:
        lines += ["", row["name"]]
        for name, side in row["sides"].items():
            lines.append(f"  {name:11} {_cells(side['samples'])}")
            lines += [f"    failed: {why}" for why in side["failed"]]
    return "\n".join(lines)


def _cells(samples: dict[str, list[float]]) -> str:
    shown = (*SAVES, *RESUMES, *KEEPS[1:], "resume_cli", "answer", "bare", "imports")
    return "  ".join(
        f"{name} {spread(samples[name])['median']:.1f}"
        for name in shown
        if name in samples
    )
