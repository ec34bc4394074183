"""Which variables code may read, as it is, before it sets them."""

from __future__ import annotations

from types import CodeType
from typing import Final

from greenflow.continuation.editing.flowgraph import Graph, Instruction, graph_of

_READS: Final = frozenset(
    {"LOAD_FAST", "LOAD_FAST_BORROW", "LOAD_FAST_CHECK", "LOAD_DEREF"}
)
_READS_TWO: Final = frozenset(
    {"LOAD_FAST_LOAD_FAST", "LOAD_FAST_BORROW_LOAD_FAST_BORROW"}
)
_DELETES: Final = frozenset({"DELETE_FAST", "DELETE_DEREF"})
_SETS: Final = frozenset({"STORE_FAST", "STORE_DEREF", "STORE_FAST_MAYBE_NULL"})
_SAVES: Final = "LOAD_FAST_AND_CLEAR"


def live_behind(code: CodeType, unit: int) -> set[int]:
    """Return the variables that may be read behind an instruction, or if it raises."""
    graph = graph_of(code)
    live = dict.fromkeys(graph.instructions, frozenset[int]())
    cells = _cells(code)
    changed = True
    while changed:
        changed = False
        for each in sorted(live, reverse=True):
            found = _before(graph, graph.instructions[each], live, cells)
            changed |= found != live[each]
            live[each] = found
    return set(_behind(graph, graph.instructions[unit], live))


def outside_behind(code: CodeType, unit: int) -> set[str]:
    """Return what may be looked for among the globals behind an instruction.

    Also by the functions inside, wherever they are made.
    """
    graph = graph_of(code)
    todo, seen = [unit], set[int]()
    while todo:
        at = todo.pop()
        if at not in seen:
            seen.add(at)
            todo += graph.instructions[at].following
            todo += [handler.target for handler in graph.handlers_of(at)]
    found = _globals(code, seen - {unit})
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= outside_behind(constant, 0)
    return found


def _globals(code: CodeType, units: set[int]) -> set[str]:
    instructions = graph_of(code).instructions
    read = [instructions[each] for each in units]
    return {code.co_names[e.arg >> 1] for e in read if e.name == "LOAD_GLOBAL"}


def sets(code: CodeType) -> set[int]:
    """Return the variables that the code sets or deletes anywhere."""
    found: set[int] = set()
    for each in graph_of(code).instructions.values():
        found |= _effects(each, frozenset())[1]
        if each.name in _DELETES:
            found.add(each.arg)
    return found


def _cells(code: CodeType) -> frozenset[int]:
    """Return the variables whose own slot holds a cell."""
    names = code.co_varnames
    own = {names.index(name) for name in code.co_cellvars if name in names}
    return frozenset(own)


def _behind(
    graph: Graph, each: Instruction, live: dict[int, frozenset[int]]
) -> frozenset[int]:
    units = [*each.following, *(h.target for h in graph.handlers_of(each.unit))]
    found = frozenset[int]()
    for unit in units:
        found |= live[unit]
    return found


def _before(
    graph: Graph,
    each: Instruction,
    live: dict[int, frozenset[int]],
    cells: frozenset[int],
) -> frozenset[int]:
    reads, written = _effects(each, cells)
    behind = frozenset[int]()
    for unit in each.following:
        behind |= live[unit]
    behind = (behind - written) | reads
    for handler in graph.handlers_of(each.unit):
        behind |= live[handler.target]
    return behind


def _effects(each: Instruction, cells: frozenset[int]) -> tuple[set[int], set[int]]:
    name, arg = each.name, each.arg
    if name in _READS or name in _DELETES:
        # What makes a closure takes the cell, and reads nothing.
        is_cell = arg in cells and name != "LOAD_DEREF" and name not in _DELETES
        return (set() if is_cell else {arg}), set()
    if name in _READS_TWO:
        return {arg >> 4, arg & 15} - cells, set()
    if name in _SETS:
        return set(), {arg}
    if name == _SAVES:
        return set(), {arg}
    if name == "STORE_FAST_STORE_FAST":
        return set(), {arg >> 4, arg & 15}
    if name == "STORE_FAST_LOAD_FAST":
        return {arg & 15} - {arg >> 4}, {arg >> 4}
    return set(), set()
