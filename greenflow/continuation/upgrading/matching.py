"""Where in the new source is the node that a frame waits in?

Evidence is looked for from the strongest to the weakest: the same statement in the same
blocks; the same statement in blocks of the same kinds; the same expression, if there is
one of it only; a call of the same function, if there is one only. The first that there
is any of decides, and has to be as often there as before.
"""

from __future__ import annotations

import ast
from collections import Counter
from typing import TYPE_CHECKING, Any

from greenflow.continuation.upgrading.trees import (
    BLOCKS,
    COMPREHENSIONS,
    Tree,
    Unmatched,
    dump,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    Key = Callable[[Tree, ast.AST], Hashable]


def found_again(old: Tree, node: ast.AST, new: Tree) -> ast.AST:
    """Return the node of the new tree that ``node`` of the old one is.

    Raises:
        Unmatched: there is none, or it is not certain which it is.
    """
    for key, is_ordered in _evidence(node):
        wanted = key(old, node)
        before = [each for each in old.nodes if _is(key, old, each, wanted, node)]
        now = [each for each in new.nodes if _is(key, new, each, wanted, node)]
        if not now:
            continue
        if len(before) != len(now):
            raise Unmatched(
                f"`{shown(node)}` was there {_times(len(before))}, now it is "
                f"{_times(len(now))}: it is not certain which one it waits in"
            )
        if len(now) > 1 and not is_ordered:
            break
        again = now[before.index(node)]
        _check_order(old, node, new, again)
        return again
    raise _not_found(old, node, new)


def _is(key: Key, tree: Tree, each: ast.AST, wanted: Hashable, node: ast.AST) -> bool:
    return type(each) is type(node) and key(tree, each) == wanted


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _evidence(node: ast.AST) -> list[tuple[Key, bool]]:
    """Return what tells a node, and whether order tells those apart that share it."""
    found: list[tuple[Key, bool]] = [(_by_blocks, True), (_by_statement, True)]
    if isinstance(node, ast.expr):
        found.append((_by_expression, False))
    if isinstance(node, ast.Call):
        found.append((_by_called, False))
    return found


def _by_blocks(tree: Tree, node: ast.AST) -> Hashable:
    heads = tuple(
        header(each) for each, _ in tree.around(node) if isinstance(each, BLOCKS)
    )
    return (*_by_statement(tree, node), heads)


def _by_statement(tree: Tree, node: ast.AST) -> tuple[Hashable, ...]:
    statement = tree.statement(node)
    return blocks(tree, node), header(statement), _path(tree, node, statement)


def _by_expression(tree: Tree, node: ast.AST) -> Hashable:
    return blocks(tree, node), dump(node)


def _by_called(tree: Tree, node: ast.AST) -> Hashable:
    assert isinstance(node, ast.Call)
    return blocks(tree, node), dump(node.func)


def header(statement: ast.AST) -> str:
    """Return text of a statement without the statements that lie in it."""
    if not isinstance(statement, BLOCKS):
        return dump(statement)
    kept = [type(statement).__name__]
    for field, value in ast.iter_fields(statement):
        if field in {"body", "orelse", "finalbody", "type_comment"}:
            continue
        each = value if isinstance(value, list) else [value]
        kept += [_head_part(part) for part in each if isinstance(part, ast.AST)]
    return " ".join(kept)


def _head_part(part: ast.AST) -> str:
    if isinstance(part, ast.ExceptHandler):
        return f"except {part.type and dump(part.type)} {part.name}"
    if isinstance(part, ast.match_case):
        return f"case {dump(part.pattern)} {part.guard and dump(part.guard)}"
    return dump(part)


def blocks(tree: Tree, node: ast.AST) -> tuple[Any, ...]:
    """Return the kinds of the blocks around a node, and in which part of each it is."""
    found: list[Any] = []
    for each, field in tree.around(node):
        if isinstance(each, BLOCKS):
            found.append((type(each).__name__, field))
        elif isinstance(each, ast.ExceptHandler):
            found.append(("except", each.type and dump(each.type)))
        elif isinstance(each, ast.match_case):
            found.append(("case", dump(each.pattern)))
        elif isinstance(each, COMPREHENSIONS):
            found.append((type(each).__name__, field))
    return tuple(found)


def _path(tree: Tree, node: ast.AST, statement: ast.AST) -> tuple[Any, ...]:
    """Return the way from a statement to a part of it."""
    found: list[Any] = []
    while node is not statement:
        parent, field = tree.parents[node]
        value = getattr(parent, field)
        at = _index(value, node) if isinstance(value, list) else 0
        found.append((type(parent).__name__, field, at))
        node = parent
    return tuple(found)


def _index(nodes: list[ast.AST], wanted: ast.AST) -> int:
    return next(at for at, each in enumerate(nodes) if each is wanted)


def _check_order(old: Tree, node: ast.AST, new: Tree, again: ast.AST) -> None:
    """Raise Unmatched if a statement has crossed the place that the frame waits at.

    It would run twice, or never.
    """
    before, after = _sides(old, node)
    before_now, after_now = _sides(new, again)
    late = (before - before_now) & (after_now - after)
    early = (after - after_now) & (before_now - before)
    for crossed, would in ((late, "run twice"), (early, "never run")):
        if crossed:
            raise Unmatched(
                f"a statement was moved over the place that it waits at: it would "
                f"{would}: {_text_of(new, next(iter(crossed)))}"
            )


def _text_of(tree: Tree, head: str) -> str:
    found = [each for each in tree.statements() if header(each) == head]
    return f"`{shown(found[0])}`"


def _sides(tree: Tree, node: ast.AST) -> tuple[Counter[str], Counter[str]]:
    own = tree.statement(node)
    outer = {id(each) for each, _ in tree.around(node)}
    sides = Counter[str](), Counter[str]()
    is_after = False
    for each in tree.statements():
        if each is own:
            is_after = True
        elif id(each) not in outer and not isinstance(each, ast.Pass):
            sides[is_after][header(each)] += 1
    return sides


def _not_found(old: Tree, node: ast.AST, new: Tree) -> Unmatched:
    same = [
        each
        for each in new.nodes
        if type(each) is type(node) and dump(each) == dump(node)
    ]
    if not same and isinstance(node, ast.Call):
        same = [
            each
            for each in new.nodes
            if isinstance(each, ast.Call) and dump(each.func) == dump(node.func)
        ]
    if not same:
        return Unmatched(f"`{shown(node)}`, which it waits in, is not there any more")
    was, now = blocks(old, node), {blocks(new, each) for each in same}
    if was in now:
        return Unmatched(
            f"`{shown(old.statement(node))}` is another statement now, and there is "
            f"more than one `{shown(node)}`: it is not certain which one it waits in"
        )
    return Unmatched(
        f"`{shown(node)}` was {_within(was)}, and is {_within(min(now, key=len))} now"
    )


def _within(found: tuple[Any, ...]) -> str:
    kinds = [str(each[0]).lower() for each in found]
    return f"inside of {' / '.join(kinds)}" if kinds else "in no block"
