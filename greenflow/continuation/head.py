"""The head of a saved continuation: what people may see without unpickling anything.

It is read by listings and viewers in processes that must not run what is stored, so
this module imports nothing that could.
"""

import sys
from importlib._bootstrap_external import MAGIC_NUMBER
from typing import Literal

import msgspec

from greenflow import limits, parted
from greenflow.envelope import seal, unseal
from greenflow.errors import BadContents, TooLarge, WrongInterpreter
from greenflow.parted import AnyState

#: Bound into the checksum, so that no other record passes for a continuation.
KIND = b"continuation"

#: CPython's minor version and its bytecode's number: both must be the reader's own.
PYTHON = f"{sys.implementation.cache_tag}-{int.from_bytes(MAGIC_NUMBER[:2], 'little')}"

#: Its patch level: another one may compile the same source to other bytecode.
PATCH = ".".join(map(str, sys.version_info))


class FunctionHead(msgspec.Struct, frozen=True, array_like=True):
    """A function on the stack; ``code_hash`` is empty if it is stored by value."""

    module: str
    qualname: str
    file: str
    code_hash: bytes = b""


class PlaceHead(msgspec.Struct, frozen=True, array_like=True):
    """Where a frame waits: a function (by its number) and a piece of its source."""

    function: int
    line: int
    end_line: int
    col: int
    end_col: int


class FrameHead(msgspec.Struct, frozen=True):
    """One frame for people; columns count bytes of the line in UTF-8, from 0.

    A line of 0 and a column of -1 are not known.
    """

    module: str
    qualname: str
    file: str
    line: int
    end_line: int
    col: int
    end_col: int


class Head(msgspec.Struct, frozen=True, array_like=True):
    """What stands before the pickled values.

    ``shape`` is csrc/records.c's; ``places`` are outermost first, as the shape is.
    """

    kind: Literal["stack", "call", "done"]
    python: str
    functions: tuple[FunctionHead, ...]
    places: tuple[PlaceHead, ...] = ()
    shape: bytes = b""
    patch: str = PATCH

    @property
    def frames(self) -> tuple[FrameHead, ...]:
        """The frames, innermost first."""
        return tuple(_frame(self.functions, place) for place in reversed(self.places))


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Head)


def read_head(data: bytes) -> Head:
    """Return the head of what ``dumps()`` returned; nothing of the stack is loaded.

    Raises:
        BadRecord: one of its subclasses tells what is wrong with the bytes.
    """
    return decode_head(unseal(KIND, b"", data)[0])


def encode_head(head: Head) -> bytes:
    """Return the head as bytes. The opposite of :func:`decode_head`."""
    if len(head.places) > limits.FRAMES_MAX:
        raise TooLarge(
            f"a stack of {len(head.places)} frames; the limit is {limits.FRAMES_MAX}",
            hint="suspend at less depth, or turn the recursion into a loop",
        )
    return _ENCODER.encode(head)


def decode_head(data: bytes) -> Head:
    """Return the head that :func:`encode_head` made. Raises BadContents."""
    try:
        head = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadContents(
            f"the head of a continuation is not valid: {error}"
        ) from error
    if any(not 0 <= each.function < len(head.functions) for each in head.places):
        raise BadContents("the head of a continuation names a function it has not")
    return head


def check_python(head: Head) -> None:
    """Raise WrongInterpreter if another Python wrote this."""
    if head.python != PYTHON:
        raise WrongInterpreter(
            f"the continuation was saved by {head.python}; this is {PYTHON}",
            hint="go on under the Python that saved it (major and minor version count)",
        )


def pack(head: bytes, body: bytes) -> bytes:
    """Return head and body as one checked record. Raises TooLarge."""
    return seal(KIND, b"", head, body)


def whole(state: AnyState) -> bytes:
    """Return a state as one record, with all its values in it: what dumps() returns.

    Raises BadContents, TooLarge.
    """
    return parted.whole(KIND, state)


def unpack(data: bytes) -> tuple[bytes, bytes]:
    """Return head and body of what :func:`pack` made. Raises BadRecord."""
    return unseal(KIND, b"", data)


def _frame(functions: tuple[FunctionHead, ...], place: PlaceHead) -> FrameHead:
    function = functions[place.function]
    return FrameHead(
        module=function.module,
        qualname=function.qualname,
        file=function.file,
        line=place.line,
        end_line=place.end_line,
        col=place.col,
        end_col=place.end_col,
    )
