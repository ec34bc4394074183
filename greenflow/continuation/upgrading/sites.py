"""What a frame waits for, by the instruction: a call, the next of a loop, a yield, ...

The same in every minor version, whatever the instructions are that do it.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from greenflow.continuation.delivery.answers import CALL_NEXT, INIT, NEXT, PUSH, SEND
from greenflow.continuation.upgrading.operands import (
    DELEGATE,
    EXIT,
    VALUE,
    Role,
    has_stars,
    loops_of,
)
from greenflow.continuation.upgrading.trees import dump, range_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenflow.continuation.upgrading.course import Course, Step
    from greenflow.continuation.upgrading.trees import Tree

CALL, ENTER, LEAVE, READS, LOOPS, SENDS, YIELDS, BEGINS = (
    *("call", "enter", "leave", "read", "loop", "send", "yield", "begin"),
)
#: How what it waits for is given to it.
DELIVERIES: Final[dict[str, frozenset[int]]] = {
    CALL: frozenset({PUSH, INIT, CALL_NEXT}),
    ENTER: frozenset({PUSH}),
    LEAVE: frozenset({PUSH}),
    READS: frozenset({PUSH}),
    LOOPS: frozenset({NEXT}),
    SENDS: frozenset({SEND}),
    YIELDS: frozenset({PUSH}),
    BEGINS: frozenset({PUSH}),
}
#: From here on ``with`` calls what it looked up before, as other calls do.
_WITH_BY_CALLS: Final = 314
#: From here on the lowest bit of LOAD_ATTR tells that a method is called.
_METHOD_BIT: Final = 312
#: What BINARY_OP is given for an item, from 3.14 on.
_NB_SUBSCR: Final = 26
_DELEGATES: Final = (ast.YieldFrom, ast.Await)


class Site(NamedTuple):
    """What a frame waits for.

    Attributes:
        kind: one of the above.
        node: the piece of source.
        within: on the stack is what is there while this is computed.
        more: and this, above it.
        number: which of several of that kind the node has.
        taken: how many slots the instruction takes off the stack as it begins.
    """

    kind: str
    node: ast.AST
    within: ast.AST
    more: tuple[Role, ...] = ()
    number: int = 0
    taken: int = 0


def sites(tree: Tree, course: Course, unit: int, version: int) -> Iterator[Site]:
    """Yield what a frame may wait for at an instruction: one of these, or nothing."""
    step, node = course.steps[unit], tree.node_at(unit)
    if step.name in {"CALL", "CALL_KW"}:
        taken = step.arg + 2 + (step.name == "CALL_KW")
        found = _of_call(tree, course, unit, version)
        yield from (each._replace(taken=taken) for each in found)
    elif step.name == "CALL_FUNCTION_EX":
        if isinstance(node, ast.Call) and has_stars(node):
            taken = 4 if version >= _WITH_BY_CALLS else 3 + (step.arg & 1)
            yield Site(CALL, node, node, taken=taken)
    elif step.name == "BEFORE_WITH":
        yield from _of_with(tree, node, ENTER)
    elif step.name in {"LOAD_ATTR", "BINARY_SUBSCR", "BINARY_OP"}:
        yield from _of_part(step, node, version)
    elif step.name == "FOR_ITER":
        yield from _of_loop(tree, tree.position(unit))
    elif step.name == "RETURN_GENERATOR":
        yield Site(BEGINS, tree.root, tree.root)
    elif step.name in {"SEND", "YIELD_VALUE"}:
        yield from _of_generator(tree, step, node)


def _of_call(tree: Tree, course: Course, unit: int, version: int) -> Iterator[Site]:
    step, node = course.steps[unit], tree.node_at(unit)
    own = (
        isinstance(node, ast.Call)
        and step.arg == len(node.args) + len(node.keywords)
        and not has_stars(node)
    )
    if _with_of(tree, node) is None:
        if own and node is not None:
            yield Site(CALL, node, node)
        return
    behind = course.name_behind(unit)
    if version >= _WITH_BY_CALLS:
        is_head, is_enter = behind == "COPY", step.arg == 0
        is_exit = step.arg == 3 and behind == "POP_TOP"
    else:
        is_head, is_enter = behind != "POP_TOP", False
        is_exit = step.arg == 2
    if is_head:
        if own and node is not None:
            yield Site(CALL, node, node)
    elif is_enter or is_exit:
        yield from _of_with(tree, node, ENTER if is_enter else LEAVE)


def _with_of(tree: Tree, node: ast.AST | None) -> ast.With | None:
    """Return the statement whose head a node is; the statement itself, too."""
    if isinstance(node, ast.With):
        return node
    parent, field = tree.parents.get(node, (None, "")) if node else (None, "")
    if isinstance(parent, ast.withitem) and field == "context_expr":
        block, _ = tree.parents[parent]
        return block if isinstance(block, ast.With) else None
    return None


def _of_with(tree: Tree, node: ast.AST | None, kind: str) -> Iterator[Site]:
    block = _with_of(tree, node)
    for number, item in enumerate(block.items if block is not None else ()):
        if block is None or node not in (block, item.context_expr):
            continue
        last = number + (kind == ENTER)
        exits = [Role(EXIT, dump(each.context_expr)) for each in block.items[:last]]
        yield Site(kind, block, block, tuple(exits), number)
        if kind == LEAVE:  # or it returns, and keeps what
            returned = (*exits, Role(VALUE, "returned"))
            yield Site(kind, block, block, returned, number)


def _of_part(step: Step, node: ast.AST | None, version: int) -> Iterator[Site]:
    """Yield a property that is read, or an item."""
    if not isinstance(getattr(node, "ctx", None), ast.Load):
        return
    if isinstance(node, ast.Attribute) and step.name == "LOAD_ATTR":
        # A method may be looked up otherwise: see LOAD_ATTR of dis.
        if version < _METHOD_BIT or not step.arg & 1:
            yield Site(READS, node, node, taken=1)
    elif isinstance(node, ast.Subscript) and (
        step.name == "BINARY_SUBSCR" or step.arg == _NB_SUBSCR
    ):
        yield Site(READS, node, node, taken=2)


def _of_loop(tree: Tree, position: Any) -> Iterator[Site]:
    # Up to 3.12 it stands where all of the loop does, then where what it goes over.
    for each in tree.nodes:
        if isinstance(each, ast.For) and position in (
            range_of(each),
            range_of(each.iter),
        ):
            yield Site(LOOPS, each, each.body[0])
    if isinstance(tree.root, ast.GeneratorExp):
        loops = loops_of(tree.root, len(tree.root.generators))
        for number in range(len(loops)):
            more = tuple(loops[: number + 1])
            yield Site(LOOPS, tree.root, tree.root, more, number)


def _of_generator(tree: Tree, step: Step, node: ast.AST | None) -> Iterator[Site]:
    kind = SENDS if step.name == "SEND" else YIELDS
    if isinstance(node, _DELEGATES):
        awaited = Role(DELEGATE, dump(node.value))
        yield Site(kind, node, node, (awaited,), taken=1)
    elif kind == YIELDS and isinstance(node, ast.Yield):
        yield Site(kind, node, node, taken=1)
    elif kind == YIELDS and isinstance(tree.root, ast.GeneratorExp):
        yield Site(
            kind,
            tree.root,
            tree.root,
            tuple(loops_of(tree.root, len(tree.root.generators))),
            taken=1,
        )
