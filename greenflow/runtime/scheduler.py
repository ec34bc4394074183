"""Which flow runs next, until none can."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from greenflow.errors import BadRecord
from greenflow.runtime.slice import Slice

if TYPE_CHECKING:
    from greenflow.runtime.stores import Store
    from greenflow.store.base import Claim


class Scheduler:
    """Runs the runnable flows of a store, one slice after another.

    A flow that this process cannot go on with (its code is not here, or changed) is
    given back unharmed and left alone from then on: another process may be able to.

    Attributes:
        stuck: the flows that were left alone, with the reason.
        damaged: why the store cannot list its flows, if so; others were run.
        slices: how many slices were run.
    """

    def __init__(self, store: Store) -> None:
        self.stuck: dict[str, Exception] = {}
        self.damaged: BadRecord | None = None
        self.slices = 0
        self._store = store
        self._by_list = False
        self._listed: deque[str] = deque()

    def step(self) -> bool:
        """Claim a flow and run it until it leaves; return False if none can run.

        Raises:
            KeyboardInterrupt, Exception: as by :meth:`Slice.run`.
        """
        claim = self._claim()
        if claim is None:
            return False
        error = Slice(self._store, claim).run()
        if error is None:
            self.slices += 1
        else:
            self._leave_alone(claim.record.id, error)
        return True

    def run(self) -> int:
        """Run until no flow can run; return the number of slices.

        Raises:
            NotRestorable, BadRecord, ...: this process cannot go on with one flow;
                a note names it. All others were run.
            ExceptionGroup: the same of several flows.
        """
        while self.step():
            pass
        if self.stuck or self.damaged:
            raise self._report()
        return self.slices

    def _claim(self) -> Claim | None:
        if not self._by_list:
            try:
                return self._store.base.claim()
            except BadRecord:
                self._by_list = True  # which flow it is, only a list tells
        claim = self._claim_listed()
        if claim is None:
            self._list()
            claim = self._claim_listed()
        return claim

    def _list(self) -> None:
        try:
            self._store.base.wake()
            runnable = self._store.base.flows(status=("ready", "running"))
            self._listed.extend(record.id for record in runnable)
        except BadRecord as error:
            self.damaged = error

    def _claim_listed(self) -> Claim | None:
        while self._listed:
            flow_id = self._listed.popleft()
            if flow_id in self.stuck:
                continue
            try:
                claim = self._store.base.claim(flow_id)
            except BadRecord as error:
                self._leave_alone(flow_id, error)
                continue
            if claim is not None:
                return claim
        return None

    def _leave_alone(self, flow_id: str, error: Exception) -> None:
        error.add_note(
            f"flow {flow_id} was left as it was last saved; nothing of it is lost"
        )
        self.stuck[flow_id] = error
        # The store would offer it again and again.
        self._by_list = True

    def _report(self) -> Exception:
        errors = list(self.stuck.values())
        if self.damaged is not None:
            errors.append(self.damaged)
        if len(errors) == 1:
            return errors[0]
        return ExceptionGroup(f"{len(errors)} flows cannot go on here", errors)
