"""Values on a stack, carried from one minor version of CPython to another by role."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from greenflow.continuation.delivery.answers import PUSH
from greenflow.continuation.editing.flowgraph import graph_of
from greenflow.continuation.editing.parts import NOTHING, Record
from greenflow.continuation.upgrading.course import Course, alike
from greenflow.continuation.upgrading.finals import roles_at
from greenflow.continuation.upgrading.matching import found_again
from greenflow.continuation.upgrading.slots import HERE, put, taken
from greenflow.continuation.upgrading.stacked import GROUP, HANDLED, RAISED, Role
from greenflow.continuation.upgrading.trees import Tree, Unmatched, dump

if TYPE_CHECKING:
    from collections.abc import Iterator

_CALLS: Final = frozenset({"CALL", "CALL_KW"})


class Carried(NamedTuple):
    """Where a frame goes on, with what on its stack.

    ``handled`` are what was handled before, and what is, in each of its handlers; the
    latter is NOTHING if it is not on the stack.
    """

    unit: int
    stack: list[Any]
    handled: list[tuple[Any, Any]]


def carried(record: Record, old: Tree, new: Tree, python: str) -> Carried:
    """Return where a frame goes on in the new code.

    Args:
        record: waits in the code of ``old``.
        old, new: trees, with the new names of variables.
        python: that compiled the old code, as a head tells it.

    Raises:
        Unmatched: it is not certain.
    """
    if record.delivery != PUSH or record.held is not NOTHING:
        raise Unmatched("it does not wait for what a call returns")
    unit, version = record.pending, int(python.split("-")[1])
    node, course = old.node_at(unit), Course(old, python)
    if not isinstance(node, ast.Call) or not _is_call(old, node, course, unit):
        raise Unmatched("what it waits in is no call")
    found = roles_at(old, node, course, unit, len(record.stack), version)
    left = list(record.stack)
    values = [taken(role, left, version) for role in found]
    again = found_again(old, node, new)
    new_course = Course(new)
    units = list(_units(new, again, new_course, found))
    there = _one_of(old, new, course, unit, new_course, units)
    stack = [
        slot
        for role, value in zip(found, values, strict=True)
        for slot in put(role, value)
    ]
    return Carried(there, stack, list(_handled(found, values)))


def _handled(found: list[Role], values: list[Any]) -> Iterator[tuple[Any, Any]]:
    for role, value in zip(found, values, strict=True):
        if role.kind == HANDLED:
            yield value, NOTHING
        elif role.kind == RAISED:
            yield value
        elif role.kind == GROUP:
            yield value[0], NOTHING


def _is_call(tree: Tree, node: ast.Call, course: Course, unit: int) -> bool:
    """Whether an instruction is the call that its piece of source is."""
    step = course.steps[unit]
    if step.name not in _CALLS or step.arg != len(node.args) + len(node.keywords):
        return False
    # The exit of a with block is called where its source is, too.
    parent, field = tree.parents[node]
    is_head = isinstance(parent, ast.withitem) and field == "context_expr"
    return not is_head or course.name_behind(unit) != "POP_TOP"


def _units(
    new: Tree, node: ast.AST, course: Course, wanted: list[Role]
) -> Iterator[int]:
    """Yield the units at which the new node is computed with that on the stack."""
    assert isinstance(node, ast.Call)
    graph, reasons = graph_of(new.code), []
    is_there = False
    for unit, each in graph.instructions.items():
        if new.node_at(unit) is not node or not _is_call(new, node, course, unit):
            continue
        kept = graph.depths[unit] - each.arg - 2 - (each.name == "CALL_KW")
        try:
            found = roles_at(new, node, course, unit, kept, HERE)
        except Unmatched as unmatched:
            reasons.append(unmatched)
            continue
        if _keys(found) == _keys(wanted):
            is_there = True
            yield unit
    if not is_there:
        raise (
            reasons[0]
            if reasons
            else Unmatched("what is around the call, or to the left of it, was edited")
        )


def _keys(found: list[Role]) -> list[tuple[str, str]]:
    return [(role.kind, role.source) for role in found]


def _one_of(
    old: Tree, new: Tree, course: Course, unit: int, new_course: Course, units: list[int]
) -> int:
    """Return the unit that goes on as the old one does.

    What was compiled more than once is told apart by all that follows.
    """
    here = [
        each
        for each in course.steps
        if old.node_at(each) is old.node_at(unit)
        and course.steps[each].name == course.steps[unit].name
        and course.is_reached(each)
        and len(course.active(each)) == len(course.active(unit))
    ]
    if len(units) == len(here) == 1:
        return units[0]
    if dump(old.root) != dump(new.root):
        raise Unmatched(
            "its statement was compiled more than once, and its function was edited: it "
            "is not certain in which copy it waits"
        )
    same = alike(course, unit, new_course, units)
    if not same:
        raise Unmatched(
            "its statement was compiled more than once: it is not certain in which copy "
            "it waits"
        )
    return same[0]
