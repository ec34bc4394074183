"""Where a frame may go on, besides where it waits: jump() and restart().

A line is safe to go on at if the stack is right there. It is if control can come from
here to there, or from there to here, and leaves alone the values that will be on the
stack: then these are the same objects. What is above them is dropped.
"""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING, Final

from greenflow.continuation.delivery.answers import AT
from greenflow.continuation.editing.flowgraph import Graph, graph_of
from greenflow.continuation.editing.keeping import HANDLED, kept_at, kept_in, unwind
from greenflow.continuation.editing.liveness import needed_at
from greenflow.continuation.editing.parts import NOTHING, Record, variable_names
from greenflow.errors import EditRefused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType
    from typing import Any

_NEAREST: Final = 3


def target(record: Record, line: int, place: str) -> int:
    """Return the code unit at which ``line`` begins for this frame.

    Raises:
        EditRefused: the frame cannot go on there; the error tells why.
    """
    whys = []
    for unit in _beginnings(record.code, line):
        why = _why_not(record, unit)
        if why is None:
            return unit
        whys.append(why)
    code = record.code
    if whys:
        text, hint = whys[0]
        raise EditRefused(f"{place} cannot go on at line {line}: {text}", hint=hint)
    raise EditRefused(
        f"{place} has no code on line {line}",
        hint=f"near it are lines {_nearest(code, line)} of {code.co_filename}",
    )


def go_on_at(record: Record, unit: int) -> None:
    """Let the frame begin there; the caller has dropped what is inside of it."""
    depth = graph_of(record.code).depths[unit]
    unwind(record, depth)
    record.pending, record.delivery, record.held = unit, AT, NOTHING


def _beginnings(code: CodeType, line: int) -> Iterator[int]:
    """Yield the units at which a line begins, behind the frame's own beginning.

    Several, where its block was compiled more than once: all of them begin alike. What
    else stands on the line is its end, such as that of a ``with`` block.
    """
    graph, first = graph_of(code), None
    places = list(code.co_positions())
    for start, _, number in code.co_lines():
        unit = start // 2
        while unit in graph.instructions and _is_prefix(graph, unit):
            unit += 1
        if number != line or unit not in graph.instructions:
            continue
        begins = graph.instructions[unit].name.removesuffix("_BORROW"), places[unit]
        first = first or begins
        if begins == first and unit > graph.begin:
            yield unit


def _is_prefix(graph: Graph, unit: int) -> bool:
    return graph.instructions[unit].name == "EXTENDED_ARG"


def _nearest(code: CodeType, line: int) -> str:
    graph = graph_of(code)
    lines = sorted(
        {
            number
            for start, _, number in code.co_lines()
            if number is not None and start // 2 > graph.begin
        }
    )
    at = bisect.bisect(lines, line)
    near = sorted(lines[max(0, at - _NEAREST) : at + _NEAREST])
    return ", ".join(map(str, near)) or "none"


# --- is it safe? ---


def _why_not(record: Record, unit: int) -> tuple[str, str] | None:
    """Return why the frame cannot go on there, and a hint; None if it can."""
    graph = graph_of(record.code)
    depth, here, there = _sides(record, unit)
    if here != there:
        return _of_handlers(here, there)
    if depth > len(record.stack) or (depth and not _keeps(graph, record, unit, depth)):
        return (
            "it is inside of a block or an expression that the frame is not in",
            "go on where the loop, the with block or the statement begins",
        )
    missing = _missing(record, unit, depth)
    if missing:
        names = ", ".join(repr(name) for name in missing)
        return f"there {names} must have a value", "set it before"
    return None


def _sides(record: Record, unit: int) -> tuple[int, set[int], set[int]]:
    """Return the depth there, and where handled errors are kept here and there."""
    there = kept_at(record.code, unit)
    return (
        graph_of(record.code).depths[unit],
        {place for place, of in kept_in(record).items() if of == HANDLED},
        {place for place, of in there.items() if of == HANDLED},
    )


def _of_handlers(here: set[int], there: set[int]) -> tuple[str, str]:
    if len(here) > len(there):
        return (
            "the frame is in an except or finally block, which it would leave",
            "go on inside of it, or restart() the frame",
        )
    return (
        "it is in an except or finally block, and there is no error it could handle",
        "throw the error that it is to handle",
    )


def _keeps(graph: Graph, record: Record, unit: int, depth: int) -> bool:
    """Whether control gets from here to there, or back, above the kept values."""
    pending = record.pending
    if record.delivery == AT:
        begins: tuple[int, ...] = (pending,)
    else:
        begins = graph.instructions[pending].following
    return _leads(graph, begins, unit, depth) or _leads(graph, (unit,), pending, depth)


def _leads(graph: Graph, begins: tuple[int, ...], end: int, depth: int) -> bool:
    todo, seen = list(begins), set(begins)
    while todo:
        unit = todo.pop()
        if graph.depths[unit] < depth:
            continue
        if unit == end:
            return True
        if graph.low(unit) < depth:
            continue
        following = set(graph.instructions[unit].following) - seen
        seen |= following
        todo += following
    return False


def _missing(record: Record, unit: int, depth: int) -> list[str]:
    """Return the variables that the code there takes to have a value, and have none."""
    held = variables_behind(record, depth)
    names = variable_names(record.code)
    needed = sorted(needed_at(record.code, unit))
    return [names[number] for number in needed if held[number] is NOTHING]


def variables_behind(record: Record, depth: int) -> list[Any]:
    """Return the variables as :func:`unwind` will leave them."""
    held, kept = list(record.variables), kept_in(record)
    for place in sorted(kept, reverse=True):
        if place >= depth and kept[place] != HANDLED:
            held[kept[place]] = record.stack[place]
    return held
