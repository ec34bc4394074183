"""The kinds of random edits: each puts switches into a tree (random_edits)."""

from __future__ import annotations

import ast
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

from tests.upgrading.random_blocks import end_added, handler_added
from tests.upgrading.random_edits import (
    at_slot,
    bodies,
    choice,
    expression,
    functions,
    places,
    put,
    slots,
    statements,
    switch,
)
from tests.upgrading.random_texts import NEW_STATEMENTS, WRAPS

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    Change = Callable[[ast.Module, Random], bool]

_NEW_NAMES: Final = ("a", "b", "n", "k", "7", "1", "0", "d")


def _function(tree: ast.Module, chance: Random) -> Any:
    return chance.choice(functions(tree))


def _place(tree: ast.Module, chance: Random) -> tuple[list[ast.stmt], int] | None:
    found = places(_function(tree, chance))
    return chance.choice(found) if found else None


def _insert(tree: ast.Module, chance: Random) -> bool:
    body = chance.choice(list(bodies(_function(tree, chance))))
    new = statements(chance.choice(NEW_STATEMENTS))
    at = chance.randint(0, len(body))
    if at < len(body) and ast.unparse(body[at]).startswith(("nonlocal", "_f =")):
        at = 2
    body.insert(min(at, len(body)), switch(new, []))
    return True


def _delete(tree: ast.Module, chance: Random) -> bool:
    found = _place(tree, chance)
    if found is None:
        return False
    body, at = found
    body[at] = switch([], [body[at]])
    return True


def _repeat(tree: ast.Module, chance: Random) -> bool:
    found = _place(tree, chance)
    if found is None:
        return False
    body, at = found
    body.insert(at + chance.randint(0, 1), switch([body[at]], []))
    return True


def _move(tree: ast.Module, chance: Random) -> bool:
    function = _function(tree, chance)
    found = places(function)
    if len(found) < 2:
        return False
    (body, at), (other, to) = chance.sample(found, 2)
    moved = body[at]
    texts = [ast.unparse(each[place]) for each, place in found]
    if texts.count(ast.unparse(moved)) > 1:
        return False  # it is not told apart from the other
    if any(each is moved or other is part for each, part in _parts(moved)):
        return False
    other.insert(to, switch([moved], []))
    body[next(i for i, each in enumerate(body) if each is moved)] = switch([], [moved])
    return True


def _parts(moved: ast.stmt) -> list[tuple[Any, Any]]:
    return [(None, body) for body in bodies(moved)]


def _wrap_statement(tree: ast.Module, chance: Random) -> bool:
    found = _place(tree, chance)
    if found is None:
        return False
    body, at = found
    kinds = (
        *("if 1:\n    pass", "if n > 2:\n    pass", "for a in (1,):\n    pass"),
        *("with Block(8):\n    pass", "try:\n    pass\nfinally:\n    out('end')"),
        *("try:\n    pass\nexcept OSError:\n    out('os')",),
    )
    (block,) = statements(chance.choice(kinds))
    block.body = [deepcopy(body[at])]
    body[at] = switch([block], [body[at]])
    return True


def _unwrap_statement(tree: ast.Module, chance: Random) -> bool:
    found = [
        (body, at)
        for body, at in places(_function(tree, chance))
        if isinstance(body[at], (ast.For, ast.If, ast.With, ast.Try, ast.While))
    ]
    if not found:
        return False
    body, at = chance.choice(found)
    body[at] = switch(body[at].body, [body[at]])
    return True


def _loop(tree: ast.Module, chance: Random) -> bool:
    """Make a while of a for."""
    found = [
        (body, at)
        for body, at in places(_function(tree, chance))
        if isinstance(body[at], ast.For) and not body[at].orelse
    ]
    if not found:
        return False
    body, at = chance.choice(found)
    loop = body[at]
    made = statements("left = list(it)\nwhile tick() and left:\n    x = left.pop(0)")
    made[0].value.args = [deepcopy(loop.iter)]
    made[1].body[0].targets = [deepcopy(loop.target)]
    made[1].body += deepcopy(loop.body)
    body[at] = switch(made, [loop])
    return True


def _expression(tree: ast.Module, chance: Random, kind: type = ast.expr) -> Any:
    found = [
        each
        for each in slots(_function(tree, chance))
        if isinstance(at_slot(each), kind)
    ]
    return chance.choice(found) if found else None


def _constant(tree: ast.Module, chance: Random) -> bool:
    slot = _expression(tree, chance, ast.Constant)
    if slot is None:
        return False
    put(slot, choice(ast.Constant(chance.randint(0, 9)), at_slot(slot)))
    return True


