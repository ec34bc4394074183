"""The flows that one transaction reads and changes, and the indexes over them.

What holds after every transaction: a flow is ready if and only if it has a place in its
queue (its ticket), running if and only if it is listed under its owner, waiting until a
time if and only if it is listed under that (:mod:`greenflow.store.timers`), waiting for
another flow if and only if it is listed under that one
(:mod:`greenflow.store.watching`), and listed by its end if and only if it has ended.
Only a flow that waits is blocked, and only one that is to be retried has a time for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from greenflow.errors import BadContents, FlowNotFound
from greenflow.store import keys, mailbox, needs, queues, timers, watching
from greenflow.store.model import ENDED, JOINS
from greenflow.store.records import (
    Row,
    decode_index,
    decode_row,
    encode_index,
    encode_row,
)

if TYPE_CHECKING:
    import lmdb

    from greenflow.store.base import FlowRecord, Status
    from greenflow.store.bulk_cipher import BulkCipher
    from greenflow.store.keyed import KeyedTxn

#: Flows that are kept decoded. A worker commits the same one again and again.
_WRITTEN_MAX: Final = 256


class Work:
    """One transaction's view: a flow is decoded once, and written once, by flush()."""

    def __init__(
        self,
        txn: lmdb.Transaction[bytes] | KeyedTxn,
        folder: str = "",
        cipher: BulkCipher | None = None,
    ) -> None:
        self.txn: Any = txn
        #: Where the files of blocks are, and what they are encrypted with.
        self.folder, self.cipher = folder, cipher
        #: Whether a flow can run now, or at another time, that could not before.
        self.wakes = False
        #: Whether a flow has ended.
        self.ends = False
        #: Files of blocks to be deleted once this is on disk.
        self.void_files: set[bytes] = set()
        #: The next place in each queue and priority that was entered here.
        self.tickets: dict[bytes, int] = {}
        self._rows: dict[str, Row] = {}
        self._changed: set[str] = set()
        self._limited: dict[str, bool] = {}

    def row(self, flow_id: str) -> Row:
        """Return a flow as it is, with what was changed here. Raises FlowNotFound."""
        row = self._rows.get(flow_id)
        if row is None:
            data = self.txn.get(keys.flow(flow_id)) if keys.is_id(flow_id) else None
            if data is None:
                raise FlowNotFound(
                    f"there is no flow {flow_id!r} in this store",
                    hint="see which there are: greenflow ls",
                )
            row = self._rows[flow_id] = _decoded(flow_id, data)
        return row

    def has(self, flow_id: str) -> bool:
        """Return whether there is a flow of this id, which may be damaged."""
        if flow_id in self._rows:
            return True
        return self.txn.get(keys.flow(flow_id)) is not None

    def change(self, row: Row) -> None:
        """Let this be the flow from here on."""
        flow_id = row.record.id
        needs.change(self.txn, self._rows.get(flow_id), row)
        self._rows[flow_id] = row
        self._changed.add(flow_id)

    def flush(self) -> None:
        """Write all changed flows."""
        for flow_id in self._changed:
            row = self._rows[flow_id]
            data = encode_row(row)
            self.txn.put(keys.flow(flow_id), data)
            _remember(flow_id, data, row)
        self._changed.clear()

    def move(self, row: Row, status: Status, now: float, owner: str = "") -> Row:
        """Return the flow in another status, with the indexes changed to that.

        One that is held is not made ready.
        """
        self.leave(row)
        return self.enter(row, status, now, owner)

    def enter(self, row: Row, status: Status, now: float, owner: str = "") -> Row:
        """Return a flow that stands in no index in a status, and in its indexes.

        One that has ended is held no more.
        """
        record = row.record
        if status == "ready" and record.held:
            status = "held"
        moved = replace(
            record,
            status=status,
            owner=owner,
            held=record.held and status not in ENDED,
            debugged=record.debugged and status == "running",
            updated=now,
            blocked=record.blocked if status == "waiting" else "",
            retry_at=record.retry_at if status == "retrying" else None,
        )
        return replace(row, record=moved, ticket=self._enter_indexes(moved))

    def _enter_indexes(self, record: FlowRecord) -> int:
        """List a flow as its status wants; return its ticket."""
        if record.status == "waiting":
            self.wakes |= timers.arm(self.txn, record)
            watching.arm(self, record)
        elif record.status == "retrying":
            self.wakes |= timers.arm(self.txn, record)
        elif record.status == "ready":
            self.wakes = True
            return queues.enter(self, record)
        elif record.status == "running":
            key = keys.running(record.owner, record.id)
            self.txn.put(key, encode_index(key))
        elif record.status == "hospital":
            key = keys.hospital(record.id)
            self.txn.put(key, encode_index(key))
        elif record.status in ENDED:
            self.ends = True
            key = keys.finished(record.updated, record.id)
            self.txn.put(key, encode_index(key))
        return -1

    def satisfied(self, row: Row) -> bool:
        """Return whether a flow has what it waits for, if it waits for anything."""
        waiting = row.record.waiting
        if waiting is None or waiting.due or waiting.kind in {"once", "intent"}:
            return True
        if waiting.kind in JOINS and waiting.left <= 0:
            return True
        return mailbox.has_any(self.txn, row)

    def leave(self, row: Row) -> None:
        """Take a flow out of the indexes that its status has."""
        record = row.record
        if record.status == "ready":
            queues.leave(self.txn, record, row.ticket)
        elif record.status == "running":
            self.txn.delete(keys.running(record.owner, record.id))
            # Another one may now take its place.
            self.wakes |= self._is_limited(record.queue)
        elif record.status == "waiting":
            timers.disarm(self.txn, record)
            watching.disarm(self.txn, record)
        elif record.status == "retrying":
            timers.disarm(self.txn, record)
        elif record.status == "hospital":
            self.txn.delete(keys.hospital(record.id))

    def _is_limited(self, queue: str) -> bool:
        if queue not in self._limited:
            key = keys.limits_of(queue)
            self._limited[queue] = self.txn.get(key) is not None
        return self._limited[queue]

    def queued(self, ticket: int, key: bytes, data: bytes) -> Row:
        """Return the flow of an entry of a queue. Raises BadRecord."""
        flow_id = decode_index(key, data)
        row = self.listed(flow_id)
        if row.ticket != ticket:
            raise _misplaced(flow_id, f"at place {ticket} of the queue")
        return row

    def under(self, prefix: bytes) -> list[bytes]:
        """Return the keys that begin so."""
        found = []
        with self.txn.cursor() as cursor:
            more = cursor.set_range(prefix)
            while more and (key := cursor.key()).startswith(prefix):
                found.append(key)
                more = cursor.next()
        return found

    def ids(self, prefix: str, limit: int) -> list[str]:
        """Return the first ids that begin so, in alphabetical order."""
        found: list[str] = []
        begin = keys.FLOW + prefix.encode()
        with self.txn.cursor() as cursor:
            more = cursor.set_range(begin)
            while more and len(found) < limit and cursor.key().startswith(begin):
                found.append(keys.flow_id(cursor.key()))
                more = cursor.set_range(keys.after_flow(found[-1]))
        return found

    def by_age(self, begin: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """Return entries of the index by age from a key on: key and record of each."""
        found: list[tuple[bytes, bytes]] = []
        with self.txn.cursor() as cursor:
            more = cursor.set_range(begin)
            while more and len(found) < limit and _is(cursor.key(), keys.CREATED):
                found.append(cursor.item())
                more = cursor.next()
        return found

    def owners(self) -> list[str]:
        """Return the workers that have running flows."""
        found = []
        with self.txn.cursor() as cursor:
            more = cursor.set_range(keys.RUNNING)
            while more and _is(key := cursor.key(), keys.RUNNING):
                owner, _ = keys.running_names(key)
                found.append(owner)
                more = cursor.set_range(keys.after_owner(key))
        return found

    def owned(self, owner: str) -> list[str]:
        """Return the ids of the flows that a worker has."""
        return [keys.running_names(key)[1] for key in self.under(keys.running(owner))]

    def owned_row(self, owner: str, flow_id: str) -> Row:
        """Return a flow that owned() gave. Raises BadRecord."""
        row = self.listed(flow_id)
        if row.record.status != "running" or row.record.owner != owner:
            raise _misplaced(flow_id, f"under worker {owner}")
        return row

    def listed(self, flow_id: str) -> Row:
        """Return a flow that an index names. Raises BadRecord."""
        try:
            return self.row(flow_id)
        except FlowNotFound as error:
            raise _misplaced(flow_id, "in an index") from error


#: What flows were written as last: the bytes alone decide whether it still holds.
_written: dict[str, tuple[bytes, Row]] = {}


def _remember(flow_id: str, data: bytes, row: Row) -> None:
    if len(_written) >= _WRITTEN_MAX:
        _written.clear()
    _written[flow_id] = (data, row)


def _decoded(flow_id: str, data: bytes) -> Row:
    """Return the flow that these bytes are. Raises BadRecord."""
    written = _written.get(flow_id)
    if written is not None and written[0] == data:
        return written[1]
    return decode_row(flow_id, data)


def _misplaced(flow_id: str, where: str) -> BadContents:
    return BadContents(
        f"flow {flow_id} is listed {where}, and is not there",
        hint="take the store from a copy",
    )


def _is(key: bytes, kind: bytes) -> bool:
    return key[:1] == kind
