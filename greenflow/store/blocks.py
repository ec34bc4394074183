"""Large states in blocks, so that what did not change is stored once.

A state is cut where its own bytes say so: a change in the middle moves the cuts around
it and no others. Each block lies under the digest of its bytes, for one flow, as long
as any checkpoint of that flow refers to it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from zlib import crc32

import msgspec

from greenflow import limits
from greenflow.digests import blake2b
from greenflow.envelope import seal, unseal
from greenflow.errors import BadContents
from greenflow.store import keys
from greenflow.store.records import Packed, decode, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Collection

DIGEST_BYTES: Final = 16
#: Where a cut may be: about every 200th byte of most data. It is one if the bytes
#: before it say so too, as only a fraction of them do.
_PLACE: Final = re.compile(
    b"[\\x00-\\x02\\n qzQZ].["
    + b"".join(re.escape(bytes([byte])) for byte in range(5, 256, 8))
    + b"]",
    re.DOTALL,
)
_WINDOW_BYTES: Final = 32
_MASK: Final = 63


class Block(NamedTuple):
    """A part of a state; ``packed`` is None where it is known to be stored."""

    digest: bytes
    plain: memoryview
    packed: Packed | None


class _BlockHead(msgspec.Struct, frozen=True, array_like=True):
    plain_bytes: int
    compressed: bool


_encode = msgspec.msgpack.Encoder().encode
_head = msgspec.msgpack.Decoder(_BlockHead)


def split(data: bytes) -> list[memoryview]:
    """Return data in parts, cut where its own bytes say so."""
    view, parts, at = memoryview(data), list[memoryview](), 0
    while at < len(data):
        end = _end(data, view, at)
        parts.append(view[at:end])
        at = end
    return parts


def _end(data: bytes, view: memoryview, at: int) -> int:
    """Return where the part that begins at a place ends."""
    last = min(at + limits.BLOCK_BYTES_MAX, len(data))
    if len(data) - at <= limits.BLOCK_BYTES_MIN:
        return len(data)
    for found in _PLACE.finditer(data, at + limits.BLOCK_BYTES_MIN, last):
        end = found.end()
        if crc32(view[end - _WINDOW_BYTES : end]) & _MASK == 0:
            return end
    return last


def digest_of(plain: bytes | memoryview) -> bytes:
    """Return what a block is known by."""
    return blake2b(plain, digest_size=DIGEST_BYTES).digest()


def made(data: bytes) -> list[Block]:
    """Return data in blocks that are not packed yet, in order."""
    return [Block(digest_of(plain), plain, None) for plain in split(data)]


def packed(parts: list[Block], stored: Collection[bytes]) -> list[Block]:
    """Return blocks ready to be written, but for those that are stored."""
    return [
        each if each.digest in stored else each._replace(packed=pack_block(each.plain))
        for each in parts
    ]


def pack_block(plain: memoryview) -> Packed:
    """Return the bytes of a block as they will be stored."""
    return pack(bytes(plain), "a part of a state")


def seal_block(flow_id: str, digest: bytes, body: Packed) -> bytes:
    """Return the record of a block."""
    head = _encode(_BlockHead(body.plain_bytes, body.compressed))
    return seal(b"block", keys.block(flow_id, digest), head, body.data)


def unseal_block(flow_id: str, digest: bytes, record: bytes) -> bytes:
    """Return the bytes of a block. Raises BadRecord."""
    what = f"a part of a state of flow {flow_id}"
    head, body = unseal(b"block", keys.block(flow_id, digest), record)
    known = decode(_head, head, what)
    if known.plain_bytes > limits.BLOCK_BYTES_MAX:
        raise BadContents(f"{what} says that it has {known.plain_bytes} bytes")
    plain = unpack(Packed(body, known.plain_bytes, known.compressed), what)
    if digest_of(plain) != digest:
        raise BadContents(f"{what} is not what it is stored as: {digest.hex()}")
    return plain


def digests_in(listed: bytes, what: str) -> list[bytes]:
    """Return the digests that a state is made of. Raises BadContents."""
    if not listed or len(listed) % DIGEST_BYTES:
        raise BadContents(f"{what} lists its parts in {len(listed)} bytes")
    return [
        listed[at : at + DIGEST_BYTES] for at in range(0, len(listed), DIGEST_BYTES)
    ]
