"""Code that flows wait in, and its source text, each once, by what it is told by.

The text is for people who look at a flow after its file has changed, and for flows that
are upgraded, whose place is found again in it. The code is for flows that go on in it
when their modules have another one. Both are written in the transaction of the first
state that refers to them, and stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from greenflow import limits
from greenflow.envelope import seal, unseal
from greenflow.errors import BadContents, BadRecord
from greenflow.store import keys, meta, pieces
from greenflow.store.model import Source
from greenflow.store.records import Packed, pack, unpack

if TYPE_CHECKING:
    from greenflow.store.work import Work


class SealedSource(NamedTuple):
    """A text, and perhaps its code, that is ready to be written."""

    identity: bytes
    record: bytes
    has_code: bool


def prefix_of(identity: bytes) -> bytes:
    """Return how the keys of all pieces of some code begin."""
    is_older = len(identity) == keys.HASH_BYTES
    return (keys.SOURCE if is_older else keys.CODE) + identity


def identity_in(key: bytes) -> bytes | None:
    """Return the identity in the key of a piece of some code; None if it has none."""
    identity = key[1 : -keys.PIECE_BYTES]
    is_older = key[:1] == keys.SOURCE
    length = keys.HASH_BYTES if is_older else keys.IDENTITY_BYTES
    return identity if len(identity) == length else None


class _SourceHead(msgspec.Struct, frozen=True, array_like=True):
    file: str
    first_line: int
    plain_bytes: int
    compressed: bool
    code_bytes: int = 0  #: how long the code is, which stands behind the text


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(_SourceHead)
_WHAT = "the source of a function"


def prepare(source: Source) -> SealedSource | None:
    """Return a text and its code ready to be written.

    None if there is no code, and the text is longer than is kept.
    """
    data = source.text.encode(errors="replace")
    if len(data) > limits.SOURCE_BYTES_MAX:
        if not source.code:
            return None
        data = b""
    packed = pack(data, _WHAT)
    head = _SourceHead(
        source.file,
        source.first_line,
        packed.plain_bytes,
        packed.compressed,
        len(source.code),
    )
    prefix = prefix_of(source.identity)
    record = seal(b"source", prefix, _encode(head), packed.data + source.code)
    return SealedSource(source.identity, record, bool(source.code))


def put(work: Work, sealed: SealedSource) -> None:
    """Write a text, unless one is there: the same code has the same text.

    One that is there without code, or is damaged, gives way to one that has code.
    """
    if sealed.has_code:
        meta.need_format(work.txn)
        wanted = not _has_code(work, sealed.identity)
    else:
        wanted = get(work, sealed.identity) is None
    if wanted:
        pieces.put(work.txn, prefix_of(sealed.identity), sealed.record)


def _has_code(work: Work, identity: bytes) -> bool:
    try:
        known = opened(identity, get(work, identity))
    except BadRecord:
        return False
    return known is not None and bool(known.code)


def get(work: Work, identity: bytes) -> bytes | None:
    """Return the record of some code, if there is one: :func:`opened`."""
    prefix = prefix_of(identity)
    found = [work.txn.get(key) for key in work.under(prefix)]
    return b"".join(piece for piece in found if piece is not None) or None


def opened(identity: bytes, record: bytes | None) -> Source | None:
    """Return the text in what :func:`get` returned. Raises BadRecord."""
    if record is None:
        return None
    head, body = unseal(b"source", prefix_of(identity), record)
    try:
        known = _decoder.decode(head)
    except msgspec.MsgspecError as error:
        raise BadContents(f"the head of {_WHAT} is not as expected: {error}") from error
    end = len(body) - known.code_bytes
    if not 0 <= end <= len(body):
        raise BadContents(f"{_WHAT} is shorter than its code")
    packed = Packed(body[:end], known.plain_bytes, known.compressed)
    return Source(
        identity=identity,
        file=known.file,
        first_line=known.first_line,
        text=unpack(packed, _WHAT).decode(errors="replace"),
        code=body[end:],
    )
