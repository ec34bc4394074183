"""Going through flows and messages, a little at a time: no transaction stays open."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from greenflow.store import keys, mailbox
from greenflow.store.claims import opened
from greenflow.store.records import decode_index

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from greenflow.store.base import FlowRecord, Message
    from greenflow.store.claiming import Transactions
    from greenflow.store.work import Work

#: Flows that one transaction looks at.
_FLOWS_MAX: Final = 256
_INDEXED: Final = frozenset({"ready", "running"})


def flows(
    store: Transactions, statuses: frozenset[str], function: str, limit: int
) -> Iterator[FlowRecord]:
    """Yield flows, oldest first; empty filters let all pass. Raises BadRecord."""
    indexed = bool(statuses) and statuses <= _INDEXED
    found = _runnable(store) if indexed else _by_age(store)
    yielded = 0
    for record in found:
        if (not statuses or record.status in statuses) and function in (
            "",
            record.function,
        ):
            yield record
            yielded += 1
            if yielded == limit:
                return


def messages(store: Transactions, flow_id: str, topic: str | None) -> Iterator[Message]:
    """Iterate over a mailbox. Raises FlowNotFound when called, later BadRecord."""

    def prefixes(work: Work) -> list[bytes]:
        work.row(flow_id)
        begin = keys.mailbox(flow_id)
        if topic is not None:
            begin = keys.topic(flow_id, topic)
        return mailbox.prefixes(work.txn, begin)

    return _messages(store, store.read(prefixes))


def _messages(store: Transactions, prefixes: Iterable[bytes]) -> Iterator[Message]:
    for prefix in prefixes:
        message = opened(store.read(partial(_first, prefix)))
        if message is not None:
            yield message


def _first(prefix: bytes, work: Work) -> mailbox.Found | None:
    return mailbox.first(work.txn, prefix)


def _by_age(store: Transactions) -> Iterator[FlowRecord]:
    after = keys.CREATED
    while True:
        entries = store.read(partial(_by_age_from, after))
        if not entries:
            return
        ids = []
        for key, data in entries:
            decode_index(key, data)
            ids.append(keys.created_id(key))
        yield from _records(store, ids)
        after = entries[-1][0] + b"\0"


def _by_age_from(begin: bytes, work: Work) -> list[tuple[bytes, bytes]]:
    return work.by_age(begin, _FLOWS_MAX)


def _runnable(store: Transactions) -> Iterator[FlowRecord]:
    """Yield what is ready or running, without looking at all others."""
    ids = store.read(_runnable_ids)
    records: list[FlowRecord] = []
    for at in range(0, len(ids), _FLOWS_MAX):
        records.extend(_records(store, ids[at : at + _FLOWS_MAX]))
    # A flow that moved on between the transactions is filtered out by its status.
    yield from sorted(records, key=lambda record: (record.created, record.id))


def _runnable_ids(work: Work) -> list[str]:
    found = {decode_index(key, data) for _, key, data in work.queue()}
    for owner in work.owners():
        found.update(work.owned(owner))
    return list(found)


def _records(store: Transactions, ids: Sequence[str]) -> list[FlowRecord]:
    return store.read(lambda work: [work.listed(each).record for each in ids])
