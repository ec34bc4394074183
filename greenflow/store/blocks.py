"""Large states in blocks, so that what did not change is stored once.

A state is cut where its own bytes say so (csrc/pages/cut.c): a change in the middle
moves the cuts around it and no others. Each block lies under the digest of its bytes,
for one flow, as long as any checkpoint of that flow refers to it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from blake3 import blake3

from greenflow import limits
from greenflow._pages import cuts, room
from greenflow.envelope import seal, sealed_bytes, unseal
from greenflow.errors import BadChecksum, BadContents, StoreError
from greenflow.store import keys
from greenflow.store.bulk import NAME_BYTES
from greenflow.store.records import Packed, decode, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Iterable

    from greenflow.store.bulk_reading import Reader

#: Two blocks of one digest would be one: nobody can make such two, also on purpose.
DIGEST_BYTES: Final = 24
_PLAIN_BYTES_MAX: Final = max(limits.BLOCK_BYTES_MAX, limits.BUFFER_BLOCK_BYTES)


class Place(NamedTuple):
    """Where a block lies that is not in LMDB's own file: see bulk.py."""

    file: bytes
    at: int


class Block(NamedTuple):
    """A part of a state, or of a large value of it.

    Without ``packed`` and ``place`` it is known to be stored. ``plain`` is None of one
    whose bytes may have changed since.
    """

    digest: bytes
    plain_bytes: int
    plain: memoryview | None
    packed: Packed | None = None
    place: Place | None = None


class Stored(NamedTuple):
    """A block as its record tells: either a place, or the bytes."""

    plain_bytes: int
    place: Place | None
    body: Packed


class _BlockHead(msgspec.Struct, frozen=True, array_like=True):
    plain_bytes: int
    compressed: bool
    file: bytes = b""
    at: int = 0


_encode = msgspec.msgpack.Encoder().encode
_head = msgspec.msgpack.Decoder(_BlockHead)


def split(data: bytes) -> list[memoryview]:
    """Return data in parts, cut where its own bytes say so."""
    ends = cuts(data, limits.BLOCK_BYTES_MIN, limits.BLOCK_BYTES_MAX)
    view = memoryview(data)
    return [view[begin:end] for begin, end in pairwise([0, *ends])]


def digest_of(plain: bytes | memoryview) -> bytes:
    """Return what a block is known by."""
    return blake3(plain).digest(DIGEST_BYTES)


def digest_in(key: bytes) -> bytes:
    """Return the digest in the key of a piece of a block."""
    return key[key.index(b"\0") + 2 : -keys.PIECE_BYTES]


def made(data: bytes) -> list[Block]:
    """Return data in blocks that are not packed yet, in order."""
    return [Block(digest_of(plain), len(plain), plain) for plain in split(data)]


def pack_block(block: Block) -> Packed:
    """Return the bytes of a block as they will be stored. Raises StoreError."""
    if block.plain is None:
        raise StoreError(
            f"block {block.digest.hex()} of a state was deleted while it was saved",
            hint="do it again",
        )
    return pack(bytes(block.plain), "a part of a state")


def seal_block(flow_id: str, block: Block, body: Packed) -> bytes:
    """Return the record of a block, of its bytes or of where they lie.

    The seal is around its head alone: the bytes are checked by their digest.
    """
    head = _BlockHead(body.plain_bytes, body.compressed, *(block.place or ()))
    key = keys.block(flow_id, block.digest)
    return seal(b"block", key, _encode(head), b"") + body.data


def open_block(flow_id: str, digest: bytes, record: bytes) -> Stored:
    """Return what the record of a block tells, unchecked. Raises BadRecord."""
    what = _part_of(flow_id)
    end = sealed_bytes(record)
    head, _ = unseal(b"block", keys.block(flow_id, digest), record[:end])
    known = decode(_head, head, what)
    if not 0 < known.plain_bytes <= _PLAIN_BYTES_MAX or known.at < 0:
        raise BadContents(f"{what} says that it has {known.plain_bytes} bytes")
    place = Place(known.file, known.at) if known.file else None
    if place and (len(known.file) != NAME_BYTES or len(record) != end):
        raise BadContents(f"{what} lies in two places")
    packed = Packed(record[end:], known.plain_bytes, known.compressed)
    return Stored(known.plain_bytes, place, packed)


def place_in(flow_id: str, digest: bytes, first_piece: bytes) -> Place | None:
    """Return where a block lies, from the first piece of its record; None: there.

    Raises BadRecord.
    """
    end = sealed_bytes(first_piece)
    key = keys.block(flow_id, digest)
    head, _ = unseal(b"block", key, first_piece[:end])
    known = decode(_head, head, _part_of(flow_id))
    return Place(known.file, known.at) if known.file else None


def unseal_block(
    flow_id: str, digest: bytes, record: bytes, files: Reader | None = None
) -> bytes:
    """Return the bytes of a block. Raises BadRecord.

    ``files`` reads one that is not in its record.
    """
    found = open_block(flow_id, digest, record)
    if found.place is None:
        plain = unpack(found.body, _part_of(flow_id))
    elif files is None:
        raise BadContents(f"{_part_of(flow_id)} lies elsewhere")
    else:
        plain = files.read(flow_id, *found.place, found.plain_bytes)
    check_digest(flow_id, digest, plain)
    return plain


def copy_out(flow_id: str, found: Stored, files: Reader, target: memoryview) -> None:
    """Copy a block to where it belongs, unchecked. Raises BadRecord."""
    if found.place is None:
        target[:] = unpack(found.body, _part_of(flow_id))
    else:
        files.read_into(flow_id, *found.place, target)


def joined(
    flow_id: str, pairs: Iterable[tuple[bytes, bytes]], size: int, files: Reader
) -> bytes:
    """Return blocks as one, each checked where it lies then. Raises BadRecord.

    Args:
        flow_id: whose they are.
        pairs: the digest and the record of each, in order.
        size: of all.
        files: reads those that are not in their records.
    """
    found = [(digest, open_block(flow_id, digest, record)) for digest, record in pairs]
    total = sum(each.plain_bytes for _, each in found)
    if total != size:
        what = f"the state of flow {flow_id}"
        raise BadContents(f"{what} has {total} bytes and says that it has {size}")
    value, view = room(size, False)
    at = 0
    with view:
        for digest, each in found:
            begin, at = at, at + each.plain_bytes
            with view[begin:at] as part:
                copy_out(flow_id, each, files, part)
                check_digest(flow_id, digest, part)
    return bytes(value)


def check_digest(flow_id: str, digest: bytes, plain: bytes | memoryview) -> None:
    """Refuse other bytes than the block's. Raises BadChecksum."""
    if digest_of(plain) != digest:
        raise BadChecksum(
            f"{_part_of(flow_id)} is not what it is stored as: {digest.hex()}"
        )


def _part_of(flow_id: str) -> str:
    return f"a part of a state of flow {flow_id}"


def digests_in(listed: bytes, what: str) -> list[bytes]:
    """Return the digests that a state is made of. Raises BadContents."""
    if len(listed) % DIGEST_BYTES:
        raise BadContents(f"{what} lists its parts in {len(listed)} bytes")
    return [
        listed[at : at + DIGEST_BYTES] for at in range(0, len(listed), DIGEST_BYTES)
    ]
