"""A worker that was asked of a prepared parent (:mod:`greenflow.runtime.prepared`)."""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from greenflow.runtime.processes import WorkerProcess, how, new_token
from greenflow.store.workers import worker_id

if TYPE_CHECKING:
    from greenflow.runtime.prepared import Prepared


class Task(msgspec.Struct, frozen=True):
    """A claim that was made for a worker of its own."""

    store: str  #: its folder
    flow: str
    epoch: int
    code: str = ""  #: what it was opened with

    def words(self) -> list[str]:
        """Return the arguments of ``greenflow worker`` for it, but for its store."""
        policy = ["--code", self.code] if self.code else []
        return ["--flow", self.flow, "--claim", str(self.epoch), *policy]


class Forked:
    """A worker that was asked for; started anew instead if it could not be forked.

    Attributes:
        task: what it is to do.
        token: the second half of the id that it has in the store.
        pid: its process's id; 0 while that is not known.
    """

    def __init__(self, prepared: Prepared, task: Task) -> None:
        self._prepared, self.task = prepared, task
        self.token = new_token()
        self.pid = 0
        self._watched = -1
        self._orphaned = False
        self._death: str | None = None
        self._instead: WorkerProcess | None = None

    @property
    def worker(self) -> str:
        """The id that it has in the store."""
        if self._instead is not None:
            return self._instead.worker
        return worker_id(self.pid, self.token)

    def death(self) -> str | None:
        """Return how it died, "" if it just ended, and None while it lives."""
        self._prepared.hear()
        if self._instead is not None:
            return self._instead.death()
        if self._orphaned and self._watched >= 0 and self._has_ended(0):
            self.ended(self._seen_by_oneself())
        return self._death

    def signal(self, number: int) -> None:
        """Send it a signal, if it lives."""
        if self._instead is not None:
            self._instead.signal(number)
        elif self._watched >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._watched, number)

    def wait(self, seconds: float) -> bool:
        """Wait for its end, so long at most; return whether it has ended."""
        end = time.monotonic() + seconds
        while self.death() is None and (left := end - time.monotonic()) > 0:
            if self._instead is not None:
                return self._instead.wait(left)
            if self._orphaned:
                self._has_ended(left)
            else:
                self._prepared.wait(left)
        return self.death() is not None

    def _seen_by_oneself(self) -> str:
        """Return how an orphan died; only who it was given to can tell, as init is."""
        with suppress(ChildProcessError):
            found = os.waitid(os.P_PIDFD, self._watched, os.WEXITED | os.WNOHANG)
            if found is not None and found.si_status:
                killed = found.si_code != os.CLD_EXITED
                return how(-found.si_status if killed else found.si_status)
        return ""

    def _has_ended(self, seconds: float) -> bool:
        polled = select.poll()
        polled.register(self._watched, select.POLLIN)
        return bool(polled.poll(seconds * 1000))

    # --- what its parent tells ---

    def started(self, pid: int, watched: int) -> None:
        """Be told of its process."""
        self.pid, self._watched = pid, watched

    def ended(self, how: str) -> None:
        """Be told how it ended."""
        self._death = how
        if self._watched >= 0:
            os.close(self._watched)
            self._watched = -1

    def orphaned(self) -> None:
        """Be told that its parent is gone: it goes on, or is started anew.

        If it was forked, and nobody could tell, there are two: the claim that they are
        for is only one's.
        """
        self._orphaned = True
        if self.pid == 0:
            self.not_forked()

    def not_forked(self) -> None:
        """Be told that it was not forked: it is started anew."""
        task = self.task
        self._instead = WorkerProcess(task.store, task.words(), tied=True)
