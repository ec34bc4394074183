"""Which flow runs next, until none can."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenflow.errors import BadRecord
from greenflow.runtime.driving import drive
from greenflow.runtime.hosting import slices
from greenflow.runtime.slice import Slice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenflow.runtime.isolation import Isolation
    from greenflow.runtime.stores import Store
    from greenflow.store.base import Claim


class Scheduler:
    """Runs the runnable flows of a store, one slice after another.

    A flow that cannot be gone on with goes to the hospital, as it was last saved.

    Attributes:
        stuck: the flows that cannot go on, with the reason.
        damaged: what the store cannot read of its flows; others were run.
        slices: how many slices were run.
    """

    def __init__(
        self,
        store: Store,
        *,
        queues: Sequence[str] | None = None,
        alone: Isolation | None = None,
    ) -> None:
        """Run flows of ``store``, of these queues or all.

        ``alone`` runs those whose worker died; without it they run here too.
        """
        self.stuck: dict[str, Exception] = {}
        self.damaged: dict[str, BadRecord] = {}
        self.slices = 0
        self._store = store
        self._queues, self._alone = queues, alone

    def step(self) -> bool:
        """Claim a flow and run it until it leaves; return False if none can run.

        Raises:
            KeyboardInterrupt, Exception: as by :func:`greenflow.runtime.driving.drive`.
        """
        claim = self._claim()
        if claim is None:
            return False
        self._run(claim)
        return True

    def step_of(self, flow_id: str) -> bool:
        """Do the same with this flow; return False if it cannot run.

        Raises: FlowNotFound, BadRecord, and as by :meth:`step`.
        """
        claim = self._store.base.claim(flow_id)
        if claim is None:
            return False
        self._run(claim)
        return True

    def step_adopted(self, flow_id: str, epoch: int) -> bool:
        """Do the same with a flow that another process has claimed for this one."""
        claim = self._store.base.adopt(flow_id, epoch)
        if claim is None:
            return False
        self._run(claim)
        return True

    def _run(self, claim: Claim) -> None:
        flow_id = claim.record.id
        if claim.record.killer and self._alone is not None:
            self._alone.run(claim)
            self.slices += 1
            return
        outer = [each.id for each in slices() if each.store is self._store]
        self._store.base.mark(flow_id)
        try:
            error = drive(Slice(self._store, claim))
        finally:
            self._store.base.mark(outer[0] if outer else "")
        if error is None:
            self.slices += 1
        else:
            self.stuck[flow_id] = error

    def run(self) -> int:
        """Run until no flow can run; return the number of slices.

        Raises:
            NotRestorable, BadRecord, ...: one flow cannot go on; a note names it. All
                others were run.
            ExceptionGroup: the same of several flows.
        """
        while self.step():
            pass
        errors = [*self.stuck.values(), *self.damaged.values()]
        if len(errors) == 1:
            raise errors[0]
        if errors:
            raise ExceptionGroup(f"{len(errors)} flows cannot go on", errors)
        return self.slices

    def _claim(self) -> Claim | None:
        while True:
            try:
                claims = self._store.base.claims(1, self._queues)
            except BadRecord as error:
                if str(error) in self.damaged:
                    return None
                self.damaged[str(error)] = error
                continue
            claim = claims[0] if claims else None
            if claim is None or claim.record.id not in self.stuck:
                return claim
            self._store.base.release(claim)
            return None
