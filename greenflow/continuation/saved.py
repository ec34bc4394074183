"""A continuation between its values and its bytes, in the parts that it then has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from greenflow import parted
from greenflow.continuation.head import pack, whole

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextvars import Context
    from types import CodeType

    from greenflow.continuation.frames import Records
    from greenflow.parted import AnyState, Buffer


class Dumped(NamedTuple):
    """The bytes, the suspended generators met, and the code found by place."""

    data: bytes
    generators: list[Any]
    codes: list[CodeType]


class Written(NamedTuple):
    """The same, before large values are put together with the rest."""

    chunks: list[Any]  #: bytes, and large values themselves: see parted.parts()
    generators: list[Any]
    codes: list[CodeType]
    inner: Sequence[bytes] = ()  #: of the chunks, those that stay in the stream

    @property
    def data(self) -> bytes:
        """All of it as bytes."""
        return self.chunks[0] if len(self.chunks) == 1 else b"".join(self.chunks)


class Saved(NamedTuple):
    """A continuation that was saved, and the generators that live on in that."""

    head: bytes
    chunks: list[Any]  #: as of Written
    trailer: bytes
    generators: list[Any]
    inner: Sequence[bytes] = ()

    @property
    def state(self) -> AnyState:
        """All of it, with large values beside a stream. Raises NotSaveable."""
        if len(self.chunks) == 1:
            return pack(self.head, self.chunks[0] + self.trailer)
        body, buffers = parted.parts(self.chunks, self.inner)
        stream = pack(self.head, body + self.trailer)
        return parted.Parted(stream, buffers) if buffers else stream

    @property
    def data(self) -> bytes:
        """All of it as bytes."""
        return whole(self.state)


class Body(NamedTuple):
    """The values of a saved continuation: a pickle, and the large ones beside it."""

    data: bytes
    buffers: tuple[Buffer, ...] = ()


class Loaded(msgspec.Struct, frozen=True):
    """A stack, the value it left with, its context, the generators that wait in it."""

    records: Records
    value: object
    context: Context
    waiting: list[Any]
