"""One flow as one file: with its checkpoints, its result and its mailbox.

The file is a row of sealed records, each bound to its place in the row and preceded by
its length. The first tells how many there are of what; the last is the end. So a file
that was cut, or put together of two, is refused.
"""

from __future__ import annotations

import struct
from typing import IO, TYPE_CHECKING, Final, Literal, TypeVar

import msgspec
from msgspec.structs import replace

from greenflow import limits
from greenflow.envelope import seal, unseal
from greenflow.errors import BadContents, Truncated
from greenflow.parted import Buffer, Parted, buffers_of, stream_of
from greenflow.store import history, keys, mailbox, states
from greenflow.store.model import (
    ENDED,
    Checkpoint,
    FlowRecord,
    Source,
)
from greenflow.store.records import decode, unseal_message
from greenflow.store.spans import Span  # noqa: TC001
from greenflow.store.upkeep_keys import begin_file, resume_file
from greenflow.store.wrapping import WRAP_BYTES_MAX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from greenflow.parted import AnyState
    from greenflow.store.claiming import Transactions
    from greenflow.store.depot import Depot
    from greenflow.store.keyring import Keyring
    from greenflow.store.upkeep_keys import FileKey
    from greenflow.store.work import Work
    from greenflow.store.wrapping import Wrap

T = TypeVar("T")

#: From 2 on states can refer to code that comes with the source texts.
_FORMAT: Final = 2
_FORMATS: Final = (1, _FORMAT)
_KIND: Final = b"export"
_LENGTH: Final = struct.Struct("<Q")
#: Checkpoints, messages and texts of one flow that are read.
_ITEMS_MAX: Final = 100_000
#: A large value is cut into parts of this size.
_PART_BYTES: Final = 32 * 1024 * 1024


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    format: int
    record: FlowRecord
    next_seq: int
    items: int


