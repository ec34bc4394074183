"""A saved state in two parts: a stream of bytes, and the large values beside it.

A large value (bytes, a bytearray, what an array lies in) is not copied into the stream:
it is written from where it lies, and read to where it will lie. In the stream there is
one byte where it belongs, pickle's NEXT_BUFFER. Without large values a state is bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from greenflow import limits
from greenflow.envelope import seal, unseal
from greenflow.errors import BadContents, NotSaveable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: What stands in the stream for a value beside it.
MARK: Final = b"\x97"
_BYTES: Final = b"\x8e"
_BYTEARRAY: Final = b"\x96"
_LENGTH_BYTES: Final = 8
#: By the opcode that is the value's in a pickle of one part: how long its length is,
#: and whether the value can be changed.
_OPCODES: Final = {
    ord("B"): (4, False),
    _BYTES[0]: (_LENGTH_BYTES, False),
    _BYTEARRAY[0]: (_LENGTH_BYTES, True),
}
_FRAME: Final = 0x95
_FRAME_HEAD_BYTES: Final = 9
_PROTOCOL: Final = 0x80
_PROTOCOL_BYTES: Final = 2


class Buffer(NamedTuple):
    """A large value of a state.

    Attributes:
        at: where its mark stands in the body of the stream.
        size: its bytes.
        mutable: whether it is a bytearray when it is loaded, or bytes.
        data: what has the bytes; the first of them, if only these were read.
        digests: what tells it from other values, where not all of it was read.
    """

    at: int
    size: int
    mutable: bool
    data: Any
    digests: bytes = b""


class Parted(NamedTuple):
    """A state with large values beside its stream, in the order of their marks."""

    stream: bytes
    buffers: tuple[Buffer, ...]

    @property
    def size(self) -> int:
        """All bytes of it."""
        return len(self.stream) + sum(each.size for each in self.buffers)


AnyState: TypeAlias = bytes | Parted


def stream_of(state: AnyState) -> bytes:
    """Return what of a state is small: its head, and its values but for large ones."""
    return state.stream if isinstance(state, Parted) else state


def size_of(state: AnyState) -> int:
    """Return how many bytes a state has, its large values included."""
    return state.size if isinstance(state, Parted) else len(state)


def buffers_of(state: AnyState) -> tuple[Buffer, ...]:
    """Return the large values of a state."""
    return state.buffers if isinstance(state, Parted) else ()


def frozen(state: AnyState) -> AnyState:
    """Return a state that stays as it is, whatever becomes of its large values."""
    if not isinstance(state, Parted):
        return state
    kept = [
        each if type(each.data) is bytes else each._replace(data=bytes(memory_of(each)))
        for each in state.buffers
    ]
    release(state)
    return Parted(state.stream, tuple(kept))


def memory_of(buffer: Buffer) -> memoryview:
    """Return the bytes of a large value as they lie in memory."""
    data = buffer.data
    return data.raw() if hasattr(data, "raw") else memoryview(data).cast("B")


def release(state: AnyState) -> None:
    """Let go of the memory of large values: their owners may be resized again."""
    release_all(each.data for each in buffers_of(state))


def release_all(owners: Iterable[Any]) -> None:
    """Let go of what some of these hold, as a memoryview or a PickleBuffer does."""
    for each in owners:
        let_go = getattr(each, "release", None)
        if let_go is not None:
            let_go()


def parts(
    chunks: Sequence[Any], inner: Sequence[bytes] = ()
) -> tuple[bytes, tuple[Buffer, ...]]:
    """Return the stream that a C pickler wrote, and what is to lie beside it.

    Args:
        chunks: what it gave to ``write()`` of its file. It gives a large value as the
            object itself, behind a chunk that ends with its opcode and length.
        inner: those of the chunks that stay in the stream.
    """
    kept, buffers, at = list[Any](), list[Buffer](), 0
    announced: tuple[int, int, bool] | None = None
    stay = set(map(id, inner))
    for number, chunk in enumerate(chunks):
        if id(chunk) in stay:
            announced = None
        elif announced is not None and announced[0] == _size(chunk):
            size, head_bytes, mutable = announced
            kept[-1] = kept[-1][:-head_bytes]
            at -= head_bytes
            buffers.append(Buffer(at, size, mutable, chunk))
            chunk, announced = MARK, None
        elif type(chunk) is not bytes:
            raise NotSaveable(
                f"a {type(chunk).__name__} changed its size while it was being saved",
                hint="let no other thread change what a flow saves",
            )
        else:
            announced = _announced(chunk, first=number < 2)
        kept.append(chunk)
        at += len(chunk)
    return b"".join(kept), tuple(buffers)


def _size(chunk: Any) -> int:
    return len(chunk) if isinstance(chunk, bytes) else memoryview(chunk).nbytes


def _announced(chunk: bytes, *, first: bool) -> tuple[int, int, bool] | None:
    """Return size, length of its head and kind of the value that follows a chunk.

    A chunk is one frame, or up to three bytes without one, and then that head if a
    large value follows: so what may look like it inside of a frame is not taken for it.
    """
    at = _PROTOCOL_BYTES if first and chunk[:1] == bytes([_PROTOCOL]) else 0
    if chunk[at : at + 1] == bytes([_FRAME]):
        size = int.from_bytes(chunk[at + 1 : at + _FRAME_HEAD_BYTES], "little")
        at += _FRAME_HEAD_BYTES + size
    rest = len(chunk) - at
    # Behind up to 3 bytes: the two ranges do not meet.
    length = _LENGTH_BYTES if rest > _LENGTH_BYTES else 4
    head_bytes = length + 1
    if not head_bytes <= rest <= head_bytes + 3:
        return None
    known = _OPCODES.get(chunk[-head_bytes])
    if known is None or known[0] != length:
        return None
    return int.from_bytes(chunk[-length:], "little"), head_bytes, known[1]


def whole(kind: bytes, state: AnyState) -> bytes:
    """Return a state as bytes, with all its values in them.

    Args:
        kind: what its record is bound to.
        state: which; all of its large values must have been read.

    Raises:
        BadContents: a value has another size than it says, or its mark is not there.
        TooLarge: it is above the limit.
    """
    if not isinstance(state, Parted):
        return state
    head, body = unseal(kind, b"", state.stream)
    return seal(kind, b"", head, joined(body, state.buffers))


def joined(body: bytes, buffers: Sequence[Buffer]) -> bytes:
    """Return the body of a stream with its large values in it. Raises BadContents."""
    view, at, found = memoryview(body), 0, list[Any]()
    for each in buffers:
        if _size(each.data) != each.size or body[each.at : each.at + 1] != MARK:
            raise BadContents(f"a large value of {each.size} bytes is not as it says")
        opcode = _BYTEARRAY if each.mutable else _BYTES
        length = each.size.to_bytes(_LENGTH_BYTES, "little")
        found += [view[at : each.at], opcode, length, memory_of(each)]
        at = each.at + 1
    return b"".join([*found, view[at:]])


def check(body: bytes, buffers: Sequence[Buffer]) -> None:
    """Refuse large values that do not belong to a body. Raises BadContents."""
    at = -1
    for each in buffers:
        if each.at <= at or body[each.at : each.at + 1] != MARK:
            raise BadContents("a large value of a state belongs nowhere")
        if not 0 <= each.size <= limits.STATE_BYTES_MAX:
            raise BadContents(f"a large value says that it has {each.size} bytes")
        at = each.at
