"""What lies on a frame's stack for the expressions around what it waits in."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from greenflow.continuation.upgrading.trees import Unmatched, dump

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOOP, EXIT, CALLED, VALUE, KEY = "loop", "exit", "called", "value", "key"
#: What a variable of a comprehension was before, from 3.12 on.
KEPT: Final = "kept"
#: What ``yield from`` and ``await`` go on with.
DELEGATE: Final = "delegate"
#: Of handlers: what was handled before; that and what is handled; that of ``except*``.
HANDLED, RAISED, GROUP = "handled", "raised", "group"


#: More of them are not computed onto the stack first.
_ITEMS_MAX: Final = 15
#: Parts of expressions that are computed first.
_FIRST: Final = {
    (ast.BinOp, "left"),
    (ast.Call, "func"),
    (ast.Attribute, "value"),
    (ast.Await, "value"),
    (ast.FormattedValue, "value"),
    (ast.Lambda, "body"),
    (ast.NamedExpr, "value"),
    (ast.Starred, "value"),
    (ast.Subscript, "value"),
    (ast.UnaryOp, "operand"),
    (ast.Yield, "value"),
    (ast.YieldFrom, "value"),
}


class Role(NamedTuple):
    """What a value is there for; its source tells it from others of its kind.

    ``constant`` is the value of a KEY.
    """

    kind: str
    source: str
    constant: Any = None


def of_expression(each: ast.expr, field: str, inner: ast.AST) -> Iterator[Role]:
    """Yield what is there for an expression, while ``inner`` of it is computed.

    Raises:
        Unmatched: it is not known.
    """
    if isinstance(each, ast.Call) and field in {"args", "keywords"}:
        yield from _of_call(each, inner)
    elif isinstance(each, ast.Tuple | ast.List | ast.Set):
        yield from _of_display(each, inner)
    elif isinstance(each, ast.JoinedStr):
        yield from _before(each.values, inner)
    elif isinstance(each, ast.Dict):
        yield from _of_dict(each, inner)
    elif isinstance(each, ast.Compare):
        operands = [each.left, *each.comparators]
        at = _index(operands, inner)
        if at:
            yield Role(VALUE, dump(operands[at - 1]))
    elif (isinstance(each, ast.BinOp) and field == "right") or (
        isinstance(each, ast.Subscript) and field == "slice"
    ):
        yield Role(
            VALUE, dump(each.left if isinstance(each, ast.BinOp) else each.value)
        )
    elif isinstance(each, ast.Slice):
        yield from _of_slice(each, field)
    elif not isinstance(each, ast.BoolOp | ast.IfExp) and (
        (type(each), field) not in _FIRST
    ):
        raise Unmatched(f"it waits in the middle of a {type(each).__name__}")


def of_comprehension(
    each: Any,
    chain: list[tuple[ast.AST, str]],
    kept: Callable[[ast.AST], list[str]],
) -> Iterator[Role]:
    """Yield what a comprehension keeps, while a part of it is computed."""
    (_, field), *parts = chain[[one for one, _ in chain].index(each) :]
    inner, inner_field = parts[0]
    loops = each.generators
    inside = len(loops)
    if field == "generators":
        inside = _index(loops, inner) + (inner_field == "ifs")
    if inner_field == "target" or any(loop.is_async for loop in loops):
        raise Unmatched("it waits in what is assigned to, or in an async comprehension")
    if isinstance(each, ast.GeneratorExp):
        if inside == 0:
            raise Unmatched("it waits in the head of a generator expression")
    else:
        whole, names = dump(each), kept(each)
        if inside == 0:  # what it goes over first is computed before
            return
        # One in another may keep the same variable.
        yield from (Role(KEPT, f"{name} of {whole}", name) for name in names)
        yield Role(VALUE, f"part of {dump(each)}")
    yield from loops_of(each, inside)
    if field == "value":
        yield Role(VALUE, dump(each.key))


def loops_of(each: Any, inside: int) -> list[Role]:
    """Return what the first loops of a comprehension keep.

    One over a single value is none: that is only assigned.
    """
    return [
        Role(LOOP, dump(loop.iter))
        for number, loop in enumerate(each.generators[:inside])
        if not number or not _is_single(loop.iter)
    ]


def _is_single(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.List | ast.Tuple)
        and len(node.elts) == 1
        and not isinstance(node.elts[0], ast.Starred)
    )


def has_stars(call: ast.Call) -> bool:
    """Whether a call is given what is in a sequence or a mapping."""
    return any(isinstance(each, ast.Starred) for each in call.args) or any(
        each.arg is None for each in call.keywords
    )


def _of_call(each: ast.Call, inner: ast.AST) -> Iterator[Role]:
    given: list[Any] = [*each.args, *each.keywords]
    if has_stars(each):
        raise Unmatched("it waits in the arguments of a call with stars")
    yield Role(CALLED, dump(each.func))
    yield from _before(given, inner)


def _of_display(each: ast.Tuple | ast.List | ast.Set, inner: ast.AST) -> Iterator[Role]:
    stars = [isinstance(item, ast.Starred) for item in each.elts]
    if any(stars) and _index(each.elts, inner) >= stars.index(True):
        # From the first star on, items are added to what will be the whole.
        yield Role(VALUE, f"part of {dump(each)}")
    else:
        yield from _before(each.elts, inner)


def _of_dict(each: ast.Dict, inner: ast.AST) -> Iterator[Role]:
    if None in each.keys or 2 * len(each.keys) > _ITEMS_MAX:
        raise Unmatched("it waits in a dict with stars, or a long one")
    keys = [key for key in each.keys if key is not None]
    constant = len(keys) > 1 and all(isinstance(key, ast.Constant) for key in keys)
    for key, value in zip(keys, each.values, strict=True):
        if key is inner:
            return
        if constant and isinstance(key, ast.Constant):
            yield Role(KEY, dump(key), key.value)
        else:
            yield Role(VALUE, dump(key))
        if value is inner:
            return
        yield Role(VALUE, dump(value))


def _of_slice(each: ast.Slice, field: str) -> Iterator[Role]:
    for name in ("lower", "upper", "step"):
        if name == field:
            return
        part = getattr(each, name)
        yield Role(VALUE, dump(part) if part is not None else "None")


def _before(items: list[Any], inner: ast.AST) -> Iterator[Role]:
    if len(items) > _ITEMS_MAX:
        raise Unmatched("it waits in a long call or display")
    for item in items[: _index(items, inner)]:
        yield Role(VALUE, dump(item))


def _index(items: list[Any], inner: ast.AST) -> int:
    return next(at for at, item in enumerate(items) if item is inner)
