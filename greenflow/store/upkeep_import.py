"""A flow from a file that :mod:`greenflow.store.upkeep_export` wrote.

It comes as it was saved last: one that was running is ready, and one whose wait is over
here too. Flows that it waits for and that are not here count as ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from greenflow.errors import BadContents, FlowNotFound
from greenflow.parted import Parted
from greenflow.store import (
    creating,
    history,
    keys,
    mailbox,
    sources,
    states,
    watching,
)
from greenflow.store.model import ENDED, NewFlow
from greenflow.store.records import Row, encode_index
from greenflow.store.upkeep_export import put_together

if TYPE_CHECKING:
    from greenflow.parted import AnyState
    from greenflow.store.claiming import Transactions
    from greenflow.store.depot import Depot
    from greenflow.store.mailbox import Letter
    from greenflow.store.model import Checkpoint, FlowRecord, Status
    from greenflow.store.records import Packed
    from greenflow.store.sources import SealedSource
    from greenflow.store.states import State
    from greenflow.store.upkeep_export import Exported, Item
    from greenflow.store.work import Work

_DIGEST_BYTES = 16
_IDENTITY_LENGTHS = (keys.HASH_BYTES, keys.IDENTITY_BYTES)


class _Incoming:
    """A flow with all its bytes made before the transaction begins."""

    def __init__(self, exported: Exported, flow_id: str, depot: Depot) -> None:
        self._depot = depot
        self.record = replace(exported.record, id=flow_id, owner="", blocked="")
        self.next_seq = exported.next_seq
        self.saved: list[tuple[Checkpoint, State]] = []
        self.values: dict[int, Packed] = {}
        self.letters: list[tuple[Letter, int]] = []
        self.sent: list[bytes] = []
        self.sources: list[SealedSource] = []
        self._blocks: set[bytes] = set()
        try:
            for item, body in put_together(exported.items):
                self._add(item, body)
            self._check()
        except BaseException:
            for state in self.states:
                state.written(is_there=False)
            raise

    @property
    def states(self) -> list[State]:
        """The states of all its checkpoints."""
        return [state for _, state in self.saved]

    def _add(self, item: Item, body: AnyState) -> None:
        flow_id = self.record.id
        if item.what == "state" and item.checkpoint is not None:
            state = states.prepare(flow_id, body, lambda _: self._blocks, self._depot)
            self._blocks.update(each.digest for each in state.blocks)
            self.saved.append((item.checkpoint, state))
        elif isinstance(body, Parted):
            raise BadContents(f"a {item.what} with large values beside it")
        elif item.what in {"value", "result"}:
            seq = self.record.seq + 1 if item.what == "result" else item.seq
            self.values[seq] = states.prepare_value(flow_id, body)
        elif item.what == "message":
            made = mailbox.letter(flow_id, item.topic, body, item.kind)
            self.letters.append((replace(made, at=item.at), item.seq))
        elif item.what == "key":
            self.sent.append(body)
        elif item.what == "source" and item.source is not None:
            source = replace(item.source, code=body)
            if len(source.identity) not in _IDENTITY_LENGTHS:
                raise BadContents("a source text of no code")
            self.sources += filter(None, [sources.prepare(source)])

    @property
    def result(self) -> Packed | None:
        """The result, or the exception, of a flow that has ended."""
        return self.values.get(self.record.seq + 1)

    def _check(self) -> None:
        """Refuse what no store would have written. Raises BadContents."""
        record = self.record
        seqs = [checkpoint.seq for checkpoint, _ in self.saved]
        wrong = (
            not seqs
            or seqs != sorted(set(seqs))
            or seqs[0] < 0
            or seqs[-1] != record.seq
            or any(made.size != state.size for made, state in self.saved)
            or any(not 0 <= seq < self.next_seq for _, seq in self.letters)
            or any(len(digest) != _DIGEST_BYTES for digest in self.sent)
            or (record.retry_at is not None) != (record.status == "retrying")
            or (record.status == "hospital" and not record.trouble)
            or (record.status in ENDED and record.waiting is not None)
        )
        if wrong:
            raise BadContents(f"what was exported of flow {record.id} does not fit")


def import_flow(store: Transactions, exported: Exported, flow_id: str = "") -> str:
    """Add an exported flow to a store; return its id.

    Args:
        store: the store.
        exported: the flow.
        flow_id: another id than it had.

    Raises:
        FlowExists: the id is taken.
        BadRecord: the flow is none that a store would have.
        ValueError: it cannot be an id.
    """
    record = replace(exported.record, id=flow_id or exported.record.id)
    creating.check(NewFlow(record=record, state=b"", kind="import"))
    incoming = _Incoming(exported, record.id, store.depot)
    with states.writing(incoming.states):
        store.write(lambda work: _write(work, incoming))
    return incoming.record.id


def _write(work: Work, incoming: _Incoming) -> None:
    flow_id = incoming.record.id
    if work.has(flow_id):
        raise creating.taken(flow_id)
    record = _with_parent(work, incoming.record)
    record = replace(record, waiting=watching.counted(work, record.waiting))
    creating.list_flow(work, record)
    row = Row(record=record, oldest=incoming.saved[0][0].seq)
    for checkpoint, state in incoming.saved:
        value = incoming.values.get(checkpoint.seq)
        row = history.save(work, row, checkpoint, state, value)
    if record.status in ENDED:
        row = history.put_value(work, row, row.record.seq + 1, incoming.result)
    row = _with_messages(work, row, incoming)
    for text in incoming.sources:
        sources.put(work, text)
    work.change(work.enter(row, _status(work, row), record.updated))


def _with_parent(work: Work, record: FlowRecord) -> FlowRecord:
    """Return it without a parent that is not here."""
    try:
        here = work.row(record.parent).record.created <= record.created
    except FlowNotFound:
        here = False
    return record if here else replace(record, parent="", forked=None)


def _with_messages(work: Work, row: Row, incoming: _Incoming) -> Row:
    flow_id, delayed = row.record.id, 0
    for item, seq in incoming.letters:
        prefix = keys.message(flow_id, item.topic, seq)
        if item.at is not None:
            prefix = keys.delayed(item.at, flow_id, seq)
            delayed += 1
            work.wakes = True
        mailbox.put_pieces(work.txn, prefix, item)
    for digest in incoming.sent:
        key = keys.sent(flow_id) + digest
        work.txn.put(key, encode_index(key))
    return replace(
        row,
        next_seq=incoming.next_seq,
        messages=len(incoming.letters) - delayed,
        delayed=delayed,
    )


def _status(work: Work, row: Row) -> Status:
    status = row.record.status
    if status == "waiting":
        return "ready" if work.satisfied(row) else "waiting"
    return "ready" if status in {"running", "held"} else status
