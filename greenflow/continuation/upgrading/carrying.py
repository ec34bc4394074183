"""Values on a stack, carried from one minor version of CPython to another by role.

What lies there while a call waits follows from the source: for each block around it the
iterator of a loop or the exit of a ``with``, then for each expression around it what
was computed to its left. How many slots each takes, and what is in them, differs.
"""

from __future__ import annotations

import ast
import sys
from itertools import pairwise
from types import MethodType
from typing import TYPE_CHECKING, Any, Final

from greenflow.continuation import frames
from greenflow.continuation.delivery.answers import PUSH
from greenflow.continuation.editing.flowgraph import graph_of
from greenflow.continuation.editing.parts import NOTHING, Record
from greenflow.continuation.upgrading.matching import found_again
from greenflow.continuation.upgrading.trees import BLOCKS, Tree, Unmatched, dump

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE: Final = sys.version_info[0] * 100 + sys.version_info[1]
#: From here on a loop keeps beside what it goes over how far it is.
_COUNTED_LOOPS: Final = 315
#: From here on a with block keeps its exit and the self of it.
_EXIT_AND_SELF: Final = 314
#: Up to here what is called with no self lies above nothing, and below from then on.
_NULL_BELOW: Final = 312
_LOOP, _EXIT, _CALLED, _VALUE = "loop", "exit", "called", "value"
#: More of them are not computed onto the stack first.
_ITEMS_MAX: Final = 16


def carried(
    record: Record, old: Tree, new: Tree, version: int
) -> tuple[int, list[Any]]:
    """Return the unit of the new code that a frame waits at, and its stack there.

    Raises:
        Unmatched: it is not certain.
    """
    if record.delivery != PUSH or any(
        extra is not NOTHING for extra in (record.generator, record.exc, record.held)
    ):
        raise Unmatched("it does not wait for what a call returns")
    node = old.node_at(0)
    if not isinstance(node, ast.Call):
        raise Unmatched("what it waits in is no call")
    again = found_again(old, node, new)
    roles = list(_roles(old, node))
    if roles != list(_roles(new, again)):
        raise Unmatched("what is around the call, or to the left of it, was edited")
    left = list(record.stack)
    values = [_taken(role, left, version) for role, _ in roles]
    if left:
        raise Unmatched("it keeps more values than its source tells of")
    stack = [
        slot
        for (role, _), value in zip(roles, values, strict=True)
        for slot in _put(role, value)
    ]
    return _unit(new, again, len(stack)), stack


def _unit(new: Tree, node: ast.AST, kept: int) -> int:
    assert isinstance(node, ast.Call)
    graph = graph_of(new.code)
    given = len(node.args) + len(node.keywords)
    found = [
        unit
        for unit, each in graph.instructions.items()
        if each.name in {"CALL", "CALL_KW"}
        and new.node_at(unit) is node
        and each.arg == given
        and graph.depths[unit] - given - 2 - (each.name == "CALL_KW") == kept
    ]
    if len(found) != 1:
        raise Unmatched("it is not certain which instruction it waits at")
    return found[0]


# --- what lies there, by the source ---


