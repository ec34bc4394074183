"""Saved states and values as bytes, each sealed for the checkpoint it lies under.

A state's head is its checkpoint; its body is the state itself, or the digests of the
blocks that it is made of. In front of that are the digests of its large values' blocks.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from greenflow import limits
from greenflow.envelope import seal, unseal
from greenflow.errors import BadContents, StoreError
from greenflow.later import later_all
from greenflow.parted import Buffer, Parted, buffers_of, release, stream_of
from greenflow.store import blocks, keys, spans
from greenflow.store.blocks import Block
from greenflow.store.model import Checkpoint  # noqa: TC001
from greenflow.store.records import Packed, check_size, decode, pack, unpack
from greenflow.store.spans import Span  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from greenflow.parted import AnyState
    from greenflow.store.depot import Depot

    #: Returns which of some digests are stored already; of none, all that are.
    Stored = Callable[[list[bytes]], Collection[bytes]]
    from greenflow.store import bulk_reading, filling, taking
else:
    _LATE = ("bulk_reading", "filling", "taking")
    bulk_reading, filling, taking = later_all(__name__, "greenflow.store", *_LATE)


class State(msgspec.Struct, frozen=True):
    """A state that is ready to be written: its stream whole or in blocks, and beside it
    large values in blocks."""

    size: int
    stream_bytes: int
    whole: Packed | None
    made: taking.Made

    @property
    def blocks(self) -> list[Block]:
        """All blocks, in the order in which the record lists them."""
        return [*self.made.parts, *self.made.stream]

    def written(self, *, is_there: bool | None) -> None:
        """Hear whether a record names its file now; None: perhaps."""
        file = self.made.file
        if file is not None:
            file.drop() if is_there is False else file.keep()


@contextmanager
def writing(made: list[State]) -> Iterator[None]:
    """Tell states what became of them: whether the block raises."""
    try:
        yield
    except StoreError:
        for state in made:
            state.written(is_there=None)
        raise
    except BaseException:
        for state in made:
            state.written(is_there=False)
        raise
    for state in made:
        state.written(is_there=True)


class Raw(msgspec.Struct, frozen=True):
    """A state as it lies in the store, to be opened after the transaction."""

    flow: str
    seq: int
    record: bytes
    parts: list[bytes]  #: the records of the blocks of its stream
    folder: str = ""  #: of files of blocks
    cipher: Any = None  #: a BulkCipher, if they are encrypted


class _Head(msgspec.Struct, frozen=True, array_like=True):
    checkpoint: Checkpoint
    compressed: bool
    shares: bool  #: the body lists blocks of the stream
    has_value: bool
    stream_bytes: int
    spans: list[Span] = []


class _ValueHead(msgspec.Struct, frozen=True, array_like=True):
    plain_bytes: int
    compressed: bool


class Known(msgspec.Struct, frozen=True):
    """What the record of a state says, checked."""

    checkpoint: Checkpoint
    has_value: bool
    digests: list[bytes]  #: of all blocks, those of large values first
    spans: list[Span]
    body: Packed  #: the stream, if it is not in blocks

    @property
    def beside(self) -> list[bytes]:
        """The digests of the blocks of large values."""
        return self.digests[: sum(span.blocks for span in self.spans)]

    @property
    def stream(self) -> list[bytes]:
        """The digests of the blocks of the stream; none if it is not in blocks."""
        return self.digests[sum(span.blocks for span in self.spans) :]


_encode = msgspec.msgpack.Encoder().encode
_head = msgspec.msgpack.Decoder(_Head)
_value_head = msgspec.msgpack.Decoder(_ValueHead)


def nothing_stored(_digests: list[bytes]) -> Collection[bytes]:
    """Say that no block is stored yet: of a new flow."""
    return ()


def prepare(flow_id: str, state: AnyState, stored: Stored, depot: Depot) -> State:
    """Return a state ready to be written. Nothing of it is referred to any more.

    Args:
        flow_id: whose it is.
        state: the state.
        stored: tells which blocks of that flow are stored; they are not packed again.
        depot: where large values are written to.

    Raises:
        TooLarge: it is above the limit.
        NotSaveable: a large value has changed its size.
        StoreError: a file cannot be written.
    """
    data, large = stream_of(state), buffers_of(state)
    size = len(data) + sum(each.size for each in large)
    try:
        check_size(size, _state_of(flow_id), limits.STATE_BYTES_MAX)
        whole, parts, there = None, list[Block](), set[bytes]()
        if len(data) <= limits.SHARED_BYTES_MIN:
            whole = pack(data, _state_of(flow_id))
        else:
            parts = blocks.made(data)
            there.update(stored([each.digest for each in parts]))
        if large:
            there.update(stored([]))
        made = taking.made(large, parts, depot, there)
    finally:
        release(state)
    return State(size, len(data), whole, made)


def prepare_value(flow_id: str, data: bytes) -> Packed:
    """Return a payload, a result or an exception ready to write. Raises TooLarge."""
    return pack(data, _value_of(flow_id))


def seal_state(
    flow_id: str, checkpoint: Checkpoint, state: State, *, has_value: bool
) -> bytes:
    """Return the record of a state."""
    key = keys.part(keys.STATE, flow_id, checkpoint.seq)
    listed = b"".join(each.digest for each in state.blocks)
    whole = state.whole or Packed(b"", 0, False)
    head = _Head(
        checkpoint,
        whole.compressed,
        state.whole is None,
        has_value,
        state.stream_bytes,
        state.made.spans,
    )
    return seal(b"state", key, _encode(head), listed + whole.data)


def unseal_state(flow_id: str, seq: int, record: bytes) -> Known:
    """Return what :func:`seal_state` was given. Raises BadRecord."""
    what = _state_of(flow_id)
    head, body = unseal(b"state", keys.part(keys.STATE, flow_id, seq), record)
    known = decode(_head, head, what)
    checkpoint = known.checkpoint
    if checkpoint.seq != seq:
        raise BadContents(f"{what} of checkpoint {seq} says {checkpoint.seq}")
    size = known.stream_bytes + sum(span.size for span in known.spans)
    if size != checkpoint.size or not 0 <= size <= limits.STATE_BYTES_MAX:
        raise BadContents(f"{what} says that it has {size} bytes")
    end = sum(span.blocks for span in known.spans) * blocks.DIGEST_BYTES
    if known.shares:
        digests, body = blocks.digests_in(body, what), b""
    else:
        digests, body = blocks.digests_in(body[:end], what), body[end:]
    spans.check(known.spans, len(digests), size, in_all=not known.shares)
    packed = Packed(body, known.stream_bytes, known.compressed)
    return Known(checkpoint, known.has_value, digests, known.spans, packed)


def opened(raw: Raw, depot: Depot) -> tuple[Known, AnyState]:
    """Return what is known of a state, and the state. Raises BadRecord."""
    known, stream = opened_stream(raw)
    if not known.spans:
        return known, stream
    values = filling.load(depot, raw.flow, known.spans, known.beside)
    pairs = zip(known.spans, values, strict=True)
    return known, Parted(stream, tuple(Buffer(*span, value) for span, value in pairs))


def shown(raw: Raw, firsts: list[bytes]) -> tuple[Known, AnyState]:
    """Return the same, with no more than the first bytes of its large values."""
    known, stream = opened_stream(raw)
    if not known.spans:
        return known, stream
    told = spans.digests_by_value(known.spans, known.beside)
    parts = zip(known.spans, firsts, told, strict=True)
    return known, Parted(stream, tuple(Buffer(*span, *rest) for span, *rest in parts))


def opened_stream(raw: Raw) -> tuple[Known, bytes]:
    """Return what is known of a state, and its stream. Raises BadRecord."""
    known = unseal_state(raw.flow, raw.seq, raw.record)
    what, digests = _state_of(raw.flow), known.stream
    if not digests:
        return known, unpack(known.body, what)
    size = known.body.plain_bytes
    if len(digests) != len(raw.parts):
        raise BadContents(f"{what} says that it has {size} bytes")
    pairs = zip(digests, raw.parts, strict=True)
    with bulk_reading.Reader(raw.folder, raw.cipher) as files:
        return known, blocks.joined(raw.flow, pairs, size, files)


def seal_value(flow_id: str, seq: int, value: Packed) -> bytes:
    """Return the record of a value."""
    head = _encode(_ValueHead(value.plain_bytes, value.compressed))
    return seal(b"value", keys.part(keys.VALUE, flow_id, seq), head, value.data)


def unseal_value(flow_id: str, seq: int, record: bytes) -> bytes:
    """Return the bytes of a value. Raises BadRecord."""
    what = _value_of(flow_id)
    head, body = unseal(b"value", keys.part(keys.VALUE, flow_id, seq), record)
    known = decode(_value_head, head, what)
    return unpack(Packed(body, known.plain_bytes, known.compressed), what)


def _state_of(flow_id: str) -> str:
    return f"the state of flow {flow_id}"


def _value_of(flow_id: str) -> str:
    return f"the value of flow {flow_id}"
