"""The checkpoints of a flow: each saved state in a place of its own.

What holds after every transaction: the last checkpoint of a flow is the one that its
record names by ``seq``; of those before it, the last ones are kept, as many as the
store was told, and labelled ones. A block is there if and only if a checkpoint that is
there refers to it. How a flow ended lies behind its last checkpoint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from greenflow import limits
from greenflow.errors import BadRecord, NoSuchCheckpoint
from greenflow.later import later_all
from greenflow.store import keys, pieces, states
from greenflow.store.model import ENDED
from greenflow.store.records import Packed, encode_index

if TYPE_CHECKING:
    from collections.abc import Iterable

    from greenflow.store import blocks, filed, filling, settings
    from greenflow.store.model import Checkpoint, FlowRecord
    from greenflow.store.records import Row
    from greenflow.store.states import Raw, State
    from greenflow.store.work import Work
else:
    _LATE = ("blocks", "filed", "filling", "settings")
    blocks, filed, filling, settings = later_all(__name__, "greenflow.store", *_LATE)


#: Checkpoints that are not kept any more, and are deleted together with later ones.
_SLACK: Final = 16


def save(
    work: Work, row: Row, checkpoint: Checkpoint, state: State, value: Packed | None
) -> Row:
    """Add a checkpoint, which is the flow's last from here on; return the flow.

    Those that are not to be kept any more are deleted.
    """
    flow_id, seq = row.record.id, checkpoint.seq
    _write_blocks(work, flow_id, state)
    sealed = states.seal_state(flow_id, checkpoint, state, has_value=value is not None)
    pieces.put(work.txn, keys.part(keys.STATE, flow_id, seq), sealed)
    record = replace(row.record, seq=seq, state_bytes=checkpoint.size)
    row = replace(row, record=record, shares=bool(state.blocks))
    row = put_value(work, row, seq, value)
    if checkpoint.label:
        row = _pin(work, row, seq)
    return prune(work, row)


def put_value(work: Work, row: Row, seq: int, value: Packed | None) -> Row:
    """Let this be the flow's value, of a checkpoint or behind the last one."""
    if value is not None:
        flow_id = row.record.id
        prefix = keys.part(keys.VALUE, flow_id, seq)
        pieces.put(work.txn, prefix, states.seal_value(flow_id, seq, value))
    return replace(row, has_value=value is not None)


def value_seq(record: FlowRecord) -> int:
    """Return under which number the value of a flow lies, if it has one."""
    return record.seq + (record.status in ENDED)


def _pin(work: Work, row: Row, seq: int) -> Row:
    """Keep a checkpoint, and let go of the oldest if too many are kept so."""
    flow_id = row.record.id
    key = keys.part(keys.LABELLED, flow_id, seq)
    work.txn.put(key, encode_index(key))
    if row.labelled < limits.LABELLED_KEPT_MAX:
        return replace(row, labelled=row.labelled + 1)
    for oldest in numbers(work, flow_id):
        pin = keys.part(keys.LABELLED, flow_id, oldest)
        if work.txn.delete(pin):
            if oldest < row.oldest:
                drop(work, flow_id, [oldest])
            break
    return row


def prune(work: Work, row: Row, slack: int = _SLACK) -> Row:
    """Delete the checkpoints that are not to be kept; return the flow.

    So many as ``slack`` are left for another time: to delete several that lie side by
    side costs no more than to delete one.
    """
    flow_id, last = row.record.id, row.record.seq
    wanted = _wanted(work)
    if wanted is None:
        return row  # doctor tells of it; what is deleted never comes back
    oldest = last + 1 - wanted
    if oldest <= row.oldest + min(slack, wanted - 1):
        return row
    void = range(row.oldest, oldest)
    drop(work, flow_id, [seq for seq in void if not _is_labelled(work, flow_id, seq)])
    return replace(row, oldest=oldest)


def _wanted(work: Work) -> int | None:
    """Return how many of the last checkpoints are kept; None if that is damaged."""
    try:
        return max(settings.get_history(work), 1)
    except BadRecord:
        return None


def _is_labelled(work: Work, flow_id: str, seq: int) -> bool:
    return work.txn.get(keys.part(keys.LABELLED, flow_id, seq)) is not None


def count_labelled(work: Work, flow_id: str) -> int:
    """Return how many checkpoints are kept for their labels."""
    return sum(_is_labelled(work, flow_id, seq) for seq in numbers(work, flow_id))


def kept(work: Work, row: Row) -> list[int]:
    """Return the numbers of the checkpoints that are kept, the oldest first."""
    flow_id, wanted = row.record.id, _wanted(work)
    oldest = 0 if wanted is None else row.record.seq + 1 - wanted
    return [
        seq
        for seq in numbers(work, flow_id)
        if seq >= oldest or _is_labelled(work, flow_id, seq)
    ]


def drop(work: Work, flow_id: str, seqs: Iterable[int]) -> int:
    """Delete checkpoints, with the blocks that only they have; return how many keys."""
    used, gone = 0, set[bytes]()
    shares = pieces.has_any(work.txn, keys.block(flow_id))
    for seq in seqs:
        if shares:
            gone.update(_digests(work, flow_id, seq) or ())
        used += pieces.delete(work.txn, keys.checkpoint(flow_id, seq))
    return used + _delete_unused(work, flow_id, gone)


