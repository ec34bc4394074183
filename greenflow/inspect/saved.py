"""What the bytes of a continuation say: head, values, code objects; nothing is run."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

import msgspec

from greenflow import limits
from greenflow.continuation.code import APART, digest, identity
from greenflow.continuation.head import Head, decode_head, unpack
from greenflow.errors import BadContents, BadRecord
from greenflow.inspect.marshalled import MAGIC_BYTES, read_code
from greenflow.inspect.nodes import made_by, members
from greenflow.inspect.unpickle import Unpickled, unpickle
from greenflow.parted import buffers_of, check, stream_of

if TYPE_CHECKING:
    from greenflow.inspect.codes import Code, Codes
    from greenflow.inspect.nodes import Item
    from greenflow.parted import AnyState

#: The length of the code objects, behind them (greenflow.continuation.spares).
_LENGTH_BYTES: Final = 4
_DECODER: Final = msgspec.msgpack.Decoder(dict[bytes, bytes])
#: How functions are written: by name, behind a decorator, by value.
_BY_NAME: Final = frozenset({"_gf1:function", "_gf1:hidden"})
_BY_VALUE: Final = "_gf1:shell"


class Saved:
    """A continuation's bytes, taken apart. Raises BadRecord.

    Attributes:
        head: what it says of itself.
    """

    def __init__(self, data: AnyState, codes: Codes | None = None) -> None:
        """Take the bytes apart; ``codes`` returns the code that they refer to."""
        self._apart = codes
        head, self._body = unpack(stream_of(data))
        self.head: Head = decode_head(head)
        self._trouble: tuple[type[BadRecord], str, str] | None = None
        self._pickle: Unpickled | None = None
        self._packed: dict[bytes, bytes] | None = None
        self._codes: dict[bytes, Code | None] = {}
        try:
            check(self._body, buffers_of(data))
            self._pickle = unpickle(self._body, buffers=buffers_of(data))
        except BadRecord as error:
            # Not the error: its traceback holds all that was read.
            self._trouble = type(error), error.message, error.hint

    def check(self) -> None:
        """Raise a BadRecord if the values cannot be read."""
        if self._trouble is not None:
            kind, message, hint = self._trouble
            raise kind(message, hint=hint)

    @property
    def root(self) -> Item:
        """What was pickled; None if that cannot be read."""
        return self._pickle and self._pickle.root

    @property
    def calls(self) -> tuple[str, ...]:
        """What loading it would call."""
        return self._pickle.calls if self._pickle else ()

    @property
    def hashes(self) -> list[bytes]:
        """The hashes of the code objects that are kept with the values, or apart."""
        return list(self._kept())

    @property
    def identities(self) -> list[bytes]:
        """What tells apart the code objects that are kept apart."""
        return [
            each[len(APART) :]
            for each in self._kept().values()
            if each.startswith(APART)
        ]

    def code(self, code_hash: bytes) -> Code | None:
        """Return the code object of that hash, if it is there and whole."""
        if code_hash in self._codes:
            return self._codes[code_hash]
        packed = self._kept().get(code_hash)
        if packed is not None and packed.startswith(APART):
            packed = self._apart and self._apart(packed[len(APART) :])
        if packed is None:
            return None
        return self._codes.setdefault(code_hash, _decoded(_inflated(packed)))

    def keys(self, code_hash: bytes) -> tuple[bytes, ...]:
        """Return what the text of the code of that hash may be stored under."""
        packed = self._kept().get(code_hash, b"")
        if packed.startswith(APART):
            return (packed[len(APART) :],)
        code = self.code(code_hash)
        return (code_hash,) if code is None else (identity(code), code_hash)

    def code_of(self, function: Item) -> tuple[tuple[bytes, ...], Code | None]:
        """Return keys() and code of a function that lies among the values."""
        given = members(function.args) if made_by(function) else []
        if made_by(function) in _BY_NAME and len(given) == 3:
            return self._named(given[2])
        if made_by(function) == _BY_VALUE and given:
            place = members(given[0])
            if len(place) == 1 and type(place[0]) is bytes:
                code = self._plain(place[0])
                return (() if code is None else (identity(code), digest(code))), code
            if len(place) == 4:
                return self._named(place[3])
        return (), None

    def _named(self, code_hash: Item) -> tuple[tuple[bytes, ...], Code | None]:
        if type(code_hash) is not bytes:
            return (), None
        return self.keys(code_hash), self.code(code_hash)

    def _plain(self, data: bytes) -> Code | None:
        if data not in self._codes:
            self._codes[data] = _decoded(data)
        return self._codes[data]

    def _kept(self) -> dict[bytes, bytes]:
        if self._packed is None:
            self._packed = _trailer(self._body)
        return self._packed


def _decoded(data: bytes) -> Code | None:
    if len(data) > limits.INSPECTED_CODE_BYTES_MAX:
        return None
    try:
        code = read_code(data[MAGIC_BYTES:])
    except BadContents:
        return None
    code.magic = data[:MAGIC_BYTES]
    return code


def _inflated(packed: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, limits.INSPECTED_CODE_BYTES_MAX)
    except zlib.error:
        return b""


def _trailer(body: bytes) -> dict[bytes, bytes]:
    end = len(body) - _LENGTH_BYTES
    start = end - int.from_bytes(body[end:], "little")
    if end < 0 or start < 0:
        return {}
    try:
        return _DECODER.decode(body[start:end])
    except msgspec.DecodeError:
        return {}
