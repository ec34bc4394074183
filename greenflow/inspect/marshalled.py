"""Reads what a marshalled code object says, without making one.

The format is Python/marshal.c's, of which only what a code object and its constants
can hold is known. ``marshal.loads`` is not made for bytes that somebody else wrote.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

from greenflow import limits
from greenflow.errors import BadContents
from greenflow.inspect.codes import Code
from greenflow.inspect.opcodes import Bytes

if TYPE_CHECKING:
    from collections.abc import Callable

_IS_SHARED: Final = 0x80
_SHARED: Final = ord("r")
_FLOAT: Final = struct.Struct("<d")
_DIGIT_BITS: Final = 15
#: So many characters weigh as much as one object.
_CHARS: Final = 64
#: What stands in Python's magic number before the code.
MAGIC_BYTES: Final = 4


def read_code(data: bytes) -> Code:
    """Return the code object that these bytes are. Raises BadContents."""
    reader = _Reader(data)
    try:
        found = reader.constant(0)
    except (ValueError, IndexError, KeyError, TypeError) as error:
        if isinstance(error, BadContents):
            raise
        raise _damaged(str(error)) from error
    if not isinstance(found, Code):
        raise _damaged(f"it is of type {type(found).__name__}")
    return found


def _damaged(why: str) -> BadContents:
    return BadContents(f"a saved code object is damaged: {why}")


class _Reader(Bytes):
    """The bytes, and the objects that later ones refer to."""

    __slots__ = ("shared", "weight")

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.shared: list[tuple[Any, int]] = []
        self.weight = 0

    def constant(self, level: int) -> Any:
        """Return the next object."""
        if level > limits.INSPECTED_LEVELS_MAX:
            raise _damaged(f"it is nested {level} deep")
        kind = self.number(1)
        if kind == _SHARED:
            made, weight = self.shared[self.number(4)]
            self._weigh(weight)
            return made
        place = len(self.shared) if kind & _IS_SHARED else -1
        if place >= 0:
            self.shared.append((None, 1))
        before = self.weight
        made = self._made(kind & ~_IS_SHARED, level + 1)
        self._weigh(1 + (len(made) // _CHARS if type(made) in (str, bytes) else 0))
        if place >= 0:
            self.shared[place] = made, self.weight - before
        return made

    def _weigh(self, more: int) -> None:
        # Shared objects count each time: whoever walks through them meets all of them.
        self.weight += more
        if self.weight > limits.INSPECTED_CONSTANTS_MAX:
            raise _damaged(f"it holds more than {limits.INSPECTED_CONSTANTS_MAX} parts")

    def _made(self, kind: int, level: int) -> Any:
        if kind in _SIMPLE:
            return _SIMPLE[kind](self)
        if kind == ord(")"):
            return self._items(self.number(1), level)
        if kind == ord("("):
            return self._items(self.number(4), level)
        if kind == ord(">"):
            return frozenset(self._items(self.number(4), level))
        if kind == ord(":"):
            return slice(*self._items(3, level))
        if kind == ord("c"):
            return self._code(level)
        raise _damaged(f"byte {self.pos - 1} is {kind:#x}")

    def _items(self, count: int, level: int) -> tuple[Any, ...]:
        if count > self.end - self.pos:
            raise _damaged(f"it says that {count} constants follow")
        return tuple([self.constant(level) for _ in range(count)])

    def _code(self, level: int) -> Code:
        numbers = [self.signed(4) for _ in range(5)]
        parts = [self.constant(level) for _ in range(8)]
        first_line = self.signed(4)
        tables = [self.constant(level) for _ in range(2)]
        return Code(*numbers, *parts, first_line, *tables)


def _long(data: Bytes) -> int:
    count = data.signed(4)
    digits = data.take(2 * abs(count))
    value = 0
    for at in range(len(digits) - 2, -1, -2):
        value = value << _DIGIT_BITS | int.from_bytes(digits[at : at + 2], "little")
    return -value if count < 0 else value


def _utf8(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _float(data: Bytes) -> float:
    value: float = _FLOAT.unpack(data.take(8))[0]
    return value


_SIMPLE: Final[dict[int, Callable[[Bytes], Any]]] = {
    ord("N"): lambda data: None,
    ord("F"): lambda data: False,
    ord("T"): lambda data: True,
    ord("."): lambda data: ...,
    ord("i"): lambda data: data.signed(4),
    ord("l"): _long,
    ord("g"): _float,
    ord("y"): lambda data: complex(_float(data), _float(data)),
    ord("s"): lambda data: data.sized(4),
    ord("u"): lambda data: _utf8(data.sized(4)),
    ord("t"): lambda data: _utf8(data.sized(4)),
    ord("a"): lambda data: _utf8(data.sized(4)),
    ord("A"): lambda data: _utf8(data.sized(4)),
    ord("z"): lambda data: _utf8(data.sized(1)),
    ord("Z"): lambda data: _utf8(data.sized(1)),
}
