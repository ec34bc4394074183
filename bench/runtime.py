"""What durable flows cost: steps in a second, latency, idleness, beside raw LMDB.

``python -m bench runtime [--json] [--quick]``, or ``make bench BENCH=runtime``.

A step: a message wakes a flow that waits at depth 10; it is claimed, goes on, runs a
few lines, is saved and waits again. Steps are counted on the disk, where every commit
waits for fsync(), and in memory (/dev/shm), where only processors bound them; of few
flows, which stay on their worker's stacks, and of more than do. The folder for the disk
is that of temporary files: see ``TMPDIR``.

All but the latency are ratios to what is measured in the same run, in turns. What
else the machine does slows both sides: read the ratios first.
"""

from __future__ import annotations

import os
import platform
import tempfile
from typing import Any

from bench import dbos_steps, latency, phases, steps

#: In steps a second, by workers that commit in groups.
GOALS = {"steps": 20_000}
#: Fewer than a worker keeps on their stacks, and more.
FEW, MANY = 200, 1_000
MEMORY = "/dev/shm"
GROUP = steps.GROUP


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Return the whole report, as plain values."""
    disk = tempfile.gettempdir()
    memory = MEMORY if os.path.isdir(MEMORY) else disk
    rounds, few, many = (1, 20, 300) if quick else (5, FEW, MANY)
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "steps": {
            "disk_warm": steps.measure(disk, few, rounds),
            "memory_warm": steps.measure(memory, few, rounds),
            "memory_cold": steps.measure(memory, many, rounds),
        },
        "phases": phases.measure(memory, 3 if quick else 41),
        "latency": {
            "disk": latency.measure(disk, 5 if quick else 200),
            "memory": latency.measure(memory, 5 if quick else 200),
        },
        "idle": latency.idle(memory, 0.2 if quick else 10.0),
        "dbos": dbos_steps.measure(disk, 3 if quick else 20, 5 if quick else 50),
        "goals": GOALS,
    }


def render(report: dict[str, Any]) -> str:
    """Return the report as text for people."""
    lines = [
        f"CPython {report['python']}, {report['processors']} processors; medians",
        "",
        f"steps a second            run()  1 worker  2 workers  LMDB: 1, {GROUP} a txn",
    ]
    for name, row in report["steps"].items():
        lines.append(
            f"{name:12} {row['flows']:>5} flows {row['one_at_a_time']:7,.0f}"
            f" {row['worker_1']:9,.0f} {row['worker_2']:10,.0f}"
            f" {row['raw_1']:13,.0f} {row['raw_group']:,.0f};"
            f" 1 worker: {row['worker_cpu_us']:.0f} us of a processor each"
        )
    lines.append(f"  (goal: {report['goals']['steps']:,} by workers)")
    lines += ["", *_phases(report["phases"]), "", *_latency(report["latency"])]
    idle = report["idle"]
    lines += [
        f"idle worker: {idle['cpu_seconds']:.2f} s of {idle['seconds']:.1f} s",
        "",
        _dbos(report["dbos"]),
    ]
    return "\n".join(lines)


def _phases(found: dict[str, Any]) -> list[str]:
    """Return what a step is made of, in microseconds."""
    lines = ["one step, us:  claim    run  commit  leave  raw put | to recv()'s return"]
    parts = found["parts"]
    for name in ("warm", "cold"):
        row = {key: ns / 1000 for key, ns in found[name].items()}
        lines.append(
            f"  {name:10} {row['claim']:7.1f} {row['run']:6.1f} {row['commit']:7.1f}"
            f" {row['leave']:6.1f} {row['raw']:8.1f} | {row['continue']:.1f},"
            f" {row['continue'] * 1000 / parts['switch']:.0f}x a greenlet switch"
            " there and back"
        )
    lines.append(
        f"  of it: pickle {parts['dump'] / 1000:.1f}, unpickle"
        f" {parts['load'] / 1000:.1f}, switch {parts['switch'] / 1000:.2f}"
    )
    return lines


def _latency(found: dict[str, Any]) -> list[str]:
    return [
        f"message to resumed, {name}: {row['total_us']:,.0f} us"
        f" (p99 {row['total_p99_us']:,.0f}), of it send() {row['send_us']:,.0f};"
        f" from its return {row['delivery_us']:,.0f}"
        f" (p99 {row['delivery_p99_us']:,.0f})"
        for name, row in found.items()
    ]


def _dbos(found: dict[str, Any]) -> str:
    if "skipped" in found:
        return f"DBOS: not measured: {found['skipped']}"
    return (
        f"DBOS on SQLite, disk: {found['messages']:,.0f} steps by messages a second; "
        f"{found['saves']:,.0f} steps in a row a second, against "
        f"{found['greenflow_saves']:,.0f} checkpoints"
    )
