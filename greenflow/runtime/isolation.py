"""A flow whose worker died runs next alone, in a process of its own.

If it was the flow that killed it, the next try takes nothing else along.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

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

    def start(self, claim: Claim) -> None:
        """Hand a claim to a new process, which takes it over. Raises OSError."""
        flow, epoch = claim.record.id, str(claim.record.epoch)
        where = ["--store", self._base.location]
        words = [*where, "--flow", flow, "--claim", epoch]
        child = WorkerProcess(words, tied=True)
        self._children[child] = claim

    def run(self, claim: Claim) -> None:
        """Do so, and wait for its end. Raises OSError."""
        self.start(claim)
        while claim in self._children.values():
            time.sleep(_LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """See which have ended."""
        for child, claim in list(self._children.items()):
            death = child.death()
            if death is not None:
                del self._children[child]
                if death:
                    self._base.note_death(child.worker, death)
                # If it did not come to take it over.
                with suppress(BadRecord):
                    self._base.release(claim)

    def close(self) -> None:
        """Let those that still run end."""
        end(self._children)
        self.look()
