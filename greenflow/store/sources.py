"""The source text of code that flows wait in, each once, by the hash of the code.

It is for people who look at a flow after its file has changed, and for flows that are
upgraded, whose place is found again in it; nothing runs it. A text
is written in the transaction of the first state that refers to it, and stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from greenflow import limits
from greenflow.envelope import seal, unseal
from greenflow.errors import BadContents
from greenflow.store import keys
from greenflow.store.model import Source
from greenflow.store.records import Packed, cut, pack, unpack

if TYPE_CHECKING:
    from greenflow.store.work import Work


class SealedSource(NamedTuple):
    """A text that is ready to be written."""

    prefix: bytes
    pieces: list[bytes]


class _SourceHead(msgspec.Struct, frozen=True, array_like=True):
    file: str
    first_line: int
    plain_bytes: int
    compressed: bool


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(_SourceHead)
_WHAT = "the source of a function"


def prepare(source: Source) -> SealedSource | None:
    """Return a text ready to be written; None if it is longer than is kept."""
    data = source.text.encode(errors="replace")
    if len(data) > limits.SOURCE_BYTES_MAX:
        return None
    packed = pack(data, _WHAT)
    head = _SourceHead(
        source.file, source.first_line, packed.plain_bytes, packed.compressed
    )
    prefix = keys.source(source.code_hash)
    record = seal(b"source", prefix, _encode(head), packed.data)
    return SealedSource(prefix, cut(record))


def put(work: Work, sealed: SealedSource) -> None:
    """Write a text, unless one is there: the same hash has the same text."""
    if work.txn.get(keys.piece(sealed.prefix, 0)) is None:
        for number, piece in enumerate(sealed.pieces):
            work.txn.put(keys.piece(sealed.prefix, number), piece)


def get(work: Work, code_hash: bytes) -> bytes | None:
    """Return the record of the text of some code, if there is one: :func:`opened`."""
    prefix = keys.source(code_hash)
    found = [work.txn.get(key) for key in work.under(prefix)]
    pieces = [piece for piece in found if piece is not None]
    return b"".join(pieces) if pieces else None


def opened(code_hash: bytes, record: bytes | None) -> Source | None:
    """Return the text in what :func:`get` returned. Raises BadRecord."""
    if record is None:
        return None
    head, body = unseal(b"source", keys.source(code_hash), record)
    try:
        known = _decoder.decode(head)
    except msgspec.MsgspecError as error:
        raise BadContents(f"the head of {_WHAT} is not as expected: {error}") from error
    data = unpack(Packed(body, known.plain_bytes, known.compressed), _WHAT)
    text = data.decode(errors="replace")
    return Source(
        code_hash=code_hash, file=known.file, first_line=known.first_line, text=text
    )