def _roles(tree: Tree, node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield (role, source) of what lies on the stack, the lowest first."""
    chain = [*tree.around(node), (node, "")]
    for (each, field), (inner, _) in pairwise(chain):
        if isinstance(each, ast.stmt):
            yield from _of_statement(each, field)
        elif isinstance(each, ast.expr):
            yield from _of_expression(each, field, inner)
        elif isinstance(each, ast.ExceptHandler):
            raise Unmatched("it waits in an except block")
        elif isinstance(each, ast.match_case | ast.withitem):
            raise Unmatched(f"it waits in a {type(each).__name__}")


def _of_statement(each: ast.stmt, field: str) -> Iterator[tuple[str, str]]:
    if field in {"targets", "target"}:
        raise Unmatched("it waits in what is assigned to")
    if isinstance(each, ast.AugAssign):
        if not isinstance(each.target, ast.Name):
            raise Unmatched("it waits in an assignment to a part of something")
        yield _VALUE, dump(each.target)
    elif isinstance(each, ast.For) and field == "body":
        yield _LOOP, dump(each.iter)
    elif isinstance(each, ast.With) and field == "body":
        for item in each.items:
            yield _EXIT, dump(item.context_expr)
    elif isinstance(each, ast.Try | ast.TryStar) and field == "finalbody":
        raise Unmatched("it waits in a finally block")
    elif isinstance(each, BLOCKS) and not isinstance(
        each, ast.For | ast.If | ast.While | ast.With | ast.Try
    ):
        raise Unmatched(f"it waits in a block of another kind: {type(each).__name__}")
    elif isinstance(each, ast.While | ast.With) and field not in {"body", "orelse"}:
        raise Unmatched("it waits in the head of a block")


def _of_expression(
    each: ast.expr, field: str, inner: ast.AST
) -> Iterator[tuple[str, str]]:
    if isinstance(each, ast.Call) and field in {"args", "keywords"}:
        given: list[Any] = [*each.args, *each.keywords]
        if any(isinstance(item, ast.keyword) and not item.arg for item in given):
            raise Unmatched("it waits in a call with stars")
        _check_plain(given)
        yield _CALLED, dump(each.func)
        yield from _before(given, inner)
    elif isinstance(each, ast.Tuple | ast.List | ast.Set) and field == "elts":
        _check_plain(each.elts)
        yield from _before(each.elts, inner)
    elif isinstance(each, ast.JoinedStr):
        _check_plain(each.values)
        yield from _before(each.values, inner)
    elif isinstance(each, ast.BinOp) and field == "right":
        yield _VALUE, dump(each.left)
    elif isinstance(each, ast.Compare) and len(each.ops) == 1:
        if field == "comparators":
            yield _VALUE, dump(each.left)
    elif not isinstance(each, ast.BoolOp | ast.IfExp) and (
        (type(each), field) not in _NOTHING_LEFT
    ):
        raise Unmatched(f"it waits in the middle of a {type(each).__name__}")


#: Parts of expressions that are computed first.
_NOTHING_LEFT: Final = {
    (ast.BinOp, "left"),
    (ast.Call, "func"),
    (ast.Attribute, "value"),
    (ast.FormattedValue, "value"),
    (ast.UnaryOp, "operand"),
}


def _check_plain(items: list[ast.expr]) -> None:
    if _has_star(items) or len(items) > _ITEMS_MAX:
        raise Unmatched("it waits in a call or a display with stars, or a long one")


def _has_star(items: list[ast.expr]) -> bool:
    return any(isinstance(item, ast.Starred) for item in items)


def _before(items: list[ast.expr], inner: ast.AST) -> Iterator[tuple[str, str]]:
    for item in items:
        if item is inner:
            return
        yield _VALUE, dump(item)


# --- slots ---


def _taken(role: str, left: list[Any], version: int) -> Any:
    """Take the slots of a role off the lower end of a stack of some version."""
    count = {
        _LOOP: 1 + (version >= _COUNTED_LOOPS),
        _EXIT: 1 + (version >= _EXIT_AND_SELF),
        _CALLED: 2,
        _VALUE: 1,
    }[role]
    slots = left[:count]
    del left[:count]
    if len(slots) < count:
        raise Unmatched("it keeps fewer values than its source tells of")
    if role == _CALLED and version <= _NULL_BELOW and slots[0] is NOTHING:
        slots.reverse()
    value, beside = slots[0], slots[1] if count > 1 else NOTHING
    if value is NOTHING:
        raise Unmatched("a value that it keeps is not where its source tells")
    if role == _LOOP:
        return _iterator(value, beside)
    if role == _EXIT and beside is not NOTHING:
        return MethodType(value, beside)
    return (value, beside) if role == _CALLED else value


def _iterator(value: Any, counted: Any) -> Any:
    if isinstance(counted, frames.Index):
        found = iter(value)
        found.__setstate__(int(counted))
        value = found
    if not hasattr(type(value), "__next__"):
        raise Unmatched("what it goes over is no iterator")
    return value


def _put(role: str, value: Any) -> list[Any]:
    """Return the slots of a role on a stack of this version."""
    if role == _LOOP:
        return [value, NOTHING] if HERE >= _COUNTED_LOOPS else [value]
    if role == _EXIT:
        return [value, NOTHING] if HERE >= _EXIT_AND_SELF else [value]
    if role == _CALLED:
        called, own = value
        is_below = own is NOTHING and HERE <= _NULL_BELOW
        return [NOTHING, called] if is_below else [called, own]
    return [value]
