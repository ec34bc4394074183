"""Processes of workers: how they are started, how they died."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

from greenflow.store.keyfile import Handover
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
        token = secrets.token_hex(8)
        begin = ["-c", _TIED, str(os.getpid())] if tied else ["-m", "greenflow"]
        command = [sys.executable, *begin, "worker", "--store", location, *arguments]
        # What this process can import it can, too; the first is its own, or the same.
        paths = os.pathsep.join(path for path in sys.path if path)
        added = {TOKEN_VARIABLE: token, "PYTHONPATH": paths}
        with Handover(location) as keys:
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
        return _how(code) if code else ""


def end(processes: Iterable[WorkerProcess]) -> None:
    """Let processes end behind their slices, or at least in ten seconds."""
    running = [each.process for each in processes]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + END_SECONDS
    for process in running:
        try:
            process.wait(max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