def _replace(tree: ast.Module, chance: Random) -> bool:
    slot = _expression(tree, chance)
    if slot is None:
        return False
    new = chance.choice([*_NEW_NAMES, "suspend(1)", "suspend(n)", "g(1)"])
    put(slot, choice(expression(new), at_slot(slot)))
    return True


def _swap(tree: ast.Module, chance: Random) -> bool:
    slot = _expression(tree, chance, (ast.Call, ast.BinOp, ast.List, ast.Tuple))
    if slot is None:
        return False
    old, new = at_slot(slot), deepcopy(at_slot(slot))
    if isinstance(new, ast.BinOp):
        new.left, new.right = new.right, new.left
    elif isinstance(new, ast.Call):
        new.args.reverse()
    else:
        new.elts.reverse()
    put(slot, choice(new, old))
    return True


def _wrap(tree: ast.Module, chance: Random) -> bool:
    slot = _expression(tree, chance)
    if slot is None:
        return False
    old = at_slot(slot)
    text = chance.choice(WRAPS)

    class Fill(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> Any:
            return deepcopy(old) if node.id == "E" else node

    made = choice(Fill().visit(expression(text)), old)
    if text.startswith("E"):
        # What it gives is known when the rest begins, which may be new then.
        rest = expression(
            f"(held := E, ({text.replace('E', 'held')}) if now(_f) else held)[1]"
        )
        rest.value.elts[0].value = deepcopy(old)
        made.oracle = rest
    put(slot, made)
    return True


def _unwrap(tree: ast.Module, chance: Random) -> bool:
    slot = _expression(tree, chance, (ast.Call, ast.BinOp, ast.UnaryOp, ast.IfExp))
    if slot is None:
        return False
    old = at_slot(slot)
    inner = [each for each in ast.iter_child_nodes(old) if isinstance(each, ast.expr)]
    if isinstance(old, ast.Call) and isinstance(old.func, ast.Name):
        del inner[0]  # a function as a value has another text in the oracle
    # The oracle chooses a side before it waits: what a call gives has to be as it was.
    inner = [
        each
        for each in inner
        if not any(isinstance(n, ast.Starred | ast.Call) for n in ast.walk(each))
    ]
    if not inner:
        return False
    put(slot, choice(chance.choice(inner), old))
    return True


def _retarget(tree: ast.Module, chance: Random) -> bool:
    """Let what is assigned get into another variable."""
    found = [
        (body, at)
        for body, at in places(_function(tree, chance))
        if isinstance(body[at], ast.Assign)
        and isinstance(body[at].targets[0], ast.Name)
    ]
    if not found:
        return False
    body, at = chance.choice(found)
    old, new = body[at], deepcopy(body[at])
    new.targets[0].id = chance.choice("abd")
    made = switch([new], [old])
    made.oracle = ast.Module(
        [
            ast.Assign([ast.Name("held", ast.Store())], deepcopy(old.value)),
            switch(
                [ast.Assign(new.targets, ast.Name("held", ast.Load()))],
                [ast.Assign(deepcopy(old.targets), ast.Name("held", ast.Load()))],
            ),
        ],
        [],
    )
    body[at] = made
    return True


def _parameter(tree: ast.Module, chance: Random) -> bool:
    function = _function(tree, chance)
    if any(each.arg == "extra" for each in function.args.kwonlyargs):
        return False
    extra = ast.arg("extra")
    extra.only = "new"
    function.args.kwonlyargs.append(extra)
    function.args.kw_defaults.append(ast.Constant(8))
    found = [body for body in bodies(function) if body]
    chance.choice(found).append(switch(statements("out(extra)"), []))
    return True


def _decorate(tree: ast.Module, chance: Random) -> bool:
    (function,) = (each for each in functions(tree) if each.name == "g")
    which = chance.choice(["when_new", "when_old"])
    decorator = ast.Name(which, ast.Load())
    decorator.only = "new" if which == "when_new" else "old"
    function.decorator_list.append(decorator)
    return len(function.decorator_list) == 1


CHANGES: Final[dict[str, Change]] = {
    each.__name__.strip("_"): each
    for each in (
        *(_insert, _insert, _delete, _repeat, _move, _wrap_statement),
        *(_unwrap_statement, _loop, _constant, _replace, _swap, _wrap, _unwrap),
        *(_retarget, handler_added, end_added, _parameter, _decorate),
    )
}
