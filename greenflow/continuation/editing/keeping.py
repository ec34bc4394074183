"""What some values on a stack are kept for: to be put back when a block is left.

An exception handler keeps the exception that was handled before it, a comprehension
that runs in its function's own frame (from 3.12 on) the variables whose names it uses.
Who drops such a value has to put back what it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from greenflow.continuation.code import ByCode
from greenflow.continuation.editing.flowgraph import Graph, Handler, graph_of
from greenflow.continuation.editing.parts import NOTHING

if TYPE_CHECKING:
    from types import CodeType

    from greenflow.continuation.editing.parts import Record

#: Instead of a variable: what was being handled.
HANDLED: Final = -1

#: By the place on the stack, what it is kept for: HANDLED, or the number of a variable.
Kept = dict[int, int]
_NONE: Final[Kept] = {}
_known: ByCode[dict[int, Kept]] = ByCode()


def kept_at(code: CodeType, unit: int) -> Kept:
    """Return what is kept on the stack as the instruction begins."""
    known = _known.get(code)
    if known is None:
        known = _walk(graph_of(code))
        _known.put(code, known)
    return known.get(unit, _NONE)


def kept_in(record: Record) -> Kept:
    """Return the same of a frame that waits, or begins, at an instruction."""
    depth = len(record.stack)
    every = kept_at(record.code, record.pending)
    return {place: of for place, of in every.items() if place < depth}


def unwind(record: Record, depth: int) -> Any:
    """Drop what is on the stack above ``depth``, and put the variables back.

    Returns:
        What was handled before the handlers that are left; NOTHING if none is.
    """
    kept, handled = kept_in(record), NOTHING
    for place in reversed(range(depth, len(record.stack))):
        value, variable = record.stack.pop(), kept.get(place)
        if variable == HANDLED:
            handled = value
        elif variable is not None:
            record.variables[variable] = value
    return handled


def handled_before(record: Record) -> Any:
    """Return what was handled when the frame began; NOTHING if it handles nothing."""
    for place, variable in sorted(kept_in(record).items()):
        if variable == HANDLED:
            return record.stack[place]
    return NOTHING


def _walk(graph: Graph) -> dict[int, Kept]:
    found: dict[int, Kept] = {0: _NONE}
    todo = [0]
    reached: set[Handler] = set()

    def reach(unit: int, kept: Kept) -> None:
        if unit not in found:
            found[unit] = kept
            todo.append(unit)

    while todo:
        unit = todo.pop()
        instruction = graph.instructions[unit]
        for handler in graph.handlers_of(unit):
            if handler not in reached:
                reached.add(handler)
                below = {p: v for p, v in found[unit].items() if p < handler.depth}
                reach(handler.target, below)
        behind = _behind(graph, unit, found[unit])
        for following in instruction.following:
            depth = graph.depths[following]
            reach(following, {p: v for p, v in behind.items() if p < depth})
    return found


def _behind(graph: Graph, unit: int, kept: Kept) -> Kept:
    instruction, depth = graph.instructions[unit], graph.depths[unit]
    if instruction.name == "SWAP":
        top, other = depth - 1, depth - instruction.arg
        moved = {top: other, other: top}
        return {moved.get(place, place): of for place, of in kept.items()}
    behind = {place: of for place, of in kept.items() if place < graph.low(unit)}
    if instruction.name == "PUSH_EXC_INFO":
        behind[depth - 1] = HANDLED
    elif instruction.name == "LOAD_FAST_AND_CLEAR":
        behind[depth] = instruction.arg
    return behind
