"""Line tables of code objects: Objects/locations.md of CPython 3.11, as up to 3.15."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from greenflow import limits
from greenflow.errors import BadContents
from greenflow.inspect.opcodes import Bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Entries: 0 to 9 are short, then one for each number of lines between.
_ONE_LINE: Final = 10
_NO_COLUMNS: Final = 13
_LONG: Final = 14
_MORE: Final = 0x40
_SHIFT_MAX: Final = 30


class Position(NamedTuple):
    """Where an instruction stands in its file; columns count bytes of UTF-8 from 0.

    A line of 0 and a column of -1 are not known.
    """

    line: int = 0
    end_line: int = 0
    col: int = -1
    end_col: int = -1


def entries(table: bytes, first_line: int) -> Iterator[tuple[int, Position]]:
    """Yield (code units, where they stand) in order. Raises BadContents."""
    data, line = Bytes(table), first_line
    for _ in range(limits.INSPECTED_CONSTANTS_MAX):
        if data.pos == data.end:
            return
        head = data.number(1)
        kind, units = head >> 3 & 15, (head & 7) + 1
        if kind > _LONG:
            yield units, Position()
            continue
        line, found = _entry(data, kind, line)
        yield units, found
    raise BadContents("a saved code object is damaged: its line table is too long")


def _entry(data: Bytes, kind: int, line: int) -> tuple[int, Position]:
    if kind < _ONE_LINE:
        columns = data.number(1)
        col = kind << 3 | columns >> 4
        return line, Position(line, line, col, col + (columns & 15))
    if kind < _NO_COLUMNS:
        line += kind - _ONE_LINE
        col = data.number(1)
        return line, Position(line, line, col, data.number(1))
    line += _signed(data)
    if kind == _NO_COLUMNS:
        return line, Position(line, line)
    end_line = line + _unsigned(data)
    col = _unsigned(data) - 1
    return line, Position(line, end_line, col, _unsigned(data) - 1)


def _unsigned(data: Bytes) -> int:
    value = shift = 0
    while shift <= _SHIFT_MAX:
        part = data.number(1)
        value |= (part & _MORE - 1) << shift
        if not part & _MORE:
            return value
        shift += 6
    raise BadContents("a saved code object is damaged: a line is a number too large")


def _signed(data: Bytes) -> int:
    value = _unsigned(data)
    return -(value >> 1) if value & 1 else value >> 1
