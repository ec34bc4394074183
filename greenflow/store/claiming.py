"""How a worker finds a flow to run, and takes over those of workers that died."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Protocol, TypeVar

from greenflow.errors import BadRecord, StoreClosed
from greenflow.store import claims, timers, workers
from greenflow.store.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.store.base import Claim, FlowRecord

T = TypeVar("T")


class Transactions(Protocol):
    """What runs a function in a transaction."""

    def read(self, call: Callable[[Work], T]) -> T:
        """Return what ``call`` returns; it must not write."""

    def write(self, call: Callable[[Work], T]) -> T:
        """Return what ``call`` returns when all that it changed is on disk."""


class Claimer:
    """Claims flows for one worker, which it registers when first needed."""

    def __init__(self, folder: str, transactions: Transactions) -> None:
        """Claim in a store whose workers are registered in ``folder``."""
        self._folder = folder
        self._store = transactions
        self._worker: workers.Worker | None = None
        self._closed = False
        self._changing = threading.Lock()

    def close(self) -> None:
        """Let the worker be dead: others can claim what it has."""
        with self._changing:
            self._closed = True
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()

    def first(self) -> Claim | None:
        """Claim the flow that is ready longest. Raises BadRecord.

        One that is damaged is left in the queue, and told only when no other flow can
        be claimed.
        """
        owner = self._own_id()
        owners, ready = self._store.read(_outlook)
        damaged: dict[str, BadRecord] = {}
        given_back: set[str] = set()
        for other in owners:
            if other != owner and not workers.alive(self._folder, other):
                damaged.update(self._requeue(other))
                ready = True
        while ready:
            taken, unread = self._store.write(
                lambda work: claims.take_first(work, owner, time.time(), given_back)
            )
            damaged.update(unread)
            if taken is None:
                break
            try:
                return taken.claim()
            except BadRecord as error:
                damaged[taken.row.record.id] = error
                given_back.add(taken.row.record.id)
                self._give_back(taken)
        for which, reason in damaged.items():
            reason.add_note(f"flow {which} cannot run; all others were offered first")
            raise reason
        return None

    def one(self, flow_id: str) -> Claim | None:
        """Claim this flow, if it is runnable. Raises FlowNotFound, BadRecord."""
        owner = self._own_id()
        record = self._store.read(lambda work: work.row(flow_id)).record
        dead = ""
        if record.status == "running" and not workers.alive(self._folder, record.owner):
            dead = record.owner
        elif record.status != "ready" and not _is_due(record):
            return None

        def take(work: Work) -> claims.Taken | None:
            row = work.row(flow_id)
            if _is_due(row.record):
                row = timers.fired(work, row, time.time())
            if row.record.status == "ready" or (dead and row.record.owner == dead):
                return claims.take(work, row, owner, time.time())
            return None

        taken = self._store.write(take)
        if taken is None:
            return None
        try:
            return taken.claim()
        except BadRecord:
            self._give_back(taken)
            raise

    def _own_id(self) -> str:
        with self._changing:
            if self._closed:
                raise StoreClosed("the store is closed", hint="open it again")
            if self._worker is None:
                self._worker = workers.Worker(self._folder)
                self._bury_idle()
            return self._worker.id

    def _bury_idle(self) -> None:
        """Remove the files of those who died with no flow in their hands."""
        owners = self._store.read(Work.owners)
        for worker in workers.dead(self._folder):
            if worker not in owners:
                workers.bury(self._folder, worker)

    def _requeue(self, owner: str) -> dict[str, BadRecord]:
        """Make a dead worker's flows ready; return which could not be read."""
        damaged: dict[str, BadRecord] = {}
        while True:
            moved, unread = self._store.write(
                lambda work: claims.requeue(work, owner, time.time(), damaged)
            )
            damaged.update(unread)
            if not moved:
                break
        if not damaged:
            workers.bury(self._folder, owner)
        return damaged

    def _give_back(self, taken: claims.Taken) -> None:
        record = taken.row.record
        self._store.write(lambda work: claims.release(work, record, time.time()))


def _outlook(work: Work) -> tuple[list[str], bool]:
    """Return the workers that have flows, and whether any flow is ready or due."""
    if work.has_ready():
        return work.owners(), True
    due = timers.next_due(work.txn)
    return work.owners(), due is not None and due <= time.time()


def _is_due(record: FlowRecord) -> bool:
    waiting = record.waiting
    if record.status != "waiting" or waiting is None or waiting.until is None:
        return False
    return waiting.until <= time.time()