def _delete_unused(work: Work, flow_id: str, gone: set[bytes]) -> int:
    """Delete those of some blocks that no checkpoint refers to."""
    if gone:
        for seq in reversed(numbers(work, flow_id)):
            kept = _digests(work, flow_id, seq)
            if kept is None:
                return 0  # it cannot be read, and may need any of them
            gone.difference_update(kept)
            if not gone:
                break
    return filed.delete(work, flow_id, gone)


def _digests(work: Work, flow_id: str, seq: int) -> list[bytes] | None:
    """Return the blocks of a checkpoint; None if it is damaged: see doctor."""
    try:
        record = pieces.get(work.txn, keys.part(keys.STATE, flow_id, seq))
        return states.unseal_state(flow_id, seq, record).digests
    except BadRecord:
        return None


def numbers(work: Work, flow_id: str) -> list[int]:
    """Return the numbers of the checkpoints that are stored, the oldest first."""
    found: list[int] = []
    begin = keys.checkpoint(flow_id)
    with work.txn.cursor() as cursor:
        more = cursor.set_range(begin)
        while more and (key := cursor.key()).startswith(begin):
            seq = keys.checkpoint_seq(key)
            if key.startswith(keys.part(keys.VALUE, flow_id, seq)):
                break  # how it ended: there is no state beside it
            found.append(seq)
            more = cursor.set_range(keys.checkpoint(flow_id, seq) + b"\xff")
    return found


def fetch(work: Work, row: Row, seq: int) -> tuple[Raw, bytes]:
    """Return the state of a checkpoint, and the record of its value or b"".

    Raises NoSuchCheckpoint, BadRecord.
    """
    flow_id, there = row.record.id, kept(work, row)
    if seq not in there and seq != row.record.seq:
        raise _not_kept(flow_id, seq, there)
    record = pieces.get(work.txn, keys.part(keys.STATE, flow_id, seq))
    known = states.unseal_state(flow_id, seq, record)
    parts = _read_blocks(work, flow_id, known.stream)
    beside = value(work, flow_id, seq) if known.has_value else b""
    return states.Raw(flow_id, seq, record, parts, work.folder, work.cipher), beside


def current(work: Work, row: Row) -> Raw:
    """Return the last saved state of a flow. Raises BadRecord."""
    flow_id, seq = row.record.id, row.record.seq
    record = pieces.get(work.txn, keys.part(keys.STATE, flow_id, seq))
    parts: list[bytes] = []
    if row.shares:  # else it need not be looked into here
        digests = states.unseal_state(flow_id, seq, record).stream
        parts = _read_blocks(work, flow_id, digests)
    return states.Raw(flow_id, seq, record, parts, work.folder, work.cipher)


def firsts(work: Work, raw: Raw) -> list[bytes]:
    """Return the first bytes of each large value of a state. Raises BadRecord."""
    known = states.unseal_state(raw.flow, raw.seq, raw.record)
    found, at = [], 0
    for span in known.spans:
        block = filling.block_in(work, raw.flow, known.digests[at])
        found.append(block[: limits.BUFFER_SHOWN_BYTES])
        at += span.blocks
    return found


def value(work: Work, flow_id: str, seq: int) -> bytes:
    """Return the record of a value that is there. Raises Truncated."""
    return pieces.get(work.txn, keys.part(keys.VALUE, flow_id, seq))


def checkpoints(work: Work, row: Row) -> list[Checkpoint]:
    """Return what is kept of a flow, the oldest first. Raises BadRecord."""
    flow_id, found = row.record.id, []
    for seq in kept(work, row):
        record = pieces.get(work.txn, keys.part(keys.STATE, flow_id, seq))
        found.append(states.unseal_state(flow_id, seq, record).checkpoint)
    return found


def stored(work: Work, flow_id: str, digests: list[bytes]) -> set[bytes]:
    """Return which blocks of a flow are stored: of these, or if these are none, all."""
    if not digests:
        begin = keys.block(flow_id)
        return {blocks.digest_in(key) for key in work.under(begin)}
    return {
        digest
        for digest in digests
        if pieces.is_there(work.txn, keys.block(flow_id, digest))
    }


def _write_blocks(work: Work, flow_id: str, state: State) -> None:
    placed: list[bytes] = []
    for block in state.blocks:
        prefix = keys.block(flow_id, block.digest)
        if pieces.is_there(work.txn, prefix):
            continue
        if block.place is not None:
            body = Packed(b"", block.plain_bytes, False)
            placed.append(block.digest)
        else:
            body = block.packed or blocks.pack_block(block)
        pieces.put(work.txn, prefix, blocks.seal_block(flow_id, block, body))
    if state.made.file is not None:
        filed.put(work, flow_id, state.made.file.name, placed)


def _read_blocks(work: Work, flow_id: str, digests: list[bytes]) -> list[bytes]:
    return [pieces.get(work.txn, keys.block(flow_id, digest)) for digest in digests]


def _not_kept(flow_id: str, seq: int, there: list[int]) -> NoSuchCheckpoint:
    named = ", ".join(map(str, there[-limits.CHECKPOINTS_KEPT :]))
    return NoSuchCheckpoint(
        f"flow {flow_id} keeps no checkpoint {seq}; it has {named}",
        hint=f"see what there is: greenflow history {flow_id}",
    )
