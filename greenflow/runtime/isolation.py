"""A flow whose worker died runs next alone, in a process of its own.

If it was the flow that killed it, the next try takes nothing else along.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from greenflow import limits
from greenflow.errors import BadRecord
from greenflow.later import later_all
from greenflow.runtime.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from greenflow.runtime import forked, prepared, processes
    from greenflow.runtime.stores import Store
    from greenflow.store.base import Claim
else:
    _LATE = ("forked", "prepared", "processes")
    forked, prepared, processes = later_all(__name__, "greenflow.runtime", *_LATE)


_LOOK_SECONDS: Final = 0.005


class Isolation:
    """The processes of flows that run alone."""

    def __init__(
        self,
        store: Store,
        preload: Sequence[str] = (),
        told: Callable[[str], object] = lambda _: None,
    ) -> None:
        """Make one for the claims of a store's worker.

        Args:
            store: what it was opened with holds for the processes, too.
            preload: modules that the processes have from the beginning.
            told: hears why these cannot be.
        """
        self._store, self._base = store, store.base
        self._preload, self._told = preload, told
        self._prepared: prepared.Prepared | None = None
        self._children: dict[forked.Forked, Claim] = {}
        #: Claims that have no process yet: many flows may lose their workers at once,
        #: and so many processes would take all the time of the machine to begin.
        self._waiting: deque[Claim] = deque()

    @property
    def waits(self) -> bool:
        """Whether some have no process yet."""
        return bool(self._waiting)

    def start(self, claim: Claim) -> None:
        """Hand a claim to a process of its own, now or later. Raises OSError."""
        if self._prepared is None:
            self._prepared = prepared.Prepared(self._preload, self._told)
        self._waiting.append(claim)
        self._fill(self._prepared)

    def _fill(self, parent: prepared.Prepared) -> None:
        while self._waiting and len(self._children) < limits.ISOLATED_FLOWS_MAX:
            claim = self._waiting.popleft()
            record = claim.record
            place, code = self._base.location, self._store.code or ""
            task = forked.Task(place, record.id, record.epoch, code)
            self._children[parent.start(task)] = claim

    def run(self, claim: Claim) -> None:
        """Do so, and wait for its end. Raises OSError."""
        self.start(claim)
        while claim in self._waiting or claim in self._children.values():
            if self._prepared is not None:
                self._prepared.wait(_LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """See which have ended, and start others. Raises OSError."""
        if self._prepared is None:
            return
        self._prepared.hear()
        for child, claim in list(self._children.items()):
            death = child.death()
            if death is not None:
                del self._children[child]
                if death:
                    self._base.note_death(child.worker, death)
                self._release(claim)  # if it did not come to take it over
        self._fill(self._prepared)

    def close(self) -> None:
        """Let those that still run end, and give the others back."""
        if self._prepared is None:
            return
        waiting, self._waiting = self._waiting, deque()
        processes.end(self._children)
        self.look()
        self._prepared.close()
        for claim in waiting:
            self._release(claim)

    def _release(self, claim: Claim) -> None:
        with suppress(BadRecord):
            self._base.release(claim)


def run_alone(
    store: Store, flow_id: str, epoch: int, told: Callable[[str, Exception], object]
) -> None:
    """Run a flow that may kill its process, and killed one before, in such a process.

    Args:
        store: where it lives.
        flow_id: which.
        epoch: the number of the claim that was made for this process.
        told: ``told(flow_id, error)`` hears if it cannot go on.
    """
    scheduler = Scheduler(store)
    scheduler.step_adopted(flow_id, epoch)
    for error in scheduler.stuck.values():
        told(flow_id, error)
