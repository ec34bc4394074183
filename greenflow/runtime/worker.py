"""A worker that stays: it runs what can run, and waits until something can."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Final

from greenflow import limits
from greenflow.later import load_now
from greenflow.runtime.executor import Executor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from greenflow.runtime.stores import Store

#: A ring that got lost with the process that owed it, and the death of another worker,
#: are seen after so long.
_LOOK_SECONDS: Final = 0.5
#: The same while flows wait for processes that run others alone.
_HURRY_SECONDS: Final = 0.02
#: Flows that have ended and may be deleted are looked for after so long.
_COLLECT_SECONDS: Final = 60.0


class Worker:
    """Runs the flows of a store, many at a time in one thread, until it is stopped."""

    def __init__(
        self,
        store: Store,
        told: Callable[[str, Exception], object] = lambda *_: None,
        *,
        queues: Sequence[str] | None = None,
        warm: int = limits.WARM_FLOWS_MAX,
        preload: Sequence[str] = (),
    ) -> None:
        """Make one.

        Args:
            store: whose flows to run.
            told: ``told(flow_id, error)`` hears of flows that cannot go on; without an
                id, of what the store cannot read.
            queues: run only flows of these; None means all.
            warm: how many flows that wait are kept in memory as they are.
            preload: modules that are imported beforehand for flows that run alone.
        """
        self._store = store
        self._stopped = False
        self._collect_at = time.monotonic()
        self._bell = store.base.bell()
        self._executor = Executor(
            store, told, queues=queues, warm=warm, preload=preload
        )

    @property
    def slices(self) -> int:
        """How many slices were run."""
        return self._executor.slices

    def stop(self) -> None:
        """Let :meth:`run` end behind what runs; a signal handler may call it."""
        self._stopped = True
        self._bell.ring()

    def run(self) -> None:
        """Run flows until :meth:`stop` is called.

        Raises:
            Exception: the store failed.
        """
        with closing(self._bell), closing(self._executor):
            while not self._stopped:
                look_at = self._look()
                while self._executor.busy and not self._stopped:
                    self._executor.turn()
                    # Timers, and deaths of other workers, ring no bell.
                    if self._bell.wait(0) or time.monotonic() >= look_at:
                        look_at = self._look()
                if not self._stopped:
                    self._executor.rest()
                    self._wait()

    def _wait(self) -> None:
        seconds = self._idle_seconds()
        if not self._bell.wait(seconds) and seconds >= _LOOK_SECONDS:
            load_now()  # nobody waits for this worker now

    def _look(self) -> float:
        """Let the executor look for flows; return when to look again."""
        self._bell.clear()
        self._executor.rung()
        return time.monotonic() + self._idle_seconds()

    def _idle_seconds(self) -> float:
        """Return how long to wait for a ring; of what has no hurry some is done now."""
        if time.monotonic() >= self._collect_at:
            if self._store.collect_some():
                return 0.0
            self._collect_at = time.monotonic() + _COLLECT_SECONDS
        if self._executor.hurries:
            return _HURRY_SECONDS
        due = self._store.base.next_due()
        return _LOOK_SECONDS if due is None else min(due - time.time(), _LOOK_SECONDS)
