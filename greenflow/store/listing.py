"""Going through flows and messages, a little at a time: no transaction stays open."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeVar

from greenflow.store import keys, mailbox, queues
from greenflow.store.claims import opened
from greenflow.store.records import decode_index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from greenflow.store.base import FlowRecord, Message, Status
    from greenflow.store.work import Work

T = TypeVar("T")

#: Flows that one transaction looks at.
_FLOWS_MAX: Final = 256
_INDEXED: Final = frozenset({"ready", "running", "hospital"})


class Readable(Protocol):
    """What runs a function in a transaction that only reads."""

    def read(self, call: Callable[[Work], T]) -> T:
        """Return what ``call`` returns; it must not write."""


class Wanted(NamedTuple):
    """What a list is to have; what is empty lets all pass."""

    statuses: frozenset[Status]
    function: str
    tag: str
    queue: str | None

    def takes(self, record: FlowRecord) -> bool:
        """Return whether a flow belongs into the list."""
        return (
            (not self.statuses or record.status in self.statuses)
            and self.function in ("", record.function)
            and (not self.tag or self.tag in record.tags)
            and self.queue in (None, record.queue)
        )


def flows(
    store: Readable, wanted: Wanted, after: str, limit: int
) -> Iterator[FlowRecord]:
    """Iterate over flows, oldest first.

    Raises StoreClosed and FlowNotFound (``after``) when called, later BadRecord.
    """

    def first(work: Work) -> bytes:
        if not after:
            return keys.CREATED
        last = work.row(after).record
        return keys.created(last.created, last.id) + b"\0"

    return _flows(store, wanted, store.read(first), limit)


def _flows(
    store: Readable, wanted: Wanted, begin: bytes, limit: int
) -> Iterator[FlowRecord]:
    indexed = bool(wanted.statuses) and wanted.statuses <= _INDEXED
    found = _by_index(store, wanted.statuses) if indexed else _by_age(store, begin)
    yielded = 0
    for record in found:
        if wanted.takes(record) and (
            not indexed or keys.created(record.created, record.id) >= begin
        ):
            yield record
            yielded += 1
            if yielded == limit:
                return


def messages(store: Readable, flow_id: str, topic: str | None) -> Iterator[Message]:
    """Iterate over a mailbox. Raises FlowNotFound when called, later BadRecord."""

    def prefixes(work: Work) -> list[bytes]:
        work.row(flow_id)
        begin = keys.mailbox(flow_id)
        if topic is not None:
            begin = keys.topic(flow_id, topic)
        return mailbox.prefixes(work.txn, begin)

    return _messages(store, store.read(prefixes))


def _messages(store: Readable, prefixes: Iterable[bytes]) -> Iterator[Message]:
    for prefix in prefixes:
        message = opened(store.read(partial(_first, prefix)))
        if message is not None:
            yield message


def _first(prefix: bytes, work: Work) -> mailbox.Found | None:
    return mailbox.first(work.txn, prefix)


def _by_age(store: Readable, after: bytes) -> Iterator[FlowRecord]:
    while True:
        records, after = store.read(partial(_by_age_from, after))
        yield from records
        if not after:
            return


def _by_age_from(begin: bytes, work: Work) -> tuple[list[FlowRecord], bytes]:
    """Return some flows, and where those behind them begin; b"" if there are none."""
    entries = work.by_age(begin, _FLOWS_MAX)
    for key, data in entries:
        decode_index(key, data)
    records = [work.listed(keys.timed_id(key)).record for key, _ in entries]
    return records, entries[-1][0] + b"\0" if entries else b""


def _by_index(store: Readable, statuses: frozenset[Status]) -> Iterator[FlowRecord]:
    """Yield what has an index of its own, without looking at all others."""
    ids = store.read(partial(_indexed, statuses))
    records: list[FlowRecord] = []
    for at in range(0, len(ids), _FLOWS_MAX):
        records.extend(store.read(partial(_records, ids[at : at + _FLOWS_MAX])))
    # A flow that moved on between the transactions is filtered out by its status.
    yield from sorted(records, key=lambda record: (record.created, record.id))


def _indexed(statuses: frozenset[Status], work: Work) -> list[str]:
    found: set[str] = set()
    if "ready" in statuses:
        for name in queues.names(work.txn):
            entries = queues.entries(work.txn, name)
            found.update(decode_index(key, data) for _, key, data in entries)
    if "running" in statuses:
        for owner in work.owners():
            found.update(work.owned(owner))
    if "hospital" in statuses:
        found.update(map(keys.named, work.under(keys.HOSPITAL)))
    return list(found)


def _records(ids: Sequence[str], work: Work) -> list[FlowRecord]:
    """Return the flows; one may have been deleted since it was found in an index."""
    return [work.row(each).record for each in ids if work.has(each)]
