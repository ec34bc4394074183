"""One repetition by CRIU: a fresh process is saved and restored at each turn."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench import program
from bench.system import apparent_bytes, disk_bytes, sync_folder
from bench.workloads import ROOT, clean_python, new_run, packages, until

if TYPE_CHECKING:
    from bench.criu.calls import Criu
    from bench.workloads import Run, Workload

#: By turn: the names of what is measured at it.
SAVES: Final = ("save_new", "save_unchanged", "save_changed")
RESUMES: Final = ("resume_1", "resume_2", "resume_3")
#: The same of saves of what stays; the first is only there to be compared with.
KEEPS: Final = ("keep_first", "keep_unchanged", "keep_changed")


def repetition(workload: Workload, criu: Criu) -> dict[str, float]:
    """Return milliseconds, and bytes of images; raise what went wrong.

    Raises:
        CriuError: a dump or a restore failed.
        WrongAnswer: the program did not come through intact.
    """
    with new_run(workload) as run:
        return _measured(run, criu)


def started(run: Run) -> int:
    """Start the program; return its process id when it waits to be saved."""
    script = str(Path(__file__).parents[1] / "by_criu.py")
    path = [packages()] if run.workload.kind == "numpy" else []
    command = [clean_python(), "-I", script, run.page_file, *run.workload.words, *path]
    process = subprocess.Popen(
        command,
        cwd="/",
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    run.await_stamps(1)
    # Its end is waited for by its id, as later that of what was restored under it.
    process.returncode = 0
    return process.pid


def _measured(run: Run, criu: Criu) -> dict[str, float]:
    found: dict[str, float] = {}
    pid = started(run)
    try:
        for turn in range(program.TURNS):
            run.await_stamps(2 * turn + 1)
            images = f"{run.folder}/images-{turn}"
            os.mkdir(images)
            found |= _saved(pid, images, SAVES[turn], criu)
            gone(pid)
            run.page.next_epoch()
            criu.prepare(images)
            asked = time.time_ns()
            criu.restore(images)
            run.await_stamps(2 * turn + 2)
            found[RESUMES[turn]] = run.resumed_ms(turn, asked)
            criu.settle()
            # Nothing of one save is to be in the way of the next.
            shutil.rmtree(images)
        for turn in range(program.KEEPS):
            run.await_stamps(2 * (program.TURNS + turn) + 1)
            images = f"{run.folder}/kept-{turn}"
            os.mkdir(images)
            found |= _saved(pid, images, KEEPS[turn], criu, leave_running=True)
            shutil.rmtree(images)
            run.page.next_epoch()
        run.await_answer()
        found["answer"] = run.answered_ms(asked)
        gone(pid)
    finally:
        end(pid)
    return found


def _saved(
    pid: int, images: str, name: str, criu: Criu, *, leave_running: bool = False
) -> dict[str, float]:
    # What others have written before is not to be waited for behind the dump.
    sync_folder(images)
    begin = time.perf_counter_ns()
    criu.dump(pid, images, leave_running=leave_running)
    dumped = time.perf_counter_ns()
    sync_folder(images)
    durable = time.perf_counter_ns()
    return {
        name: (durable - begin) / 1e6,
        f"{name}_dump": (dumped - begin) / 1e6,
        f"{name}_bytes": apparent_bytes(images),
        f"{name}_disk_bytes": disk_bytes(images),
    }


def gone(pid: int) -> None:
    """Wait for the end of a process; it may become a child of this one only then."""

    def reaped() -> bool:
        try:
            return os.waitpid(pid, os.WNOHANG)[0] == pid
        except ChildProcessError:
            return not os.path.exists(f"/proc/{pid}")

    until(reaped, f"the end of process {pid}")


def end(pid: int) -> None:
    """Kill a program, if its process is still there."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return
    if str(ROOT).encode() in command:
        os.kill(pid, 9)
        gone(pid)
