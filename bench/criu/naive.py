"""CRIU as one first calls it: a command for each step, /run on a disk.

``python -m bench.criu.naive CRIU DEPTH KIND MEGABYTES`` is one repetition, in mounts of
its own; it prints its numbers as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys

from bench.criu.calls import Commands, CriuError
from bench.criu.repetition import repetition
from bench.system import adopt_orphans, run_as_it_was
from bench.workloads import ROOT, Workload


def measure(workload: Workload, program: str) -> dict[str, float]:
    """Return what one repetition took, in a process of its own. Raises CriuError."""
    command = [sys.executable, "-m", "bench.criu.naive", program, *workload.words]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CriuError(done.stderr.strip().rpartition("\n")[2])
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main(program: str, depth: str, kind: str, megabytes: str) -> None:
    """Measure it in this process."""
    adopt_orphans()
    run_as_it_was()
    found = repetition(Workload(int(depth), kind, float(megabytes)), Commands(program))
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
