"""The bytes of a pickle, read so that nothing reaches behind their end."""

from __future__ import annotations

import codecs
import struct
from typing import TYPE_CHECKING, Final

from greenflow.errors import BadContents
from greenflow.inspect.nodes import Node

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.inspect.nodes import Item

_FLOAT: Final = struct.Struct(">d")
#: Digits of an int that is written as text: int() takes time by their square.
_DIGITS_MAX: Final = 4300


class Bytes:
    """Bytes and how far they were read. What is not there raises BadContents."""

    __slots__ = ("data", "end", "pos")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.pos = 0
        self.end = len(data)

    def take(self, count: int) -> bytes:
        """Return the next ``count`` bytes."""
        begin = self.pos
        if not 0 <= count <= self.end - begin:
            raise BadContents(
                f"a value is damaged: at byte {begin} it says that {count} bytes "
                f"follow, and there are {self.end - begin}"
            )
        self.pos = begin + count
        return self.data[begin : self.pos]

    def number(self, count: int) -> int:
        """Return an unsigned little-endian number of so many bytes."""
        return int.from_bytes(self.take(count), "little")

    def signed(self, count: int) -> int:
        """Return a signed little-endian number of so many bytes."""
        return int.from_bytes(self.take(count), "little", signed=True)

    def sized(self, count: int) -> bytes:
        """Return what follows a length of so many bytes."""
        return self.take(self.number(count))

    def line(self) -> bytes:
        """Return what is left of a line of text."""
        found = self.data.find(b"\n", self.pos, self.end)
        if found < 0:
            raise BadContents(f"a value is damaged: the line at {self.pos} has no end")
        line = self.data[self.pos : found]
        self.pos = found + 1
        return line

    def name(self) -> str:
        """Return a line as text, whatever its bytes are."""
        return self.line().decode(errors="backslashreplace")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _whole(line: bytes) -> int | bool:
    if line in (b"00", b"01"):
        return line == b"01"
    line = line.removesuffix(b"L")
    if len(line) > _DIGITS_MAX:
        raise BadContents(f"a value is damaged: a number of {len(line)} digits")
    return int(line, 0)


def _quoted(line: bytes) -> Item:
    line = line.strip()
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
        raise BadContents("a value is damaged: text without quotes")
    return _old_text(codecs.escape_decode(line[1:-1])[0])


def _old_text(data: bytes) -> Item:
    """Return what was a str in Python 2: text if it can be."""
    try:
        return data.decode("ascii")
    except UnicodeDecodeError:
        return data


def _extension(number: int) -> Node:
    return Node("extension", str(number))


#: What puts one simple object on the stack, by its opcode.
SIMPLE: Final[dict[int, Callable[[Bytes], Item]]] = {
    ord("N"): lambda data: None,
    0x88: lambda data: True,
    0x89: lambda data: False,
    ord("K"): lambda data: data.number(1),
    ord("M"): lambda data: data.number(2),
    ord("J"): lambda data: data.signed(4),
    ord("I"): lambda data: _whole(data.line()),
    ord("L"): lambda data: _whole(data.line()),
    0x8A: lambda data: int.from_bytes(data.sized(1), "little", signed=True),
    0x8B: lambda data: int.from_bytes(data.sized(4), "little", signed=True),
    ord("F"): lambda data: float(data.line()),
    ord("G"): lambda data: _FLOAT.unpack(data.take(8))[0],
    ord("S"): lambda data: _quoted(data.line()),
    ord("T"): lambda data: _old_text(data.sized(4)),
    ord("U"): lambda data: _old_text(data.sized(1)),
    ord("V"): lambda data: codecs.raw_unicode_escape_decode(data.line())[0],
    ord("X"): lambda data: _text(data.sized(4)),
    0x8C: lambda data: _text(data.sized(1)),
    0x8D: lambda data: _text(data.sized(8)),
    ord("B"): lambda data: data.sized(4),
    ord("C"): lambda data: data.sized(1),
    0x8E: lambda data: data.sized(8),
    0x96: lambda data: bytearray(data.sized(8)),
    ord("]"): lambda data: Node("list"),
    ord(")"): lambda data: Node("tuple"),
    ord("}"): lambda data: Node("dict"),
    0x8F: lambda data: Node("set"),
    0x82: lambda data: _extension(data.number(1)),
    0x83: lambda data: _extension(data.number(2)),
    0x84: lambda data: _extension(data.number(4)),
}
