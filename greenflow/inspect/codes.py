"""A code object that was read and not made: its variables, its places."""

from __future__ import annotations

from importlib._bootstrap_external import MAGIC_NUMBER
from typing import TYPE_CHECKING, Any, Final

from greenflow.errors import BadContents
from greenflow.inspect.lines import Position, entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    #: Returns code that a state in a store refers to, by its identity.
    Codes = Callable[[bytes], bytes | None]

#: Kinds of variables (CO_FAST_... of CPython).
_LOCAL: Final = 0x20
_CELL: Final = 0x40
_FREE: Final = 0x80


class Code:
    """What marshal writes of a code object, under the names that one has.

    Attributes:
        magic: of the Python that wrote it, where that is known.
    """

    magic: bytes = MAGIC_NUMBER

    def __init__(self, *fields: Any) -> None:
        numbers, parts, rest = fields[:5], fields[5:13], fields[13:]
        (
            self.co_argcount,
            self.co_posonlyargcount,
            self.co_kwonlyargcount,
            self.co_stacksize,
            self.co_flags,
        ) = numbers
        self.co_code, self.co_consts, self.co_names, names, kinds, *texts = parts
        self.co_filename, self.co_name, self.co_qualname = texts
        self.co_firstlineno, self.co_linetable, self.co_exceptiontable = rest
        self.names: tuple[str, ...] = names
        self.kinds: bytes = kinds
        self._check()

    @property
    def co_varnames(self) -> tuple[str, ...]:
        """The local variables, arguments first; not those that only a cell holds."""
        return self._of(lambda kind: bool(kind & _LOCAL))

    @property
    def co_cellvars(self) -> tuple[str, ...]:
        """Those that nested functions use too."""
        return self._of(lambda kind: bool(kind & _CELL))

    @property
    def co_freevars(self) -> tuple[str, ...]:
        """Those of the functions around it."""
        return self._of(lambda kind: bool(kind & _FREE))

    def holds_cell(self, slot: int) -> bool:
        """Return whether this variable lies in a cell."""
        return bool(self.kinds[slot] & (_CELL | _FREE))

    def position(self, unit: int) -> Position:
        """Return where the instruction at this code unit stands."""
        for units, found in entries(self.co_linetable, self.co_firstlineno):
            if unit < units:
                return found
            unit -= units
        return Position()

    def co_positions(self) -> Iterator[tuple[int | None, ...]]:
        """Yield where each instruction stands, as a code object tells it."""
        for units, found in entries(self.co_linetable, self.co_firstlineno):
            line, end_line, col, end_col = found
            known = line or None, end_line or None
            columns = (None if each < 0 else each for each in (col, end_col))
            yield from [(*known, *columns)] * units

    def last_line(self) -> int:
        """Return the last line that any instruction is on."""
        table = entries(self.co_linetable, self.co_firstlineno)
        return max((found.end_line for _, found in table), default=self.co_firstlineno)

    def _of(self, takes: Callable[[int], bool]) -> tuple[str, ...]:
        pairs = zip(self.names, self.kinds, strict=True)
        return tuple(name for name, kind in pairs if takes(kind))

    def _check(self) -> None:
        texts = (self.co_filename, self.co_name, self.co_qualname)
        tables = (
            *(self.co_code, self.co_linetable, self.co_exceptiontable),
            self.kinds,
        )
        names = (self.names, self.co_names)
        if (
            any(type(text) is not str for text in texts)
            or any(type(table) is not bytes for table in tables)
            or type(self.co_consts) is not tuple
            or any(type(held) is not tuple for held in names)
            or any(type(name) is not str for held in names for name in held)
            or len(self.names) != len(self.kinds)
        ):
            raise BadContents("a saved code object is damaged: a field is not its own")
