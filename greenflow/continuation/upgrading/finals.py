"""What ``finally`` blocks go on with, and what is handled, where a frame waits.

A ``finally`` block is compiled for each way into it. An error lies on the stack with
what was handled before; the value that is to be returned lies there too; other ways
leave nothing.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from greenflow.continuation.upgrading.operands import (
    GROUP,
    HANDLED,
    RAISED,
    VALUE,
    Role,
)
from greenflow.continuation.upgrading.slots import width
from greenflow.continuation.upgrading.stacked import handling, roles
from greenflow.continuation.upgrading.trees import Tree, Unmatched

if TYPE_CHECKING:
    from greenflow.continuation.upgrading.course import Course, Handler
    from greenflow.continuation.upgrading.sites import Site
    from greenflow.continuation.upgrading.stacked import Handling

_NOT_CERTAIN = "it is not certain what it handles"


def roles_at(
    tree: Tree, site: Site, course: Course, unit: int, kept: int, version: int
) -> list[Role]:
    """Return what lies on the stack, the lowest first.

    Args:
        tree: of a function.
        site: what it waits for.
        course: of its code.
        unit: of the instruction that waits.
        kept: how many slots of the stack are kept meanwhile.
        version: that compiled it.

    Raises:
        Unmatched: it is not certain.
    """
    around, active = handling(tree, site.within), course.active(unit)
    owners = [_owner(tree, course, around, each) for each in active]
    handlers = [at for at, e in enumerate(around) if isinstance(e, ast.ExceptHandler)]
    if owners != sorted(set(owners)) or not set(handlers) <= set(owners):
        raise Unmatched(_NOT_CERTAIN)
    blocks = [at for at in range(len(around)) if at not in handlers]
    open_ = [at for at in blocks if at not in owners]

    def with_(value: list[str]) -> list[Role]:
        finals = [[RAISED] if at in owners else value for at in blocks]
        return [*roles(tree, site.within, finals, course.kept), *site.more]

    for value in ([], [VALUE]):
        found = with_(value)
        if sum(width(role, version) for role in found) == kept:
            _check_places(found, active, version)
            return found
    if len(open_) > 1:
        raise Unmatched("it waits in a finally block in another: it is not certain how")
    raise Unmatched("it keeps other values than its source tells of")


def _owner(tree: Tree, course: Course, around: list[Handling], handler: Handler) -> int:
    """Return what a handler was compiled of, by its number in ``around``."""
    place = course.first_place(handler.target)
    for at in range(len(around) - 1, -1, -1):
        if place is not None and _is_in(place, _parts(tree, around[at])):
            return at
    raise Unmatched(_NOT_CERTAIN)


def _parts(tree: Tree, each: Handling) -> list[Any]:
    if isinstance(each, ast.ExceptHandler):
        block: Any = tree.parents[each][0]
        return list(block.handlers)
    return list(each.finalbody)


def _is_in(place: Any, parts: list[Any]) -> bool:
    line, end_line, col, end_col = place
    first, last = parts[0], parts[-1]
    return (first.lineno, first.col_offset) <= (line, col) and (end_line, end_col) <= (
        last.end_lineno,
        last.end_col_offset,
    )


def _check_places(found: list[Role], active: tuple[Handler, ...], version: int) -> None:
    at, left = 0, list(active)
    for role in found:
        if role.kind in {HANDLED, RAISED, GROUP}:
            handler = left.pop(0)
            if handler.low + handler.place != at:
                raise Unmatched(_NOT_CERTAIN)
        at += width(role, version)
