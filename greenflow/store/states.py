"""Saved states and values as bytes, each sealed for the checkpoint it lies under.

A state's head is its checkpoint; its body is the state itself, or the digests of the
blocks that it is made of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from greenflow import limits
from greenflow.envelope import seal, unseal
from greenflow.errors import BadContents
from greenflow.later import later
from greenflow.store import keys
from greenflow.store.model import Checkpoint  # noqa: TC001
from greenflow.store.records import Packed, check_size, decode, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from greenflow.store.blocks import Block

    #: Returns which of some digests are stored already.
    Stored = Callable[[list[bytes]], Collection[bytes]]
    from greenflow.store import blocks
else:
    blocks = later(__name__, "greenflow.store.blocks")


class State(msgspec.Struct, frozen=True):
    """A state that is ready to be written: whole, or in blocks."""

    size: int
    whole: Packed | None
    parts: list[Block]


class Raw(msgspec.Struct, frozen=True):
    """A state as it lies in the store, to be opened after the transaction."""

    flow: str
    seq: int
    record: bytes
    parts: list[bytes]


class _Head(msgspec.Struct, frozen=True, array_like=True):
    checkpoint: Checkpoint
    compressed: bool
    shares: bool  #: the body lists blocks
    has_value: bool


class _ValueHead(msgspec.Struct, frozen=True, array_like=True):
    plain_bytes: int
    compressed: bool


class Known(msgspec.Struct, frozen=True):
    """What the record of a state says, checked."""

    checkpoint: Checkpoint
    has_value: bool
    digests: list[bytes]
    body: Packed


_encode = msgspec.msgpack.Encoder().encode
_head = msgspec.msgpack.Decoder(_Head)
_value_head = msgspec.msgpack.Decoder(_ValueHead)


def nothing_stored(_digests: list[bytes]) -> Collection[bytes]:
    """Say that no block is stored yet: of a new flow."""
    return ()


def prepare(flow_id: str, data: bytes, stored: Stored) -> State:
    """Return a state ready to be written. Raises TooLarge.

    Args:
        flow_id: whose it is.
        data: the state.
        stored: tells which blocks of that flow are stored; they are not packed again.
    """
    if len(data) <= limits.SHARED_BYTES_MIN:
        return State(len(data), pack(data, _state_of(flow_id)), [])
    check_size(len(data), _state_of(flow_id))
    parts = blocks.made(data)
    there = stored([each.digest for each in parts])
    return State(len(data), None, blocks.packed(parts, there))


def prepare_value(flow_id: str, data: bytes) -> Packed:
    """Return a payload, a result or an exception ready to write. Raises TooLarge."""
    return pack(data, _value_of(flow_id))


def seal_state(
    flow_id: str, checkpoint: Checkpoint, state: State, *, has_value: bool
) -> bytes:
    """Return the record of a state."""
    key = keys.part(keys.STATE, flow_id, checkpoint.seq)
    if state.whole is None:
        body, compressed = b"".join(each.digest for each in state.parts), False
    else:
        body, compressed = state.whole.data, state.whole.compressed
    head = _Head(checkpoint, compressed, state.whole is None, has_value)
    return seal(b"state", key, _encode(head), body)


def unseal_state(flow_id: str, seq: int, record: bytes) -> Known:
    """Return what :func:`seal_state` was given. Raises BadRecord."""
    what = _state_of(flow_id)
    head, body = unseal(b"state", keys.part(keys.STATE, flow_id, seq), record)
    known = decode(_head, head, what)
    checkpoint = known.checkpoint
    if checkpoint.seq != seq:
        raise BadContents(f"{what} of checkpoint {seq} says {checkpoint.seq}")
    digests = blocks.digests_in(body, what) if known.shares else []
    packed = Packed(body, checkpoint.size, known.compressed)
    return Known(checkpoint, known.has_value, digests, packed)


def opened(raw: Raw) -> tuple[Known, bytes]:
    """Return what is known of a state, and the state. Raises BadRecord."""
    known = unseal_state(raw.flow, raw.seq, raw.record)
    what = _state_of(raw.flow)
    if not known.digests:
        return known, unpack(known.body, what)
    size = known.checkpoint.size
    if size > limits.RECORD_BYTES_MAX or len(known.digests) != len(raw.parts):
        raise BadContents(f"{what} says that it has {size} bytes")
    pairs = zip(known.digests, raw.parts, strict=True)
    data = b"".join(blocks.unseal_block(raw.flow, *each) for each in pairs)
    if len(data) != size:
        raise BadContents(f"{what} has {len(data)} bytes and says that it has {size}")
    return known, data


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
