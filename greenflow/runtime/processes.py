"""Processes of workers: how they are started, how they died."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final, Protocol

from greenflow.store import keyfile
from greenflow.store.workers import TOKEN_VARIABLE, worker_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: How long a worker may go on with its slices when it is to end.
END_SECONDS: Final = 10.0


#: Before anything else is loaded: who started it may be dead by now, and with it the
#: claim that it is for. Many such processes at a time must not cost more than a look.
_TIED: Final = """\
import os, sys
if os.getppid() != int(sys.argv.pop(1)):
    sys.exit()
import runpy
runpy.run_module("greenflow", run_name="__main__", alter_sys=True)
"""


class AnyWorker(Protocol):
    """A worker's process, however it was started."""

    def signal(self, number: int) -> None:
        """Send it a signal, if it lives."""

    def wait(self, seconds: float) -> bool:
        """Wait for its end, so long at most; return whether it has ended."""


class WorkerProcess:
    """A ``greenflow worker`` of its own.

    Attributes:
        worker: the id that it has in the store.
        process: what was started.
    """

    def __init__(
        self, location: str, arguments: Sequence[str], *, tied: bool = False
    ) -> None:
        """Start one; if tied, for this process only. Raises OSError.

        Args:
            location: the folder of the store, whose keys reach it as they should.
            arguments: what else ``greenflow worker`` is told.
            tied: whether it ends at once if this process has ended.
        """
        token = new_token()
        begin = ["-c", _TIED, str(os.getpid())] if tied else ["-m", "greenflow"]
        command = [sys.executable, *begin, "worker", "--store", location, *arguments]
        added = {TOKEN_VARIABLE: token, "PYTHONPATH": searched_paths()}
        with keyfile.Handover(location) as keys:
            self.process = subprocess.Popen(
                command,
                env={**os.environ, **added, **keys.environment},
                pass_fds=keys.files,
            )
        self.worker = worker_id(self.process.pid, token)

    @property
    def pid(self) -> int:
        """Its process's id."""
        return self.process.pid

    def death(self) -> str | None:
        """Return how it died, "" if it just ended, and None while it lives."""
        code = self.process.poll()
        if code is None:
            return None
        return how(code) if code else ""

    def signal(self, number: int) -> None:
        """Send it a signal, if it lives."""
        self.process.send_signal(number)

    def wait(self, seconds: float) -> bool:
        """Wait for its end, so long at most; return whether it has ended."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True


def end(processes: Iterable[AnyWorker]) -> None:
    """Let processes end behind their slices, or at least in ten seconds."""
    running = list(processes)
    for process in running:
        process.signal(signal.SIGTERM)
    deadline = time.monotonic() + END_SECONDS
    for process in running:
        if not process.wait(max(deadline - time.monotonic(), 0)):
            process.signal(signal.SIGKILL)
            while not process.wait(END_SECONDS):
                pass


def new_token() -> str:
    """Return the second half of a worker's id."""
    return os.urandom(8).hex()


def searched_paths() -> str:
    """Return $PYTHONPATH for a child: what this process can import it can, too."""
    # The first is the child's own, or the same.
    return os.pathsep.join(path for path in sys.path if path)


def how(code: int) -> str:
    """Return in words how a process ended."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
