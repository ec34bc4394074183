"""gc: flows that ended long ago are deleted, with all that belongs to them.

A deleted flow is as one that never was: a handle on it raises FlowNotFound, and its id
can be taken again. Never deleted is a flow that another one waits for, or was woken by
and has not been saved since; nor one whose parent goes on, as that may have a handle on
it and ask for its result, unless ``children`` says so.

Every transaction is short and leaves the store whole, so it can end at any moment, and
workers go on meanwhile. A large mailbox goes in several of them.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from greenflow import limits
from greenflow.errors import BadRecord, FlowNotFound
from greenflow.store import filed, history, keys, needs, pieces
from greenflow.store.model import ENDED
from greenflow.store.upkeep_notes import delete_notes
from greenflow.store.upkeep_sweep import Sweep

if TYPE_CHECKING:
    import lmdb

    from greenflow.store.claiming import Transactions
    from greenflow.store.records import Row
    from greenflow.store.settings import Retention
    from greenflow.store.work import Work

#: A place in the index by end that is behind all others.
_END: Final = bytes([keys.FINISHED[0] + 1])
#: To find what blocks they share with others takes as long for many as for one.
_CHECKPOINTS_AT_ONCE: Final = 50
#: What becomes of a flow that has ended.
_GOES, _NEEDED, _DAMAGED, _STAYS = "goes", "needed", "damaged", "stays"


class Collected(msgspec.Struct, kw_only=True):
    """What a run of gc did, or would do."""

    flows: int = 0  #: deleted
    messages: int = 0  #: deleted, of these flows or to flows that have ended
    needed: int = 0  #: old enough, but another flow needs it
    damaged: int = 0  #: cannot be read: see doctor
    notes: int = 0  #: of deaths of workers, deleted
    checkpoints: int = 0  #: of flows that stay, deleted


class Collector:
    """Deletes flows a little at a time; a worker calls :meth:`run` when it is idle.

    Attributes:
        collected: what was done since it was made.
    """

    def __init__(
        self, store: Transactions, retention: Retention, *, children: bool = False
    ) -> None:
        """Collect in a store what is older than a retention.

        Args:
            store: what runs transactions.
            retention: which flows are old enough.
            children: also those whose parent has not ended.
        """
        self.collected = Collected()
        self._store = store
        self._retention = retention
        self._children = children
        self._begin()

    def _begin(self) -> None:
        self._sweep = Sweep(self._store)
        self._at = keys.FINISHED
        self._before = b""
        self._swept = False

    def run(self, seconds: float | None = None) -> bool:
        """Go on for so long, at least by one transaction; return whether all is done.

        All: each flow that had ended was looked at once. The next call begins anew.
        Raises StoreError.
        """
        end = None if seconds is None else time.monotonic() + seconds
        while self.step():
            if end is not None and time.monotonic() >= end:
                return False
        return True

    def step(self) -> bool:
        """Do what fits one transaction; return whether anything is left."""
        if not self._swept:
            self._swept = not self._sweep.step()
            self.collected.messages += self._sweep.deleted
            self._sweep.deleted = 0
            return True
        if not self._before:
            self._before = self._store.read(self._limit)
        at, before = self._at, self._before
        looked_at = self._store.read(partial(self._look, at, before))
        if not looked_at:
            self.collected.notes += delete_notes(self._store)
            self._begin()
            return False
        wanted = [key for key, verdict in looked_at if verdict == _GOES]
        self._at = looked_at[-1][0] + b"\0"
        if wanted:
            unfinished, flows, messages = self._store.write(
                lambda work: self._delete(work, wanted)
            )
            self._at = unfinished or self._at
            self.collected.flows += flows
            self.collected.messages += messages
        self._count(self.collected, looked_at)
        return True

    def _count(self, told: Collected, looked_at: list[tuple[bytes, str]]) -> None:
        """Count what is kept, of what will not be looked at again."""
        passed = [verdict for key, verdict in looked_at if key < self._at]
        told.needed += passed.count(_NEEDED)
        told.damaged += passed.count(_DAMAGED)

    def pending(self) -> int:
        """Return how many flows are old enough, needed ones among them."""

        def count(work: Work) -> int:
            before, number = self._limit(work), 0
            with work.txn.cursor() as cursor:
                more = cursor.set_range(keys.FINISHED)
                while more and cursor.key() < before:
                    number += 1
                    more = cursor.next()
            return number

        return self._store.read(count)

    def dry_run(self) -> Collected:
        """Return what :meth:`run` would do. Deletes nothing."""
        at, before = keys.FINISHED, self._store.read(self._limit)
        told = Collected()
        while looked_at := self._store.read(partial(self._look, at, before)):
            verdicts = [verdict for _, verdict in looked_at]
            told.flows += verdicts.count(_GOES)
            told.needed += verdicts.count(_NEEDED)
            told.damaged += verdicts.count(_DAMAGED)
            at = looked_at[-1][0] + b"\0"
        return told

    def _limit(self, work: Work) -> bytes:
        """Return a place in the index by end: what is before it is old enough."""
        wanted = self._retention
        before = _END
        if wanted.older_seconds is not None:
            before = keys.finished(time.time() - wanted.older_seconds, "")
        if wanted.keep:
            before = min(before, _newest(work.txn, wanted.keep))
        return before

    def _look(self, at: bytes, before: bytes, work: Work) -> list[tuple[bytes, str]]:
        """Return some entries of the index by end, and what is to become of each."""
        found = _next(work.txn, at, before)
        return [(key, self._verdict(work, key)) for key in found]

    def _verdict(self, work: Work, key: bytes) -> str:
        flow_id = keys.timed_id(key)
        try:
            row = work.row(flow_id)
            record = row.record
            if record.status not in ENDED:
                return _STAYS
            if needs.is_needed(work.txn, flow_id):
                return _NEEDED
            spawned = record.parent if record.forked is None else ""
            if not self._children and _goes_on(work, spawned):
                return _NEEDED
        except BadRecord:
            return _DAMAGED
        except FlowNotFound:
            return _STAYS  # another gc was here; or doctor tells of it
        # A message that is to come later is not found by its flow: the sweep did that.
        if row.delayed and key >= keys.finished(self._sweep.began, ""):
            return _STAYS
        return _GOES

    def _delete(self, work: Work, wanted: list[bytes]) -> tuple[bytes, int, int]:
        """Delete what fits a transaction.

        Returns:
            The first that is not done, b"" if all are; how many flows and messages are.
        """
        budget, flows, messages = limits.GC_KEYS_MAX, 0, 0
        for key in wanted:
            if budget <= 0:
                return key, flows, messages
            if self._verdict(work, key) != _GOES:
                continue
            row = work.row(keys.timed_id(key))
            count, used, whole = delete_flow(work, row, budget)
            messages, budget = messages + count, budget - used
            if not whole:
                return key, flows, messages
            flows += 1
        return b"", flows, messages


def delete_flow(work: Work, row: Row, budget: int) -> tuple[int, int, bool]:
    """Delete a flow that has ended, or part of what belongs to it.

    Returns:
        The messages and the keys that were deleted, and whether the flow is gone.
    """
    txn, record = work.txn, row.record
    messages, used = _delete_messages(txn, record.id, budget)
    for prefix in (
        keys.sent(record.id),
        keys.pair(keys.CHILD, record.id),
        keys.pair(keys.WATCHER, record.id),
    ):
        if used < budget:
            used += pieces.delete(txn, prefix, budget - used)
    earlier = history.numbers(work, record.id)[:-1]
    for at in range(0, len(earlier), _CHECKPOINTS_AT_ONCE):
        if used < budget:
            some = earlier[at : at + _CHECKPOINTS_AT_ONCE]
            used += history.drop(work, record.id, some)
    if used >= budget:
        labelled = history.count_labelled(work, record.id)
        left = max(row.messages - messages, 0)
        work.change(replace(row, messages=left, labelled=labelled))
        return messages, used, False
    used += filed.delete_all(work, record.id)
    used += pieces.delete(txn, keys.flow(record.id))
    for key in (
        keys.created(record.created, record.id),
        keys.finished(record.updated, record.id),
        keys.pair(keys.CHILD, record.parent, record.id),
    ):
        used += txn.delete(key)
    return messages, used, True


def _delete_messages(
    txn: lmdb.Transaction[bytes], flow_id: str, budget: int
) -> tuple[int, int]:
    """Delete messages, each with all its pieces; return how many, and the keys."""
    begin = keys.mailbox(flow_id)
    count = used = 0
    with txn.cursor() as cursor:
        while (
            used < budget and cursor.set_range(begin) and cursor.key().startswith(begin)
        ):
            used += pieces.delete(txn, cursor.key()[: -keys.PIECE_BYTES])
            count += 1
    return count, used


def _next(txn: lmdb.Transaction[bytes], at: bytes, before: bytes) -> list[bytes]:
    """Return entries of the index by end, from ``at`` on."""
    found: list[bytes] = []
    with txn.cursor() as cursor:
        more = cursor.set_range(at)
        while more and len(found) < limits.GC_FLOWS_MAX and cursor.key() < before:
            found.append(cursor.key())
            more = cursor.next()
    return found


def _newest(txn: lmdb.Transaction[bytes], count: int) -> bytes:
    """Return the entry of the index by end that so many are not before."""
    with txn.cursor() as cursor:
        more = cursor.prev() if cursor.set_range(_END) else cursor.last()
        for _ in range(count - 1):
            if not more or cursor.key() < keys.FINISHED:
                break
            more = cursor.prev()
        return cursor.key() if more else keys.FINISHED


def _goes_on(work: Work, flow_id: str) -> bool:
    """Return whether there is a flow of this id that has not ended."""
    try:
        return bool(flow_id) and work.row(flow_id).record.status not in ENDED
    except FlowNotFound:
        return False
