"""One frame record, put together again for the new code of its function."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from types import CellType, CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from greenflow.continuation import spares
from greenflow.continuation.delivery.answers import AT
from greenflow.continuation.editing.flowgraph import graph_of
from greenflow.continuation.editing.liveness import needed_by
from greenflow.continuation.editing.parts import NOTHING, Record, variable_names
from greenflow.continuation.upgrading.live import live_behind, outside_behind, sets
from greenflow.continuation.upgrading.placing import unit_of
from greenflow.continuation.upgrading.renames import renamed
from greenflow.continuation.upgrading.trees import Text, Unmatched, parsed

if TYPE_CHECKING:
    from collections.abc import Mapping


_KIND = (
    inspect.CO_GENERATOR
    | inspect.CO_COROUTINE
    | inspect.CO_ASYNC_GENERATOR
    | inspect.CO_ITERABLE_COROUTINE
)


@dataclass(frozen=True, slots=True)
class Target:
    """The new code of a function.

    Attributes:
        code: the new code.
        function: it has that code; None if each flow has one of its own, with cells of
            its own: a function inside of a function.
    """

    code: CodeType
    function: FunctionType | None

    def of(self, old: FunctionType) -> FunctionType:
        """Return the new function that stands for an old one.

        Raises:
            Unmatched: it shares a variable with others that the old one did not.
        """
        if self.function is not None:
            return self.function
        cells = dict(zip(old.__code__.co_freevars, old.__closure__ or (), strict=True))
        for name in self.code.co_freevars:
            if name not in cells:
                raise Unmatched(f"it takes {name!r} from around it now")
        closure = tuple(cells[name] for name in self.code.co_freevars)
        return spares.with_code(old, self.code, closure)


@dataclass(frozen=True, slots=True)
class Move:
    """How a frame gets from its old code to new code."""

    target: Target
    pending: int
    #: By new variable: the old one's number, or -1 and the value it has instead.
    sources: tuple[tuple[int, Any], ...]

    def record(self, record: Record) -> Record:
        """Return the frame in the new code."""
        function = self.target.of(record.function)
        variables = [
            _carried(record, old, value, function, number)
            for number, (old, value) in enumerate(self.sources)
        ]
        extras = record.generator, record.exc, record.namespace, record.held
        delivery, stack = record.delivery, record.stack
        return Record(function, self.pending, delivery, *extras, variables, stack)


def move_of(record: Record, target: Target, old: list[Text], new: list[Text]) -> Move:
    """Return how a frame can go on in the code of a target.

    Args:
        record: waits in old code.
        target: has the new one.
        old, new: texts in which the source of each is.

    Raises:
        Unmatched: it is not certain how.
    """
    before, now = record.code, target.code
    if before.co_flags & _KIND != now.co_flags & _KIND:
        raise Unmatched("it is a function of another kind now: async, or a generator")
    if record.delivery == AT:
        raise Unmatched("it goes on in the middle of a line")
    old_tree, new_tree = parsed(before, old), parsed(now, new)
    names = renamed(old_tree, new_tree)
    pending = unit_of(record, old_tree, new_tree, names)
    move = Move(target, pending, sources_of(record, target, names))
    _check_outside(record, move, names)
    _check_variables(record, move)
    return move


def sources_of(
    record: Record, target: Target, names: Mapping[str, str]
) -> tuple[tuple[int, Any], ...]:
    """Return where the variables of the new code come from: see Move."""
    before = {
        names.get(name, name): number
        for number, name in enumerate(variable_names(record.code))
    }
    given = {} if target.function is None else _defaults(target.function)
    changed = sets(target.code)
    found: list[tuple[int, Any]] = []
    for number, name in enumerate(variable_names(target.code)):
        if name in before:
            found.append((before[name], NOTHING))
        elif name in given and number not in changed:
            found.append((-1, given[name]))  # as its caller did not give it
        else:
            found.append((-1, NOTHING))
    return tuple(found)


def _defaults(function: FunctionType) -> dict[str, Any]:
    code = function.__code__
    positional = code.co_varnames[: code.co_argcount]
    values = function.__defaults__ or ()
    named = dict(zip(positional[len(positional) - len(values) :], values, strict=True))
    return {**named, **(function.__kwdefaults__ or {})}


def _carried(
    record: Record, old: int, value: Any, function: FunctionType, number: int
) -> Any:
    code = function.__code__
    name = variable_names(code)[number]
    held = record.variables[old] if old >= 0 else value
    had_cell = old >= 0 and _had_cell(record.code, old) and type(held) is CellType
    if name in code.co_freevars:
        if old >= 0 and not had_cell:
            raise Unmatched(f"{name!r} is taken from around it now")
        return held if had_cell else (function.__closure__ or ())[number - _own(code)]
    if name in code.co_cellvars and _is_made(code, number):
        if had_cell:
            return held
        return CellType() if held is NOTHING else CellType(held)
    return held


def _own(code: CodeType) -> int:
    return len(variable_names(code)) - len(code.co_freevars)


def _had_cell(code: CodeType, number: int) -> bool:
    name = variable_names(code)[number]
    return name in code.co_cellvars or name in code.co_freevars


def _is_made(code: CodeType, number: int) -> bool:
    """Whether a function makes the cell as it begins; a comprehension's own it does
    not."""
    graph = graph_of(code)
    return any(
        each.name == "MAKE_CELL" and each.arg == number and each.unit < graph.begin
        for each in graph.instructions.values()
    )


def _check_variables(record: Record, move: Move) -> None:
    """Raise Unmatched unless all that the new code may read has its value."""
    code, old_code = move.target.code, record.code
    moved = move.record(record)
    names, old_names = variable_names(code), variable_names(old_code)
    old_live = live_behind(old_code, record.pending)
    live = live_behind(code, move.pending)
    needed = needed_by(moved, begins=False)
    for number, value in enumerate(moved.variables):
        old, _ = move.sources[number]
        if old >= 0 and _had_cell(old_code, old) and not _had_cell(code, number):
            raise Unmatched(
                f"{old_names[old]!r} was shared with other functions, and is not now"
            )
        if not is_unset(value):
            continue
        if number in needed or (number in live and old not in old_live):
            raise Unmatched(
                f"{names[number]!r} has no value there: it is set where the frame has "
                "been already"
            )


def _check_outside(record: Record, move: Move, names: Mapping[str, str]) -> None:
    """Raise Unmatched if what was a variable may be taken for a global one now."""
    code = move.target.code
    old = {names.get(name, name) for name in variable_names(record.code)}
    gone = old.difference(variable_names(code))
    found = gone & outside_behind(code, move.pending) if gone else set[str]()
    if found:
        raise Unmatched(
            f"{min(found)!r} was a variable of the function, and is looked for outside "
            "of it now"
        )


def is_unset(value: Any) -> bool:
    """Whether a slot, or the cell in it, holds nothing."""
    if type(value) is not CellType:
        return value is NOTHING
    try:
        return value.cell_contents is NOTHING
    except ValueError:
        return True
