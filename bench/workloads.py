"""What is measured with what: workloads, and where their processes and files are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench import program
from bench.by_greenflow import PAGE_VARIABLE
from bench.page import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT: Final = Path(__file__).parents[1]
#: Where CRIU and virtualenvs are kept; the environment may name another place.
BUILT: Final = Path(os.environ.get("GREENFLOW_BENCH_BUILT", ROOT / "build" / "bench"))
MEMORY: Final = "/dev/shm"
_GIVE_UP_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.0001


class WrongAnswer(Exception):
    """A program that went on came to another answer than it must: no time counts."""


@dataclass(frozen=True)
class Workload:
    """A stack of so many frames that holds so much of one kind of data."""

    depth: int = 10
    kind: str = "none"
    megabytes: float = 0.0
    #: Whether files are kept in memory, where nothing is durable and fsync() is free.
    in_memory: bool = False

    @property
    def name(self) -> str:
        """What it is called in results."""
        if self.kind == "none":
            name = f"depth {self.depth:,}"
        elif self.megabytes:
            name = f"{self.kind} {self.megabytes:,.0f} MB"
        else:
            name = f"{self.kind} imported"
        return f"{name}, in memory" if self.in_memory else name

    @property
    def words(self) -> list[str]:
        """The arguments of the scripts that run it."""
        return [str(self.depth), self.kind, str(self.megabytes)]

    @property
    def answers(self) -> tuple[int, int]:
        """What its program must tell, and come to."""
        return _answers(self.depth, self.kind, self.megabytes)


@cache
def _answers(depth: int, kind: str, megabytes: float) -> tuple[int, int]:
    """Return them from a process of its own, so that no data stays in this one."""
    code = (
        "import sys; from bench import program; d, k, m = sys.argv[1:]; "
        "print(*program.right_answers(int(d), k, float(m)))"
    )
    command = [sys.executable, "-c", code, str(depth), kind, str(megabytes)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=True
    )
    told, answer = map(int, done.stdout.split())
    return told, answer


class Run:
    """One run of a workload: a new folder, with a new page in it."""

    def __init__(self, workload: Workload, folder: str) -> None:
        self.workload = workload
        self.folder = folder
        self.page_file = f"{folder}/page"
        self.page = Page(self.page_file)

    @property
    def store(self) -> str:
        """Where a store of this run may be."""
        return f"{self.folder}/store"

    def environment(self) -> dict[str, str]:
        """Return the environment of greenflow's processes."""
        return {**environment(), PAGE_VARIABLE: self.page_file}

    def await_stamps(self, count: int) -> None:
        """Wait until the program has taken so many. Raises TimeoutError."""
        until(lambda: self.page.count >= count, f"{count} stamps")

    def await_answer(self) -> None:
        """Wait until it has ended. Raises TimeoutError, WrongAnswer."""
        until(lambda: self.page.ended, "the program's end")
        self.check()

    def check(self) -> None:
        """Raise WrongAnswer unless the program came to the right one."""
        stamps = (program.TURNS + program.KEEPS) * 2
        if self.page.count != stamps:
            raise WrongAnswer(f"{self.page.count} stamps instead of {stamps}")
        if not self.page.ended or self.page.answers != self.workload.answers:
            found, right = self.page.answers, self.workload.answers
            raise WrongAnswer(f"{found} instead of {right}")

    def resumed_ms(self, turn: int, asked: int) -> float:
        """Return the time from a request to the program's next instruction."""
        return (self.page.went_on[turn] - asked) / 1e6

    def answered_ms(self, asked: int) -> float:
        """Return the time from a request until all data was looked at."""
        return (self.page.told_at - asked) / 1e6


@contextmanager
def new_run(workload: Workload) -> Iterator[Run]:
    """Yield a run, and remove its folder with all that is in it."""
    place = MEMORY if workload.in_memory else tempfile.gettempdir()
    folder = tempfile.mkdtemp(prefix="greenflow-bench-", dir=place)
    try:
        yield Run(workload, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def until(done: Callable[[], bool], what: str) -> None:
    """Wait for something that is seen by looking. Raises TimeoutError."""
    end = time.monotonic() + _GIVE_UP_SECONDS
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {_GIVE_UP_SECONDS:.0f} s for {what}")
        time.sleep(_LOOK_SECONDS)


@cache
def clean_python() -> str:
    """Return the interpreter of a virtualenv with nothing in it.

    What a ``.pth`` file of a developer's virtualenv imports would be in every process
    image, and in every start.
    """
    folder = BUILT / f"clean-{sys.version_info[0]}.{sys.version_info[1]}"
    python = folder / "bin" / "python"
    if not python.exists():
        command = [sys.executable, "-m", "venv", "--without-pip", str(folder)]
        subprocess.run(command, check=True)
    return str(python)


def packages() -> str:
    """Return the folder of this interpreter's packages."""
    return sysconfig.get_path("purelib")


def environment() -> dict[str, str]:
    """Return an environment in which a clean interpreter finds greenflow.

    As installed, and not as developed: compiled files are kept, output is buffered.
    """
    dropped = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "GREENFLOW_STORE")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "PYTHONPATH": os.pathsep.join((str(ROOT), packages()))}
