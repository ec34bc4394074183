"""Thousands that wait: bytes of each, how many go into a GB, how fast they go on.

``python -m bench many [--quick]``. Flows of ten small frames wait in a store, with no
process at all; beside them processes that run the same depth and wait, as CRIU saves
them: those are a few, and what is told is for one of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench import flows, machine, program
from bench.criu import calls
from bench.criu.probe import NotUsable, find, probe
from bench.criu.repetition import end, gone, started
from bench.system import (
    apparent_bytes,
    disk_bytes,
    file_system,
    memory_bytes,
    sync_folder,
)
from bench.turns import say
from bench.waves import Population, folder_on, opened, workers
from bench.workloads import (
    Run,
    Workload,
    WrongAnswer,
    clean_python,
    environment,
    new_run,
    until,
)

if TYPE_CHECKING:
    import greenflow

COUNTS: Final = (1_000, 10_000)
QUICK_COUNTS: Final = (50,)
PROCESSES: Final = 30
QUICK_PROCESSES: Final = 3
_GB: Final = 1_000_000_000


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Return the whole report, as plain values."""
    begin, facts = time.monotonic(), machine.facts()
    rows = []
    for count in QUICK_COUNTS if quick else COUNTS:
        say(f"{count:,} flows")
        rows.append({"name": f"{count:,} flows", **_flows(count)})
    say("processes")
    processes = _processes(QUICK_PROCESSES if quick else PROCESSES)
    return {
        **facts,
        # CRIU's probe may have put it into memory meanwhile.
        "run_file_system": file_system("/run"),
        "rows": rows,
        "processes": processes,
        "memory": _in_memory(100 if quick else 5_000),
        "load_at_end": machine.load(),
        "seconds": round(time.monotonic() - begin),
    }


def _flows(count: int) -> dict[str, float]:
    """Return what so many flows take, on a disk."""
    with folder_on(tempfile.gettempdir()) as folder, opened(folder) as store:
        place = f"{folder}/store"
        empty = disk_bytes(place)
        with workers(store, 1):
            begin = time.perf_counter()
            crowd = Crowd(store, count)
            made = time.perf_counter() - begin
            taken = disk_bytes(place) - empty
            # The worker has started, and knows the code of these flows.
            crowd.wake()
            begin = time.perf_counter()
            crowd.wait()
            by_worker = time.perf_counter() - begin
        return {
            "count": count,
            "state_bytes": crowd.state_bytes(),
            "disk_bytes": taken / count,
            "per_gb_disk": _GB * count / taken,
            "made_per_second": count / made,
            "steps_per_second": count / by_worker,
        }


class Crowd(Population):
    """Flows that another flow spawns, many in one commit; a worker runs them."""

    def __init__(self, store: greenflow.Store, count: int) -> None:
        super().__init__(store, flows.steps, 0)
        crowd: greenflow.Flow[None] = store.spawn(flows.crowd, count)
        until(crowd.done, "the flow that spawns all others")
        self.flows = crowd.children
        self.wait()


def _processes(count: int) -> dict[str, Any]:
    """Return the same of processes: one after another, all durable by one sync."""
    with ExitStack() as stack:
        try:
            path = find()
            version = probe(path)
        except NotUsable as error:
            return {"skipped": str(error)}
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="greenflow-bench-")
        )
        criu = stack.enter_context(calls.service(path, folder))
        runs = [stack.enter_context(new_run(Workload())) for _ in range(count)]
        try:
            return {"version": version, "count": count, **_together(runs, folder, criu)}
        except (calls.CriuError, WrongAnswer, TimeoutError) as error:
            return {"skipped": f"{type(error).__name__}: {error}"}


def _together(runs: list[Run], folder: str, criu: calls.Criu) -> dict[str, float]:
    pids = [started(run) for run in runs]
    try:
        return _one_after_another(runs, pids, folder, criu)
    finally:
        for pid in pids:
            end(pid)


def _one_after_another(
    runs: list[Run], pids: list[int], folder: str, criu: calls.Criu
) -> dict[str, float]:
    memory = sum(memory_bytes(pid, "Pss") for pid in pids) / len(pids)
    images = [f"{run.folder}/images" for run in runs]
    for each in images:
        os.mkdir(each)
    sync_folder(folder)
    begin = time.perf_counter()
    for pid, place in zip(pids, images, strict=True):
        criu.dump(pid, place)
    sync_folder(folder)
    saved = time.perf_counter() - begin
    for pid, run in zip(pids, runs, strict=True):
        gone(pid)
        run.page.next_epoch()
    begin = time.perf_counter()
    for place, run in zip(images, runs, strict=True):
        criu.restore(place)
        run.await_stamps(2)
    restored = time.perf_counter() - begin
    for pid, run in zip(pids, runs, strict=True):
        _finish(run)
        gone(pid)
    taken = sum(map(disk_bytes, images)) / len(images)
    return {
        "image_bytes": sum(map(apparent_bytes, images)) / len(images),
        "disk_bytes": taken,
        "per_gb_disk": _GB / taken,
        "memory_bytes": memory,
        "per_gb_memory": _GB / memory,
        "saves_per_second": len(runs) / saved,
        "resumes_per_second": len(runs) / restored,
    }


def _finish(run: Run) -> None:
    """Let a restored program come to its answer, which is checked."""
    for turn in range(1, program.TURNS + program.KEEPS):
        run.await_stamps(2 * turn + 1)
        run.page.next_epoch()
    run.await_answer()


def _in_memory(count: int) -> dict[str, float]:
    """Return the bytes of memory of one suspended stack, if it must be in memory."""
    script = Path(__file__).parent / "sides" / "memory.py"
    done = subprocess.run(
        [clean_python(), str(script), str(count)],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return {
        **found,
        **{f"{name}_per_gb": _GB / size for name, size in found.items()},
    }


def render(report: dict[str, Any]) -> str:
    """Return the report as text for people."""
    lines = [
        f"{row['name']}: {row['disk_bytes']:,.0f} bytes of disk each,"
        f" {row['per_gb_disk']:,.0f} in a GB; made {row['made_per_second']:,.0f}"
        f" a second; go on and are saved again: {row['steps_per_second']:,.0f}"
        " a second"
        for row in report["rows"]
    ]
    found = report["processes"]
    if "skipped" in found:
        lines.append(f"CRIU: skipped: {found['skipped']}")
    else:
        lines.append(
            f"CRIU, {found['count']} processes: {found['disk_bytes']:,.0f} bytes of"
            f" disk each, {found['per_gb_disk']:,.0f} in a GB; running,"
            f" {found['per_gb_memory']:,.0f} in a GB of memory; saved"
            f" {found['saves_per_second']:,.0f}, restored"
            f" {found['resumes_per_second']:,.0f} a second"
        )
    lines += [
        f"in memory, {name}: {size:,.0f} bytes each"
        for name, size in report["memory"].items()
        if not name.endswith("_per_gb")
    ]
    return "\n".join(lines)
