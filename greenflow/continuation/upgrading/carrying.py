"""Values on a stack, carried from one minor version of CPython to another by role."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, NamedTuple

from greenflow.continuation.editing.flowgraph import graph_of
from greenflow.continuation.editing.parts import NOTHING, Record
from greenflow.continuation.upgrading.course import Course, alike
from greenflow.continuation.upgrading.finals import roles_at
from greenflow.continuation.upgrading.matching import found_again
from greenflow.continuation.upgrading.operands import (
    GROUP,
    HANDLED,
    KEPT,
    RAISED,
    Role,
)
from greenflow.continuation.upgrading.sites import DELIVERIES, Site, sites
from greenflow.continuation.upgrading.slots import HERE, put, taken
from greenflow.continuation.upgrading.trees import Tree, Unmatched, dump

if TYPE_CHECKING:
    from collections.abc import Iterator


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
    unit, version = record.pending, int(python.split("-")[1])
    course, kept = Course(old, python), len(record.stack)
    site, found = _site(old, course, unit, kept, version)
    if record.delivery not in DELIVERIES[site.kind]:
        raise Unmatched("what it waits for is given to it in another way")
    left = list(record.stack)
    values = [taken(role, left, version) for role in found]
    again = _found_again(old, site.node, new)
    new_course = Course(new)
    for each, _ in new.around(again):
        if isinstance(each, ast.ListComp | ast.SetComp | ast.DictComp):
            new_course.kept(each)
    units = dict(_units(new, site._replace(node=again), new_course, found))
    there = _one_of(old, new, course, unit, new_course, list(units))
    stack = _put(units[there], found, values)
    return Carried(there, stack, list(_handled(found, values)))


def _put(new: list[Role], old: list[Role], values: list[Any]) -> list[Any]:
    """Return the slots of new roles."""
    kept = {
        role.source: value
        for role, value in zip(old, values, strict=True)
        if role.kind == KEPT
    }
    others = iter([v for role, v in zip(old, values, strict=True) if role.kind != KEPT])
    stack: list[Any] = []
    for role in new:
        if role.kind != KEPT:
            stack += put(role, next(others))
        elif role.source in kept:
            stack += put(role, kept[role.source])
        else:
            raise Unmatched(f"{role.constant!r} is another variable now")
    return stack


def _site(
    tree: Tree, course: Course, unit: int, kept: int, version: int
) -> tuple[Site, list[Role]]:
    """Return what a frame waits for, and what is on its stack."""
    fitting, reason = [], Unmatched("what it waits in is no call")
    for site in sites(tree, course, unit, version):
        try:
            found = roles_at(tree, site, course, unit, kept, version)
            fitting.append((site, found))
        except Unmatched as unmatched:
            reason = unmatched
    if len(fitting) > 1:
        raise Unmatched("it is not certain which part of its source it waits in")
    if not fitting:
        raise reason
    return fitting[0]


def _found_again(old: Tree, node: ast.AST, new: Tree) -> ast.AST:
    if node is not old.root:
        return found_again(old, node, new)
    if type(new.root) is not type(node) or (
        isinstance(node, ast.expr) and dump(new.root) != dump(node)
    ):
        raise Unmatched("it is another kind of function now, or another expression")
    return new.root


def _handled(found: list[Role], values: list[Any]) -> Iterator[tuple[Any, Any]]:
    for role, value in zip(found, values, strict=True):
        if role.kind == HANDLED:
            yield value, NOTHING
        elif role.kind == RAISED:
            yield value
        elif role.kind == GROUP:
            yield value[0], NOTHING


def _units(
    new: Tree, site: Site, course: Course, wanted: list[Role]
) -> Iterator[tuple[int, list[Role]]]:
    """Yield units at which the new code waits for that, and what is on the stack."""
    depths = graph_of(new.code).depths
    reason = Unmatched("what is around the call, or to the left of it, was edited")
    is_there = False
    for unit in course.steps:
        for each in sites(new, course, unit, HERE):
            if each[:2] != site[:2] or each.number != site.number:
                continue
            kept = depths[unit] - each.taken
            try:
                found = roles_at(new, each, course, unit, kept, HERE)
            except Unmatched as unmatched:
                reason = unmatched
                continue
            if _keys(found) == _keys(wanted):
                is_there = True
                yield unit, found
    if not is_there:
        raise reason


def _keys(found: list[Role]) -> list[tuple[str, str]]:
    return [(role.kind, role.source) for role in found if role.kind != KEPT]


def _one_of(
    old: Tree,
    new: Tree,
    course: Course,
    unit: int,
    new_course: Course,
    units: list[int],
) -> int:
    """Return the unit that goes on as the old one does.

    What was compiled more than once is told apart by all that follows.
    """
    here = [
        each
        for each, step in course.steps.items()
        if step.name == course.steps[unit].name
        and old.position(each) == old.position(unit)
        and course.is_reached(each)
        and len(course.active(each)) == len(course.active(unit))
    ]
    if len(units) == len(here) == 1:
        return units[0]
    if not isinstance(old.root, ast.FunctionDef | ast.AsyncFunctionDef):
        raise Unmatched("it is not certain which instruction it waits at")
    if dump(old.root) != dump(new.root):
        raise Unmatched(
            "its statement was compiled more than once, and its function was edited: "
            "it is not certain in which copy it waits"
        )
    same = alike(course, unit, new_course, units)
    if not same:
        raise Unmatched(
            "its statement was compiled more than once: it is not certain in which "
            "copy it waits"
        )
    return same[0]
