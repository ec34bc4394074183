"""The flows that one transaction reads and changes, and the indexes over them.

What holds after every transaction: a flow is ready if and only if it has a place in the
queue (its ticket), running if and only if it is listed under its owner, and waiting
until a time if and only if it is listed under that (:mod:`greenflow.store.timers`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from greenflow.errors import BadContents, FlowNotFound, Truncated
from greenflow.store import keys, timers
from greenflow.store.records import (
    Part,
    Row,
    Sealed,
    decode_index,
    decode_row,
    encode_index,
    encode_row,
)

if TYPE_CHECKING:
    from collections.abc import Generator

    import lmdb

    from greenflow.store.base import Status

#: Flows that are kept decoded. A worker commits the same one again and again.
_WRITTEN_MAX: Final = 256


class Work:
    """One transaction's view: a flow is decoded once, and written once, by flush()."""

    def __init__(self, txn: lmdb.Transaction[bytes]) -> None:
        self.txn = txn
        #: Whether a flow can run now, or at another time, that could not before.
        self.wakes = False
        self._rows: dict[str, Row] = {}
        self._changed: set[str] = set()

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

    def change(self, row: Row) -> None:
        """Let this be the flow from here on."""
        flow_id = row.record.id
        self._rows[flow_id] = row
        self._changed.add(flow_id)

    def flush(self) -> None:
        """Write all changed flows."""
        for flow_id in self._changed:
            row = self._rows[flow_id]
            data = encode_row(row)
            self.txn.put(keys.flow(flow_id), data)
            _remember(flow_id, data, row)

    def move(self, row: Row, status: Status, now: float, owner: str = "") -> Row:
        """Return the flow in another status, with the indexes changed to that."""
        record = row.record
        ticket = row.ticket
        if (status, owner) != (record.status, record.owner):
            self._leave_indexes(row)
            ticket = -1
            if status == "waiting":
                self.wakes |= timers.arm(self.txn, record)
            elif status == "ready":
                self.wakes = True
                ticket = self._next_ticket()
                key = keys.ready(ticket)
                self.txn.put(key, encode_index(key, record.id))
            elif status == "running":
                key = keys.running(owner, record.id)
                self.txn.put(key, encode_index(key))
        moved = replace(record, status=status, owner=owner, updated=now)
        return replace(row, record=moved, ticket=ticket)

    def _leave_indexes(self, row: Row) -> None:
        record = row.record
        if record.status == "ready":
            self.txn.delete(keys.ready(row.ticket))
        elif record.status == "running":
            self.txn.delete(keys.running(record.owner, record.id))
        elif record.status == "waiting":
            timers.disarm(self.txn, record)

    def _next_ticket(self) -> int:
        with self.txn.cursor() as cursor:
            # The queue's end is before the first key of the next kind.
            found = cursor.set_range(keys.RUNNING)
            if (cursor.prev() if found else cursor.last()) and _is(
                cursor.key(), keys.READY
            ):
                return keys.ready_ticket(cursor.key()) + 1
        return 0

    def write_part(
        self, kind: bytes, flow_id: str, old: Part | None, new: Sealed
    ) -> None:
        """Write a state or a value, in place of the old one if there is one."""
        prefix = keys.part(kind, flow_id)
        for number, piece in enumerate(new.pieces):
            self.txn.put(keys.piece(prefix, number), piece)
        self._delete_pieces(prefix, len(new.pieces), old.pieces if old else 0)

    def delete_part(self, kind: bytes, flow_id: str, old: Part) -> None:
        """Delete a state or a value."""
        self._delete_pieces(keys.part(kind, flow_id), 0, old.pieces)

    def _delete_pieces(self, prefix: bytes, begin: int, end: int) -> None:
        for number in range(begin, end):
            self.txn.delete(keys.piece(prefix, number))

    def read_part(self, kind: bytes, flow_id: str, part: Part) -> bytes:
        """Return the sealed record of a state or a value. Raises Truncated."""
        prefix = keys.part(kind, flow_id)
        pieces = []
        for number in range(part.pieces):
            piece = self.txn.get(keys.piece(prefix, number))
            if piece is None:
                raise Truncated(
                    f"piece {number} of {part.pieces} of {prefix!r} is not there",
                    hint="take the store from a copy",
                )
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def queue(self) -> Generator[tuple[int, bytes, bytes], None, None]:
        """Yield the ready flows, longest first: ticket, key and record of each.

        Nothing may be written before the iterator is closed.
        """
        with self.txn.cursor() as cursor:
            found = cursor.set_range(keys.READY)
            while found and _is(key := cursor.key(), keys.READY):
                yield keys.ready_ticket(key), key, cursor.value()
                found = cursor.next()

    def queued(self, ticket: int, key: bytes, data: bytes) -> Row:
        """Return the flow of an entry that queue() gave. Raises BadRecord."""
        flow_id = decode_index(key, data)
        row = self.listed(flow_id)
        if row.ticket != ticket:
            raise _misplaced(flow_id, f"at place {ticket} of the queue")
        return row

    def has_ready(self) -> bool:
        """Return whether any flow is ready."""
        with self.txn.cursor() as cursor:
            return cursor.set_range(keys.READY) and _is(cursor.key(), keys.READY)

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
                more = cursor.set_range(keys.after_owner(owner))
        return found

    def owned(self, owner: str) -> list[str]:
        """Return the ids of the flows that a worker has."""
        prefix = keys.running(owner)
        found = []
        with self.txn.cursor() as cursor:
            more = cursor.set_range(prefix)
            while more and (key := cursor.key()).startswith(prefix):
                found.append(keys.running_names(key)[1])
                more = cursor.next()
        return found

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
