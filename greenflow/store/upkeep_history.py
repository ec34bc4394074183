"""doctor's look at the checkpoints of a flow: states, values, blocks, labels."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from greenflow import limits
from greenflow.errors import BadRecord
from greenflow.store import filling, history, keys, logbook, pieces, states
from greenflow.store.records import cut, decode_index, encode_index
from greenflow.store.upkeep_finding import Found, derived, lost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenflow.store.records import Row
    from greenflow.store.states import Known
    from greenflow.store.work import Work


class _Seen:
    """What the checkpoints of a flow were found to have."""

    def __init__(self, work: Work, row: Row) -> None:
        self.work, self.row, self.id = work, row, row.record.id
        self.states: dict[int, Known] = {}
        #: The keys that belong to them.
        self.known = {keys.flow(self.id)}
        self.logged = logbook.under(self.id)
        #: Whether one could not be read, so that it is not known what it needs.
        self.unread = False

    def get(self, prefix: bytes) -> bytes:
        """Return the record that lies under a prefix. Raises Truncated."""
        record = pieces.get(self.work.txn, prefix)
        self.known |= {keys.piece(prefix, at) for at in range(len(cut(record)))}
        return record

    def lost(self, kind: str, error: Exception | str) -> Found:
        """Return that something of it cannot be read."""
        self.unread = True
        return lost(kind, self.id, error)


def examine(work: Work, row: Row) -> list[Found]:
    """Return what is wrong with the checkpoints of a flow."""
    seen = _Seen(work, row)
    found = [*_states(seen), *_values(seen), *_blocks(seen), *_labels(seen)]
    found += _logged(seen)
    return found if seen.unread else [*found, *_spare(seen)]


def _states(seen: _Seen) -> Iterator[Found]:
    for seq in sorted({*history.numbers(seen.work, seen.id), seen.row.record.seq}):
        try:
            record = seen.get(keys.part(keys.STATE, seen.id, seq))
            known = states.unseal_state(seen.id, seq, record)
            seen.states[seq] = known
            if not known.stream:
                states.opened_stream(states.Raw(seen.id, seq, record, []))
        except BadRecord as error:
            yield seen.lost("damaged-state", error)


def _values(seen: _Seen) -> Iterator[Found]:
    wanted = {seq for seq, known in seen.states.items() if known.has_value}
    if seen.row.has_value:
        wanted.add(history.value_seq(seen.row.record))
    for seq in sorted(wanted):
        try:
            record = seen.get(keys.part(keys.VALUE, seen.id, seq))
            states.unseal_value(seen.id, seq, record)
        except BadRecord as error:
            yield seen.lost("damaged-value", error)


def _blocks(seen: _Seen) -> Iterator[Found]:
    """Look at each block once, however many checkpoints refer to it."""
    sizes: dict[bytes, int] = {}
    for digest in {each for known in seen.states.values() for each in known.digests}:
        try:
            seen.get(keys.block(seen.id, digest))
            sizes[digest] = len(filling.block_in(seen.work, seen.id, digest))
        except BadRecord as error:
            yield seen.lost("damaged-state", error)
    for seq, known in seen.states.items():
        size = sum(sizes.get(digest, 0) for digest in known.digests)
        size += 0 if known.stream else known.body.plain_bytes
        if known.digests and not seen.unread and size != known.checkpoint.size:
            text = f"checkpoint {seq} has {size} bytes, not {known.checkpoint.size}"
            yield seen.lost("damaged-state", text)


def _logged(seen: _Seen) -> Iterator[Found]:
    """Look at what it logged, which is shown only."""
    for key in seen.work.under(seen.logged):
        number = int.from_bytes(key[-keys.SEQ_BYTES :], "big")
        try:
            [*logbook.opened([(key, seen.work.txn.get(key, b""))])]
        except BadRecord as error:
            text = f"a log line of flow {seen.id} is damaged: {error.message}"
            yield derived("damaged-log", seen.id, text, partial(_delete, key))
            continue
        if number >= seen.row.logged:
            text = f"flow {seen.id} has log line {number} of {seen.row.logged}"
            yield derived("spare-piece", seen.id, text, partial(_delete, key))


def _spare(seen: _Seen) -> Iterator[Found]:
    """Look for what belongs to no checkpoint."""
    for key in seen.work.under(keys.flow(seen.id)):
        if key not in seen.known and not key.startswith(seen.logged):
            text = f"flow {seen.id} has a piece that is none of its: {key!r}"
            yield derived("spare-piece", seen.id, text, partial(_delete, key))


def _labels(seen: _Seen) -> Iterator[Found]:
    """Compare labels with what keeps the checkpoints that have them."""
    row, count = seen.row, 0
    for seq, known in seen.states.items():
        key = keys.part(keys.LABELLED, seen.id, seq)
        data = seen.work.txn.get(key)
        count += data is not None
        if data is not None:
            seen.known.add(key)
            if _is_bad(key, data):
                text = f"the label of checkpoint {seq} of flow {seen.id} is damaged"
                yield derived("damaged-entry", seen.id, text, partial(_list, key))
        elif known.checkpoint.label and row.labelled < limits.LABELLED_KEPT_MAX:
            text = f"checkpoint {seq} of flow {seen.id} is not kept for its label"
            repair = partial(_label, seen.id, key)
            yield derived("missing-entry", seen.id, text, repair)
    if count != row.labelled and not seen.unread:
        text = f"flow {seen.id} counts {row.labelled} labelled checkpoints, not {count}"
        yield derived("wrong-count", seen.id, text, partial(_recount, seen.id))


def _is_bad(key: bytes, data: bytes) -> bool:
    try:
        decode_index(key, data)
    except BadRecord:
        return True
    return False


def _delete(key: bytes, work: Work) -> None:
    work.txn.delete(key)


def _list(key: bytes, work: Work) -> None:
    work.txn.put(key, encode_index(key))


def _label(flow_id: str, key: bytes, work: Work) -> None:
    _list(key, work)
    _recount(flow_id, work)


def _recount(flow_id: str, work: Work) -> None:
    count = history.count_labelled(work, flow_id)
    work.change(replace(work.row(flow_id), labelled=count))
