"""What there is in a store, in numbers, without looking at every flow unless asked."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from greenflow import limits
from greenflow.errors import BadRecord
from greenflow.store import history, keys, lmdb_facts, queues
from greenflow.store.claiming import next_due
from greenflow.store.lmdb_facts import Reader, Space, Writer  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.store.lmdb import LmdbStore
    from greenflow.store.work import Work

#: Flows that one transaction looks at.
_FLOWS_MAX: Final = 500


class Full(msgspec.Struct, kw_only=True):
    """What only a look at every flow tells."""

    by_status: dict[str, int] = {}
    messages: int = 0  #: in mailboxes
    state_bytes: int = 0  #: of last saved states, before they are compressed
    checkpoints: int = 0  #: that are stored
    damaged: int = 0  #: flows that cannot be read


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """A store in numbers. Those that ``at_least`` names went on when it stopped."""

    flows: int
    ended: int
    hospital: int
    timed: int  #: flows that wait until a time, or for another try
    delayed: int  #: messages that will be delivered
    ready: dict[str, int]  #: by queue
    running: dict[str, int]  #: by worker
    at_least: tuple[str, ...]
    oldest_ready: float | None  #: since when it is, in seconds since the epoch
    next_due: float | None  #: when something happens by itself
    space: Space
    readers: list[Reader]
    writer: Writer | None
    full: Full | None


def stats(
    store: LmdbStore,
    *,
    full: bool = False,
    tell: Callable[[int, int], object] = lambda *_: None,
) -> Stats:
    """Return what there is in a store. Raises StoreError.

    Args:
        store: the store.
        full: look at every flow, for what no index tells.
        tell: called with how many flows it has looked at, and of how many.
    """
    counted: dict[str, int] = {}
    at_least: list[str] = []
    for name, prefix in (
        ("flows", keys.CREATED),
        ("ended", keys.FINISHED),
        ("hospital", keys.HOSPITAL),
        ("timed", keys.TIMER),
        ("delayed", keys.DELAYED),
    ):
        counted[name] = _counted(store, name, prefix, full, at_least)
    ready = {
        name: _counted(store, f"ready {name}".strip(), keys.queue(name), full, at_least)
        for name in store.read(lambda work: queues.names(work.txn))
    }
    everything = None
    if full:
        everything = _full(store, partial(_told, tell, counted["flows"]))
    return Stats(
        **counted,
        ready=ready,
        running=store.read(lambda work: {o: len(work.owned(o)) for o in work.owners()}),
        at_least=tuple(at_least),
        oldest_ready=store.read(_oldest_ready),
        next_due=store.read(next_due),
        space=lmdb_facts.space(store.environment),
        readers=lmdb_facts.readers(store.environment),
        writer=lmdb_facts.writer(store.environment),
        full=everything,
    )


def _told(tell: Callable[[int, int], object], total: int, done: int) -> None:
    tell(done, max(total, done))


def _counted(
    store: LmdbStore, name: str, prefix: bytes, full: bool, at_least: list[str]
) -> int:
    """Return how many entries begin so; not more than are counted in a moment."""
    found, at = 0, prefix
    while True:
        count, last = store.read(partial(_count, prefix, at))
        found += count
        if count < limits.COUNTED_MAX:
            return found
        if not full:
            at_least.append(name)
            return found
        at = last + b"\0"


def _count(prefix: bytes, at: bytes, work: Work) -> tuple[int, bytes]:
    count, last = 0, b""
    # All pieces of a message are one.
    tail = keys.PIECE_BYTES if prefix == keys.DELAYED else 0
    with work.txn.cursor() as cursor:
        more = cursor.set_range(at)
        while more and count < limits.COUNTED_MAX:
            last = cursor.key()
            if not last.startswith(prefix):
                break
            count += not tail or not any(last[-tail:])
            more = cursor.next()
    return count, last


def _oldest_ready(work: Work) -> float | None:
    """Return since when the flow that waits longest for a worker is ready."""
    found: list[float] = []
    for name in queues.names(work.txn):
        begin = keys.queue(name)
        with work.txn.cursor() as cursor:
            more = cursor.set_range(begin)
            while more and (key := cursor.key()).startswith(begin):
                # The first of each priority waits longest of these.
                try:
                    row = work.queued(keys.ready_ticket(key), key, cursor.value())
                    found.append(row.record.updated)
                except BadRecord:
                    pass  # doctor tells of it
                more = cursor.set_range(key[:-8] + b"\xff" * 9)
    return min(found, default=None)


def _full(store: LmdbStore, tell: Callable[[int], object]) -> Full:
    told, statuses, done = Full(), Counter[str](), 0
    at = keys.FLOW
    while at:
        at, count = store.read(partial(_add, told, statuses, at))
        done += count
        tell(done)
    told.by_status = dict(statuses)
    return told


def _add(
    told: Full, statuses: Counter[str], at: bytes, work: Work
) -> tuple[bytes, int]:
    """Add up some flows from a place on; return the next place, and how many."""
    ids: list[str] = []
    with work.txn.cursor() as cursor:
        more = cursor.set_range(at)
        while more and len(ids) < _FLOWS_MAX and cursor.key()[:1] == keys.FLOW:
            ids.append(keys.flow_id(cursor.key()))
            more = cursor.set_range(keys.after_flow(ids[-1]))
    for each in ids:
        try:
            row = work.listed(each)
        except BadRecord:
            told.damaged += 1
        else:
            statuses[row.record.status] += 1
            told.messages += row.messages
            told.checkpoints += len(history.numbers(work, each))
            told.state_bytes += row.record.state_bytes
    return keys.after_flow(ids[-1]) if ids else b"", len(ids)
