"""Flows, messages and saved values as bytes, each sealed for the key it lies under.

A large record is cut into pieces of one LMDB page each: longer values need runs of
free pages, and a store with values of many sizes would grow and grow for want of them.
The seal is around the whole, so a piece that is lost or replaced is found out too.
"""

import zlib
from typing import Literal, TypeVar

import msgspec

from greenflow import limits
from greenflow.envelope import OVERHEAD_BYTES, seal, unseal
from greenflow.errors import BadContents, TooLarge
from greenflow.store import keys
from greenflow.store.base import FlowRecord, Message

T = TypeVar("T")

#: The format of everything in the store, recorded when it is made. From 3 on states can
#: refer to code that lies with the store's source texts.
FORMAT = 3
#: Formats that are read, and written into.
FORMATS = (2, FORMAT)
#: How a value begins that is signed or encrypted (:mod:`greenflow.store.wrapping`).
WRAPPED = b"\x93gk"
_HEADS_BYTES = 1024
_SMALL_WINDOW_BITS = 13
_MEMORY_LEVEL = 5


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """What a store says of itself; another greenflow or machine may refuse it."""

    format: int
    engine: str  #: and the number of its data format
    page_bytes: int
    store: str  #: an id made with the store
    created: float  #: seconds since the epoch
    era: str = ""  #: with a key: an id that is new whenever all was signed anew
    encrypted: bool = False


class Row(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A flow as it is stored: its record and what only the store needs to know."""

    record: FlowRecord
    shares: bool = False  #: its state is in blocks
    has_value: bool = False  #: a payload; if it has ended, a result or an exception
    ticket: int = -1  #: its place among the ready flows; -1 while it is not ready
    next_seq: int = 0  #: of the next message
    messages: int = 0  #: in the mailbox
    delayed: int = 0  #: messages that will be
    oldest: int = 0  #: checkpoints before it are gone, but for labelled ones
    labelled: int = 0  #: checkpoints that are
    logged: int = 0  #: lines so far; the number of the next


class Packed(msgspec.Struct, frozen=True):
    """Bytes of a user's, compressed if that makes them smaller."""

    data: bytes
    plain_bytes: int
    compressed: bool


class _MessageHead(msgspec.Struct, frozen=True, array_like=True):
    topic: str
    seq: int
    kind: Literal["value", "throw"]
    plain_bytes: int
    compressed: bool


_encode = msgspec.msgpack.Encoder().encode
_meta = msgspec.msgpack.Decoder(Meta)
_row = msgspec.msgpack.Decoder(Row)
_message_head = msgspec.msgpack.Decoder(_MessageHead)


def encode_meta(meta: Meta) -> bytes:
    """Return the record of what a store says of itself."""
    return seal(b"store", keys.META, _encode(meta), b"")


def decode_meta(data: bytes) -> Meta:
    """Return what :func:`encode_meta` was given. Raises BadRecord."""
    return decode(_meta, unseal(b"store", keys.META, data)[0], "the store")


def encode_row(row: Row) -> bytes:
    """Return the record of a flow. Raises TooLarge."""
    return seal(b"flow", row.record.id.encode(), _encode(row), b"")


def decode_row(flow_id: str, data: bytes) -> Row:
    """Return what :func:`encode_row` was given. Raises BadRecord."""
    head = unseal(b"flow", flow_id.encode(), data)[0]
    row = decode(_row, head, f"flow {flow_id}")
    if (row.ticket >= 0) != (row.record.status == "ready"):
        raise BadContents(
            f"flow {flow_id} is {row.record.status} with ticket {row.ticket}"
        )
    return row


def encode_index(key: bytes, flow_id: str = "") -> bytes:
    """Return the record of an entry of an index."""
    return seal(b"index", key, b"", flow_id.encode())


def decode_index(key: bytes, data: bytes) -> str:
    """Return the id that :func:`encode_index` was given. Raises BadRecord."""
    return unseal(b"index", key, data)[1].decode()


def is_wrapped(data: bytes) -> bool:
    """Return whether a value is of a store with a key."""
    return data[: len(WRAPPED)] == WRAPPED


def pack(data: bytes, what: str) -> Packed:
    """Return bytes as they will be stored. Raises TooLarge, which names ``what``."""
    size = len(data)
    check_size(size, what)
    if size > limits.COMPRESS_BYTES_MIN:
        smaller = _compress(data)
        if len(smaller) < size:
            return Packed(smaller, size, True)
    return Packed(data, size, False)


def check_size(size: int, what: str, most: int = limits.RECORD_BYTES_MAX) -> None:
    """Refuse what is above the limit. Raises TooLarge, which names ``what``."""
    # Less than a record may have, because a head comes on top.
    if size > most - OVERHEAD_BYTES - _HEADS_BYTES:
        raise TooLarge(
            f"{what} has {size} bytes; the limit is {most}",
            hint="keep large data outside the flow and its path or key in it",
        )


def _compress(data: bytes) -> bytes:
    # The defaults are for streams: to clear that much memory takes longer than to
    # compress a usual state.
    bits = (
        _SMALL_WINDOW_BITS if len(data) <= 1 << _SMALL_WINDOW_BITS else zlib.MAX_WBITS
    )
    deflate = zlib.compressobj(1, wbits=bits, memLevel=_MEMORY_LEVEL)
    return deflate.compress(data) + deflate.flush()


def unpack(packed: Packed, what: str) -> bytes:
    """Return what :func:`pack` was given. Raises BadContents, which names ``what``."""
    data, size = packed.data, packed.plain_bytes
    if packed.compressed:
        if not 0 < size <= limits.RECORD_BYTES_MAX:
            raise BadContents(f"{what} says that it has {size} bytes")
        inflate = zlib.decompressobj()
        try:
            # One byte more than it may be, so that the end of the stream is reached.
            data = inflate.decompress(data, size + 1)
        except zlib.error as error:
            raise BadContents(f"{what} cannot be decompressed: {error}") from error
        if not inflate.eof or inflate.unused_data:
            raise BadContents(f"{what} ends before or after its compressed data")
    if len(data) != size:
        raise BadContents(f"{what} has {len(data)} bytes and says that it has {size}")
    return data


def seal_message(
    prefix: bytes, topic: str, kind: Literal["value", "throw"], body: Packed
) -> list[bytes]:
    """Return the pieces of a message that will lie under ``prefix``."""
    seq = keys.message_seq(prefix)
    head = _MessageHead(topic, seq, kind, body.plain_bytes, body.compressed)
    return cut(seal(b"message", prefix, _encode(head), body.data))


def unseal_message(prefix: bytes, record: bytes) -> Message:
    """Return the message that lies under ``prefix``. Raises BadRecord."""
    head, data = unseal(b"message", prefix, record)
    known = decode(_message_head, head, "a message")
    body = unpack(Packed(data, known.plain_bytes, known.compressed), "a message")
    return Message(topic=known.topic, seq=known.seq, body=body, kind=known.kind)


def cut(record: bytes) -> list[bytes]:
    """Return a record in pieces that fit a page; joined they are the record again."""
    size = limits.CHUNK_BYTES
    if len(record) <= size:
        return [record]
    return [record[at : at + size] for at in range(0, len(record), size)]


def decode(decoder: msgspec.msgpack.Decoder[T], head: bytes, what: str) -> T:
    """Decode a head whose checksum was right; what is wrong in it was written so.

    Raises BadContents.
    """
    try:
        return decoder.decode(head)
    except msgspec.MsgspecError as error:
        raise BadContents(f"the head of {what} is not as expected: {error}") from error
