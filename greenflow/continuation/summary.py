"""What people may see of a continuation, made from the frames: its head."""

from __future__ import annotations

from types import CodeType, FunctionType
from typing import TYPE_CHECKING

from greenflow.continuation.head import PYTHON, FunctionHead, Head, PlaceHead

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.continuation.frames import Records
    from greenflow.continuation.functions import Reference

_PLACE_ENTRIES_MAX = 20_000

_places: dict[tuple[int, int], tuple[CodeType, tuple[int, int, int, int]]] = {}


def stack_head(
    functions: tuple[FunctionType, ...],
    references: list[Reference | None],
    shape: bytes,
    records: Records,
) -> Head:
    """Return the head of a stack, from its parts and the functions' references."""
    numbers = {id(function): number for number, function in enumerate(functions)}
    return Head(
        "stack",
        PYTHON,
        tuple(map(_function_head, functions, references)),
        tuple(
            PlaceHead(numbers[id(function)], *position(function.__code__, offset))
            for function, offset in records.places
        ),
        shape,
    )


def _function_head(function: FunctionType, known: Reference | None) -> FunctionHead:
    if known is not None:
        file = function.__code__.co_filename
        return FunctionHead(known.module, known.qualname, file, known.code_hash)
    return FunctionHead(
        function.__module__ or "?", function.__qualname__, function.__code__.co_filename
    )


def position(code: CodeType, offset: int) -> tuple[int, int, int, int]:
    """Return (line, end line, column, end column) of the instruction at ``offset``."""
    # By identity: hashing a code object hashes all its constants.
    known = _places.get((id(code), offset))
    if known is None:
        line, end_line, col, end_col = list(code.co_positions())[offset // 2]
        place = (
            line or 0,
            end_line or line or 0,
            -1 if col is None else col,
            -1 if end_col is None else end_col,
        )
        known = (code, place)
        if len(_places) >= _PLACE_ENTRIES_MAX:
            _places.clear()
        _places[id(code), offset] = known
    return known[1]


def call_head(function: Callable[..., object]) -> Head:
    """Return the head of a call that has not begun."""
    code = getattr(function, "__code__", None)
    known = FunctionHead(
        getattr(function, "__module__", None) or "?",
        call_name(function),
        code.co_filename if isinstance(code, CodeType) else "",
    )
    return Head("call", PYTHON, (known,))


def call_name(function: Callable[..., object]) -> str:
    """Return what people call this callable."""
    name = getattr(function, "__qualname__", None)
    return name if isinstance(name, str) else type(function).__qualname__
