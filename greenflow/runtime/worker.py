"""A worker that stays: it runs what can run, and waits until something can."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Final

from greenflow.runtime.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.runtime.stores import Store

#: A ring that got lost with the process that owed it, and the death of another worker,
#: are seen after so long.
_LOOK_SECONDS: Final = 0.5
#: Flows that this process cannot go on with are tried again after so long.
_AGAIN_SECONDS: Final = 30.0


class Worker:
    """Runs the flows of a store, one slice after another, until it is stopped.

    Attributes:
        slices: how many slices were run.
    """

    def __init__(
        self, store: Store, told: Callable[[str, Exception], object] = lambda *_: None
    ) -> None:
        """Make one; ``told(flow_id, error)`` hears of flows that cannot go on here."""
        self.slices = 0
        self._store = store
        self._told = told
        self._stopped = False
        self._bell = store.base.bell()

    def stop(self) -> None:
        """Let :meth:`run` end behind the slice that runs; a signal handler may call."""
        self._stopped = True
        self._bell.ring()

    def run(self) -> None:
        """Run flows until :meth:`stop` is called.

        Raises:
            Exception: the store failed.
        """
        with closing(self._bell):
            while not self._stopped:
                self._round()

    def _round(self) -> None:
        """Run until the flows that are left alone may be tried again."""
        scheduler, told = Scheduler(self._store), 0
        end = time.monotonic() + _AGAIN_SECONDS
        while not self._stopped and time.monotonic() < end:
            self._bell.clear()
            if scheduler.step():
                self.slices += 1
            else:
                self._bell.wait(self._idle_seconds())
            for flow_id, error in list(scheduler.stuck.items())[told:]:
                self._told(flow_id, error)
            told = len(scheduler.stuck)

    def _idle_seconds(self) -> float:
        due = self._store.base.next_due()
        return _LOOK_SECONDS if due is None else min(due - time.time(), _LOOK_SECONDS)
