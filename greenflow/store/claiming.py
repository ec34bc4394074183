"""How a worker finds flows to run, and takes over those of workers that are gone."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Protocol, TypeVar

from msgspec.structs import replace

from greenflow.errors import BadRecord, StoreClosed
from greenflow.failpoints import reach
from greenflow.later import later
from greenflow.store import claims, posting, queues, throttle, timers, turns, workers
from greenflow.store.base import NOTHING_KNOWN
from greenflow.store.filed import sweep
from greenflow.store.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from greenflow.store import commits, listing
    from greenflow.store.base import Claim, FlowRecord
    from greenflow.store.depot import Depot
else:
    commits = later(__name__, "greenflow.store.commits")
    listing = later(__name__, "greenflow.store.listing")

T = TypeVar("T")


class Transactions(listing.Readable, Protocol):
    """What runs a function in a transaction."""

    @property
    def depot(self) -> Depot:
        """Where the blocks of states are."""

    def write(self, call: Callable[[Work], T]) -> T:
        """Return what ``call`` returns when all that it changed is on disk."""


class Claimer:
    """Claims flows for one worker, which it registers when first needed."""

    def __init__(
        self, folder: str, transactions: Transactions, lease_seconds: float
    ) -> None:
        """Claim in a store whose workers are registered in ``folder``."""
        self._folder = folder
        self._store = transactions
        self._lease = lease_seconds
        self._worker: workers.Worker | None = None
        self._closed = False
        self._changing = threading.Lock()
        self._served = ""
        #: What could not be read, and was not told yet because others could run.
        self._untold: dict[str, BadRecord] = {}

    def close(self) -> None:
        """Let the worker be dead: others can claim what it has."""
        with self._changing:
            self._closed = True
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()

    def mark(self, flow_id: str) -> None:
        """Tell which flow runs: if the worker dies now, that one is the suspect."""
        worker = self._worker
        if worker is not None:
            worker.mark(flow_id)

    def several(
        self, count: int, wanted: Sequence[str] | None, known: Mapping[str, int]
    ) -> list[Claim]:
        """Claim up to ``count`` flows, those first that are next. Raises BadRecord.

        One whose bytes are damaged goes to the hospital; that is told only when no
        other flow can be claimed.
        """
        owner = self._own_id()
        owners, ready = self._store.read(lambda work: _outlook(work, wanted))
        damaged, admitted = dict[str, BadRecord](), set[str]()
        for other in owners:
            if other != owner and (why := workers.gone(self._folder, other)):
                damaged.update(self._requeue(other, why))
                ready = True
        found: list[Claim] = []
        while ready and not found:
            wish = turns.Wish(count, wanted, self._served, admitted, known)
            taken, unread = self._take(wish, owner)
            damaged.update(unread)
            if not taken:
                break
            for each in taken:
                try:
                    found.append(each.claim(self._store.depot))
                except BadRecord as error:
                    damaged[each.row.record.id] = error
                    admitted.add(each.row.record.id)
                    self.admit(each.row.record, error)
        self._tell(damaged, now=not found)
        return found

    def admit(self, record: FlowRecord, error: BadRecord) -> None:
        """Put a claimed flow into the hospital, if the claim still holds."""
        self._store.write(
            lambda work: commits.admit(work, record, str(error), time.time())
        )

    def _take(
        self, wish: turns.Wish, owner: str
    ) -> tuple[list[claims.Taken], dict[str, BadRecord]]:
        def take(work: Work) -> tuple[list[claims.Taken], dict[str, BadRecord]]:
            now = time.time()
            due = claims.wake(work, now)
            taken, damaged = turns.take(work, wish, owner, now)
            return taken, due | damaged

        taken, damaged = self._store.write(take)
        if taken:
            self._served = taken[-1].row.record.queue
        return taken, damaged

    def _tell(self, damaged: dict[str, BadRecord], *, now: bool) -> None:
        """Keep in mind what is damaged, and raise the first of it, if it is time to."""
        with self._changing:
            self._untold.update(damaged)
            if not now or not self._untold:
                return
            which = next(iter(self._untold))
            reason = self._untold.pop(which)
        reason.add_note(f"flow {which} cannot run; all others were offered first")
        raise reason

    def one(self, flow_id: str, *, held: bool = False) -> Claim | None:
        """Claim this flow, if it is runnable, also if it is held, if that is wanted.
        Raises FlowNotFound, BadRecord."""
        owner = self._own_id()
        record = self.free(flow_id)
        if record.status != "running" and not _is_runnable(record, held=held):
            return None

        def take(work: Work) -> claims.Taken | None:
            row, now = work.row(flow_id), time.time()
            if timers.is_due(row.record, now):
                row = timers.fired(work, row, now)
                work.change(row)
            if _is_runnable(row.record, held=held):
                told = replace(row.record, debugged=held)
                row = replace(row, record=told)
                return claims.take(work, row, owner, now, NOTHING_KNOWN)
            return None

        return self._claimed(self._store.write(take))

    def free(self, flow_id: str) -> FlowRecord:
        """Take the flow from a worker that is gone; return what it was before.

        Raises FlowNotFound.
        """
        record = self._store.read(lambda work: work.row(flow_id)).record
        if record.status != "running":
            return record
        if why := workers.gone(self._folder, record.owner):
            self._requeue(record.owner, why)
        return record

    def adopt(self, flow_id: str, epoch: int) -> Claim | None:
        """Take over a claim, if it holds. Raises FlowNotFound, BadRecord."""
        owner = self._own_id()

        def take(work: Work) -> claims.Taken | None:
            row = work.row(flow_id)
            if row.record.status != "running" or row.record.epoch != epoch:
                return None
            row = claims.uncounted(row)
            return claims.take(work, row, owner, time.time(), NOTHING_KNOWN)

        return self._claimed(self._store.write(take))

    def _claimed(self, taken: claims.Taken | None) -> Claim | None:
        if taken is None:
            return None
        try:
            return taken.claim(self._store.depot)
        except BadRecord as error:
            self.admit(taken.row.record, error)
            raise

    def _own_id(self) -> str:
        with self._changing:
            if self._closed:
                raise StoreClosed("the store is closed", hint="open it again")
            if self._worker is None:
                self._worker = workers.Worker(self._folder, self._lease)
                self._bury_idle()
            return self._worker.id

    def _bury_idle(self) -> None:
        """Remove the files of those who died with no flow in their hands."""
        owners = self._store.read(Work.owners)
        for worker in workers.dead(self._folder):
            if worker not in owners:
                workers.bury(self._folder, worker)
        sweep(self._store)

    def _requeue(self, owner: str, why: str) -> dict[str, BadRecord]:
        """Take a gone worker's flows from it; return which could not be read."""
        damaged: dict[str, BadRecord] = {}
        reach("before-requeue")
        ran = workers.marked(self._folder, owner)
        while True:
            moved, unread = self._store.write(
                lambda work: claims.requeue(work, owner, ran, why, time.time(), damaged)
            )
            damaged.update(unread)
            if not moved:
                break
        reach("before-bury")
        if not damaged:
            workers.bury(self._folder, owner)
        return damaged


def _is_runnable(record: FlowRecord, *, held: bool) -> bool:
    if record.status == "held":
        return held
    return record.status == "ready" or timers.is_due(record, time.time())


def next_due(work: Work) -> float | None:
    """Return when something is to be done that nobody asks for, or None."""
    dues = (
        timers.next_due(work.txn),
        posting.next_due(work.txn),
        throttle.next_start(work, queues.names(work.txn), time.time()),
    )
    return min((due for due in dues if due is not None), default=None)


def _outlook(work: Work, wanted: Sequence[str] | None) -> tuple[list[str], bool]:
    """Return the workers that have flows, and whether any flow is ready or due."""
    now = time.time()
    due = min(
        (t for t in (timers.next_due(work.txn), posting.next_due(work.txn)) if t),
        default=None,
    )
    ready = due is not None and due <= now
    return work.owners(), ready or _may_begin(work, wanted, now)


def _may_begin(work: Work, wanted: Sequence[str] | None, now: float) -> bool:
    allowed = throttle.Throttle(work, now)
    for name in queues.names(work.txn, wanted):
        try:
            start = allowed.next_start(name)
        except BadRecord:
            return True  # a claim tells of it
        if start is not None and start <= now:
            return True
    return False
