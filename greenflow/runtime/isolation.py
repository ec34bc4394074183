"""A flow whose worker died runs next alone, in a process of its own.

If it was the flow that killed it, the next try takes nothing else along.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from greenflow import limits
from greenflow.errors import BadRecord
from greenflow.runtime.processes import WorkerProcess, end

if TYPE_CHECKING:
    from greenflow.store.base import Claim, Store


_LOOK_SECONDS: Final = 0.005


class Isolation:
    """The processes of flows that run alone."""

    def __init__(self, base: Store) -> None:
        self._base = base
        self._children: dict[WorkerProcess, Claim] = {}
        #: Claims that have no process yet: many flows may lose their workers at once,
        #: and so many processes would take all the time of the machine to begin.
        self._waiting: deque[Claim] = deque()

    @property
    def waits(self) -> bool:
        """Whether some have no process yet."""
        return bool(self._waiting)

    def start(self, claim: Claim) -> None:
        """Hand a claim to a process of its own, now or later. Raises OSError."""
        self._waiting.append(claim)
        self._fill()

    def _fill(self) -> None:
        while self._waiting and len(self._children) < limits.ISOLATED_FLOWS_MAX:
            claim = self._waiting.popleft()
            record = claim.record
            words = ["--flow", record.id, "--claim", str(record.epoch)]
            child = WorkerProcess(self._base.location, words, tied=True)
            self._children[child] = claim

    def run(self, claim: Claim) -> None:
        """Do so, and wait for its end. Raises OSError."""
        self.start(claim)
        while claim in self._waiting or claim in self._children.values():
            time.sleep(_LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """See which have ended, and start others. Raises OSError."""
        for child, claim in list(self._children.items()):
            death = child.death()
            if death is not None:
                del self._children[child]
                if death:
                    self._base.note_death(child.worker, death)
                self._release(claim)  # if it did not come to take it over
        self._fill()

    def close(self) -> None:
        """Let those that still run end, and give the others back."""
        waiting, self._waiting = self._waiting, deque()
        end(self._children)
        self.look()
        for claim in waiting:
            self._release(claim)

    def _release(self, claim: Claim) -> None:
        with suppress(BadRecord):
            self._base.release(claim)
