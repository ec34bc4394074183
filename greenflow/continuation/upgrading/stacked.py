"""What lies on a frame's stack while it waits in a piece of source, told by the source.

For each block around it: the iterator of a loop, the exit of a ``with``, what an
``except`` handles, what a ``finally`` block goes on with; then for each expression
around it what was computed to its left.
"""

from __future__ import annotations

import ast
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from greenflow.continuation.upgrading.operands import (
    EXIT,
    GROUP,
    HANDLED,
    LOOP,
    RAISED,
    VALUE,
    Role,
    of_comprehension,
    of_expression,
)
from greenflow.continuation.upgrading.trees import (
    COMPREHENSIONS,
    Tree,
    Unmatched,
    dump,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Handling = ast.ExceptHandler | ast.Try | ast.TryStar


def handling(tree: Tree, node: ast.AST) -> list[Handling]:
    """Return the handlers and ``finally`` blocks around a node, the outermost first.

    The latter as their statements.
    """
    return [
        each
        for each, field in tree.around(node)
        if isinstance(each, ast.ExceptHandler)
        or (isinstance(each, ast.Try | ast.TryStar) and field == "finalbody")
    ]


def roles(
    tree: Tree,
    node: ast.AST,
    finals: list[list[str]],
    kept: Callable[[ast.AST], list[str]],
) -> list[Role]:
    """Return what lies on the stack, the lowest first.

    Args:
        tree: of a function.
        node: a piece of it that is computed.
        finals: for each ``finally`` block around it, what it goes on with: the kinds of
            what lies on the stack for it.
        kept: returns the variables of a comprehension whose values are kept.

    Raises:
        Unmatched: it is not known.
    """
    return list(_roles(tree, node, iter(finals), kept))


def _roles(
    tree: Tree,
    node: ast.AST,
    finals: Iterator[list[str]],
    kept: Callable[[ast.AST], list[str]],
) -> Iterator[Role]:
    chain = [*tree.around(node), (node, "")]
    for (each, field), (inner, _) in pairwise(chain):
        if isinstance(each, ast.Try | ast.TryStar) and field == "finalbody":
            yield from (Role(kind, "finally") for kind in next(finals))
        elif isinstance(each, COMPREHENSIONS):
            yield from of_comprehension(each, chain, kept)
        elif isinstance(each, ast.stmt):
            yield from _of_statement(each, field, inner)
        elif isinstance(each, ast.expr):
            yield from of_expression(each, field, inner)
        else:
            yield from _of_part(tree, each, field)


def _of_part(tree: Tree, each: ast.AST, field: str) -> Iterator[Role]:
    if isinstance(each, ast.ExceptHandler):
        yield _of_handler(tree, each, field)
    elif isinstance(each, ast.match_case):
        yield from _of_case(tree, each, field)
    elif isinstance(each, ast.withitem) and field != "context_expr":
        raise Unmatched("it waits in what is assigned to")
    elif not isinstance(each, ast.withitem | ast.keyword | ast.comprehension):
        raise Unmatched(f"it waits in a {type(each).__name__}")


# --- blocks ---


#: Where a statement keeps nothing while that part of it is computed.
_KEEPS_NOTHING: Final = {
    *((ast.Expr, "value"), (ast.Assign, "value"), (ast.AnnAssign, "value")),
    *((ast.FunctionDef, "body"), (ast.AsyncFunctionDef, "body")),
    *((ast.Return, "value"), (ast.Assert, "test"), (ast.Raise, "exc")),
    *((ast.If, "test"), (ast.If, "body"), (ast.If, "orelse")),
    *((ast.While, "test"), (ast.While, "body"), (ast.While, "orelse")),
    *((ast.For, "iter"), (ast.For, "orelse")),
    *((ast.Match, "subject"), (ast.Match, "cases")),
    *((ast.Try, "body"), (ast.Try, "handlers"), (ast.Try, "orelse")),
    *((ast.TryStar, "body"), (ast.TryStar, "handlers"), (ast.TryStar, "orelse")),
}


def _of_statement(each: ast.stmt, field: str, inner: ast.AST) -> Iterator[Role]:
    if isinstance(each, ast.AugAssign) and field == "value":
        yield from _of_target(each.target)
    elif isinstance(each, ast.For) and field == "body":
        yield Role(LOOP, dump(each.iter))
    elif isinstance(each, ast.With):
        yield from _exits(each, field, inner)
    elif isinstance(each, ast.Raise) and each.exc and field == "cause":
        yield Role(VALUE, dump(each.exc))
    elif (type(each), field) not in _KEEPS_NOTHING:
        where = "what is assigned to" if "target" in field else type(each).__name__
        raise Unmatched(f"it waits in the middle of {where}")


def _exits(each: ast.With, field: str, inner: ast.AST) -> Iterator[Role]:
    for item in each.items:
        if field == "items" and item is inner:
            return
        yield Role(EXIT, dump(item.context_expr))


def _of_target(target: ast.expr) -> Iterator[Role]:
    if isinstance(target, ast.Attribute):
        yield Role(VALUE, dump(target.value))
    elif isinstance(target, ast.Subscript):
        if isinstance(target.slice, ast.Slice):
            raise Unmatched("it waits in an assignment to a slice")
        yield Role(VALUE, dump(target.value))
        yield Role(VALUE, dump(target.slice))
    yield Role(VALUE, dump(target))


def _of_handler(tree: Tree, each: ast.ExceptHandler, field: str) -> Role:
    block, _ = tree.parents[each]
    if isinstance(block, ast.TryStar):
        if field == "type":
            raise Unmatched("it waits in the head of an except* block")
        return Role(GROUP, "except")
    return Role(HANDLED if field == "body" else RAISED, "except")


def _of_case(tree: Tree, each: ast.match_case, field: str) -> Iterator[Role]:
    if field == "pattern":
        raise Unmatched("it waits in a pattern")
    block, _ = tree.parents[each]
    assert isinstance(block, ast.Match)
    cases = block.cases
    last = cases[-1].pattern
    # What is left of the subject is kept for the next case that looks at it.
    is_any = isinstance(last, ast.MatchAs) and last.pattern is None and not last.name
    looking = cases[:-1] if is_any and len(cases) > 1 else cases
    if field == "guard" and any(each is other for other in looking[:-1]):
        yield Role(VALUE, dump(block.subject))
