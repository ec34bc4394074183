"""A frame that begins anew, with its arguments as they are now."""

from __future__ import annotations

import inspect
import sys
from dataclasses import fields
from types import CellType, CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from greenflow.continuation import names
from greenflow.continuation.code import code_hash
from greenflow.continuation.delivery.answers import AT
from greenflow.continuation.editing.flowgraph import graph_of
from greenflow.continuation.editing.jumping import variables_behind
from greenflow.continuation.editing.liveness import needed_at
from greenflow.continuation.editing.parts import NOTHING, Record, variable_names
from greenflow.errors import EditRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

_GENERATORS = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_KIND = _GENERATORS | inspect.CO_VARARGS | inspect.CO_VARKEYWORDS


def newest(function: FunctionType) -> FunctionType:
    """Return what the function's name means in its module now; else itself."""
    loaded: Any = sys.modules.get(function.__module__)
    if loaded is None or "<" in function.__qualname__:
        return function
    found = [
        layer
        for _, layer in names.layers(vars(loaded), function.__qualname__)
        if type(layer) is FunctionType
        and layer.__code__.co_qualname == function.__code__.co_qualname
    ]
    if not found or any(layer is function for layer in found):
        return function
    return next((each for each in found if _is_called_as(function, each)), found[0])


def replace(record: Record, begun: Record) -> None:
    """Let a record be what :func:`begun` returned for it."""
    for field in fields(Record):
        setattr(record, field.name, getattr(begun, field.name))


def begun(record: Record, place: str) -> Record:
    """Return the record of the same frame at its very beginning.

    If the code of its function was replaced in its module since, it is the new code.

    Raises:
        EditRefused: the new code takes other arguments, or an argument has no value.
    """
    function = newest(record.function)
    if function is not record.function:
        _check_same_call(record, function, place)
    code = function.__code__
    arguments = _arguments(record)
    unit = graph_of(code).begin
    if graph_of(code).depths[unit] != 0:  # a generator expression, from 3.15 on
        raise EditRefused(
            f"{place} cannot begin anew: what it goes over is no argument",
            hint="restart() the frame around it",
        )
    variables = _variables(function, arguments)
    names_of = variable_names(code)
    missing = [
        names_of[number]
        for number in sorted(needed_at(code, unit))
        if variables[number] is NOTHING
    ]
    if missing:
        raise EditRefused(
            f"{place} cannot begin anew: its argument {missing[0]!r} has no value any "
            "more",
            hint="set it before",
        )
    extras = record.generator, NOTHING, NOTHING, NOTHING
    return Record(function, unit, AT, *extras, variables, [])


def _argument_names(code: CodeType) -> tuple[str, ...]:
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & inspect.CO_VARARGS)
    count += bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return code.co_varnames[:count]


def _arguments(record: Record) -> dict[str, Any]:
    held = variables_behind(record, 0)
    found = {}
    for number, name in enumerate(_argument_names(record.code)):
        value = held[number]
        if type(value) is CellType and name in record.code.co_cellvars:
            try:
                value = value.cell_contents
            except ValueError:
                value = NOTHING
        found[name] = value
    return found


def _variables(function: FunctionType, arguments: Mapping[str, Any]) -> list[Any]:
    """Return what the prologue has made by the first RESUME."""
    code, found = function.__code__, []
    closure = dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
    for name in variable_names(code):
        value = arguments.get(name, NOTHING)
        if name in closure:
            value = closure[name]
        elif name in code.co_cellvars and _is_made(code, name):
            value = CellType() if value is NOTHING else CellType(value)
        found.append(value)
    return found


def _is_made(code: CodeType, name: str) -> bool:
    """Whether the prologue makes its cell; a comprehension's own is made there."""
    number = variable_names(code).index(name)
    graph = graph_of(code)
    return any(
        each.name == "MAKE_CELL" and each.arg == number and each.unit < graph.begin
        for each in graph.instructions.values()
    )


def _check_same_call(record: Record, function: FunctionType, place: str) -> None:
    old, new = record.code, function.__code__
    if code_hash(old) == code_hash(new):
        return
    if not _is_called_as(record.function, function):
        raise EditRefused(
            f"{place} cannot begin anew in the code that {function.__module__} has "
            f"now: it takes ({', '.join(_argument_names(new))}), and the frame has "
            f"({', '.join(_argument_names(old))})",
            hint="give the new function the same arguments, or return from the frame",
        )
    if record.generator is not NOTHING and _room(old) != _room(new):
        raise EditRefused(
            f"{place} cannot begin anew in the code that {function.__module__} has "
            "now: a generator cannot take code of another size",
            hint="return from the frame, and let its caller make a new generator",
        )


def _is_called_as(one: FunctionType, other: FunctionType) -> bool:
    old, new = one.__code__, other.__code__
    return _argument_names(old) == _argument_names(new) and _kind(old) == _kind(new)


def _kind(code: CodeType) -> tuple[int, int, int, int]:
    counts = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount
    return *counts, code.co_flags & _KIND


def _room(code: CodeType) -> int:
    return len(variable_names(code)) + code.co_stacksize