class Item(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one record is of; its bytes are the body."""

    what: Literal["state", "part", "value", "result", "message", "key", "source", "end"]
    checkpoint: Checkpoint | None = None  #: of a state
    spans: list[Span] = []  #: its large values, which follow in parts
    seq: int = 0  #: of the checkpoint of a value, of a message
    topic: str = ""
    kind: Literal["value", "throw"] = "value"
    at: float | None = None  #: when a message is delivered
    source: Source | None = None


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """A flow as it was read from a file, or is to be written to one."""

    record: FlowRecord
    next_seq: int
    items: list[tuple[Item, bytes]]


_encode = msgspec.msgpack.Encoder().encode
_head = msgspec.msgpack.Decoder(_Head)
_item = msgspec.msgpack.Decoder(Item)


def export(
    store: Transactions, flow_id: str, texts: Callable[[bytes], Iterable[Source]]
) -> Exported:
    """Return a flow as it is at one moment. Raises FlowNotFound, BadRecord.

    Args:
        store: where it is.
        flow_id: its id.
        texts: returns the source texts of a state's code, and the code that it refers
            to; it is given the state's stream.
    """
    found = store.read(lambda work: _exported(work, flow_id, store.depot))
    told = {
        text.identity: (Item(what="source", source=replace(text, code=b"")), text.code)
        for item, stream in found.items
        if item.what == "state"
        for text in texts(stream)
    }
    return replace(found, items=[*found.items, *told.values()])


def _exported(work: Work, flow_id: str, depot: Depot) -> Exported:
    row = work.row(flow_id)
    items: list[tuple[Item, bytes]] = []
    for seq in history.kept(work, row):
        raw, beside = history.fetch(work, row, seq)
        known, state = states.opened(raw, depot)
        item = Item(what="state", checkpoint=known.checkpoint, spans=known.spans)
        items.append((item, stream_of(state)))
        items += _parts(buffers_of(state))
        if beside:
            value = states.unseal_value(flow_id, seq, beside)
            items.append((Item(what="value", seq=seq), value))
    if row.has_value and row.record.status in ENDED:
        seq = history.value_seq(row.record)
        result = states.unseal_value(flow_id, seq, history.value(work, flow_id, seq))
        items.append((Item(what="result"), result))
    items += _messages(work, flow_id)
    sent = keys.sent(flow_id)
    items += [(Item(what="key"), key[len(sent) :]) for key in work.under(sent)]
    return Exported(record=row.record, next_seq=row.next_seq, items=items)


def _parts(large: Iterable[Buffer]) -> Iterator[tuple[Item, bytes]]:
    for each in large:
        with memoryview(each.data) as view:
            for at in range(0, each.size, _PART_BYTES):
                yield Item(what="part"), bytes(view[at : at + _PART_BYTES])


def put_together(
    items: Iterable[tuple[Item, bytes]],
) -> Iterator[tuple[Item, AnyState]]:
    """Yield all items, with large values where they belong. Raises BadContents."""
    left = iter(items)
    for item, body in left:
        if item.what == "part":
            raise BadContents("a part of a large value belongs to none")
        if not item.spans:
            yield item, body
            continue
        large = [_whole(span, left) for span in item.spans]
        yield item, Parted(body, tuple(large))


def _whole(span: Span, left: Iterator[tuple[Item, bytes]]) -> Buffer:
    found: list[bytes] = []
    missing = span.size
    while missing > 0:
        item, body = next(left, (None, b""))
        missing -= len(body)
        if item is None or item.what != "part" or not body or missing < 0:
            raise BadContents(f"a large value of {span.size} bytes is not whole")
        found.append(body)
    return Buffer(*span, b"".join(found))


def _messages(work: Work, flow_id: str) -> Iterator[tuple[Item, bytes]]:
    delayed = [
        key[: -keys.PIECE_BYTES]
        for key in work.under(keys.DELAYED)
        if key.endswith(bytes(keys.PIECE_BYTES)) and keys.delayed_id(key) == flow_id
    ]
    waiting = mailbox.prefixes(work.txn, keys.mailbox(flow_id))
    for prefix in [*waiting, *delayed]:
        found = mailbox.first(work.txn, prefix)
        if found is None:
            continue
        message = unseal_message(prefix, found.record)
        at = keys.timer_seconds(prefix) if prefix[:1] == keys.DELAYED else None
        item = Item(
            what="message",
            seq=message.seq,
            topic=message.topic,
            kind=message.kind,
            at=at,
        )
        yield item, message.body


def write_file(exported: Exported, file: IO[bytes], wrap: Wrap | None = None) -> None:
    """Write a flow into a file, signed as a store with a key is that ``wrap`` is of."""
    key = begin_file(wrap, file)
    head = _Head(
        format=_FORMAT,
        record=exported.record,
        next_seq=exported.next_seq,
        items=len(exported.items),
    )
    _put(file, key, 0, _encode(head), b"")
    for number, (item, body) in enumerate(exported.items, 1):
        _put(file, key, number, _encode(item), body)
    _put(file, key, len(exported.items) + 1, _encode(Item(what="end")), b"")


def read_file(
    file: IO[bytes], ring: Keyring | None = None, *, unsigned: bool = False
) -> Exported:
    """Return the flow that a file has.

    Args:
        file: which; it must be able to seek.
        ring: the keys of the store that it is for, if that has any.
        unsigned: take also one that none of them has signed.

    Raises:
        BadRecord: it is damaged, or not signed and must be.
        WrongKey, ExtraMissing: it cannot be verified, or decrypted.
    """
    key = resume_file(ring, file, unsigned=unsigned)
    head = _decoded(_head, _get(file, key, 0)[0])
    if head.format not in _FORMATS or not 0 <= head.items <= _ITEMS_MAX:
        raise BadContents(
            f"an exported flow of format {head.format} with {head.items} items"
        )
    items = []
    for number in range(1, head.items + 1):
        told, body = _get(file, key, number)
        items.append((_decoded(_item, told), body))
    end, _ = _get(file, key, head.items + 1)
    if _decoded(_item, end).what != "end" or file.read(1):
        raise BadContents("an exported flow goes on behind its end")
    return Exported(record=head.record, next_seq=head.next_seq, items=items)


def _put(
    file: IO[bytes], key: FileKey | None, number: int, head: bytes, body: bytes
) -> None:
    place = _LENGTH.pack(number)
    record = seal(_KIND, place, head, body)
    if key is not None:
        record = key.closed(place, record)
    file.write(_LENGTH.pack(len(record)))
    file.write(record)


def _get(file: IO[bytes], key: FileKey | None, number: int) -> tuple[bytes, bytes]:
    length = file.read(_LENGTH.size)
    if len(length) < _LENGTH.size:
        raise Truncated("the file of an exported flow ends in the middle")
    (size,) = _LENGTH.unpack(length)
    if size > limits.STATE_BYTES_MAX + WRAP_BYTES_MAX:
        raise BadContents(f"no exported flow: a record of it has {size} bytes")
    place, record = _LENGTH.pack(number), file.read(size)
    if len(record) != size:
        raise Truncated("the file of an exported flow ends in the middle")
    if key is not None:
        record = key.opened(place, record)
    return unseal(_KIND, place, record)


def _decoded(decoder: msgspec.msgpack.Decoder[T], told: bytes) -> T:
    return decode(decoder, told, "an exported flow")
