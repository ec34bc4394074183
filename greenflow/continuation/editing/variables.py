"""The variables of a frame as a mapping of names to live values."""

from __future__ import annotations

import difflib
from collections.abc import Callable, MutableMapping
from types import CellType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from greenflow.continuation.editing.parts import NOTHING, variable_names
from greenflow.errors import EditRefused, NoSuchVariable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

#: Is told a name, and what the variable held before and holds now, or NOTHING.
Changed = Callable[[str, Any, Any], None]


class Slots(Protocol):
    """Where the values of a frame lie, by number; cells are not opened."""

    def read(self) -> list[Any]:
        """Return what is in all of them; NOTHING of one that is empty."""

    def write(self, number: int, value: Any) -> None:
        """Put a value, or NOTHING, into one."""

    def needed(self) -> set[int]:
        """Return those that the code will read without a look."""


class _Found(NamedTuple):
    number: int
    held: Any

    def value(self) -> Any:
        if type(self.held) is not CellType:
            return self.held
        try:
            return self.held.cell_contents
        except ValueError:
            return NOTHING


class Variables(MutableMapping[str, Any]):
    """Names to values: arguments, locals, and variables that functions share.

    One that shares its cell with other functions is set for all of them. Only names
    that the code has can be set; a variable without a value is not among the keys, and
    is bound by setting it.
    """

    def __init__(self, code: CodeType, slots: Slots, place: str, tell: Changed) -> None:
        """Made by a frame; ``place`` names it in errors."""
        self._names = {name: at for at, name in enumerate(variable_names(code))}
        self._slots, self._place, self._tell = slots, place, tell

    def __getitem__(self, name: str) -> Any:
        value = self._find(name).value()
        if value is NOTHING:
            raise NoSuchVariable(
                f"{self._place}: {name!r} has no value there", hint="set it"
            )
        return value

    def __setitem__(self, name: str, value: Any) -> None:
        found = self._find(name)
        before = found.value()
        if type(found.held) is CellType:
            found.held.cell_contents = value
        else:
            self._slots.write(found.number, value)
        self._tell(name, before, value)

    def __delitem__(self, name: str) -> None:
        found, before = self._find(name), self[name]
        if type(found.held) is CellType:
            del found.held.cell_contents
        elif found.number in self._slots.needed():
            raise EditRefused(
                f"{self._place}: the code relies on {name!r} having a value",
                hint="set it to another value, or jump() to where it is set",
            )
        else:
            self._slots.write(found.number, NOTHING)
        self._tell(name, before, NOTHING)

    def __iter__(self) -> Iterator[str]:
        held = self._slots.read()
        for name, number in self._names.items():
            if _Found(number, held[number]).value() is not NOTHING:
                yield name

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<Variables of {self._place}: {', '.join(self)}>"

    def _find(self, name: str) -> _Found:
        number = self._names.get(name)
        if number is None:
            near = difflib.get_close_matches(str(name), self._names, n=1)
            meant = f"did you mean {near[0]!r}? " if near else ""
            raise NoSuchVariable(
                f"{self._place} has no variable {name!r}",
                hint=f"{meant}it has {', '.join(self._names) or 'none'}",
            )
        return _Found(number, self._slots.read()[number])
