"""Random edits of a module, each of which knows what the old, the new and both are.

A tree has switches where it was edited: both sides of an edit. The old module has one
side of each, the new one the other; the third, the oracle, has both, and each of its
frames looks at every switch which of them it is in.
"""

from __future__ import annotations

import ast
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    #: (node, field, index) of what is replaced.
    Slot = tuple[ast.AST, str, int | None]

Function = (ast.FunctionDef, ast.AsyncFunctionDef)
_NOT_READ: Final = ("args", "decorator_list", "pattern", "target", "targets")
NOW: Final = "now(_f)"


class Switch(ast.If):
    """Statements that were edited: ``body`` is new, ``orelse`` old."""

    oracle: ast.stmt | None = None


class Choice(ast.IfExp):
    """An expression that was edited: ``body`` is new, ``orelse`` old."""

    oracle: ast.expr | None = None


def switch(new: list[ast.stmt], old: list[ast.stmt]) -> Switch:
    return Switch(expression(NOW), deepcopy(new), deepcopy(old))


def choice(new: ast.expr, old: ast.expr) -> Choice:
    return Choice(expression(NOW), deepcopy(new), deepcopy(old))


def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def statements(text: str) -> list[ast.stmt]:
    return ast.parse(text).body


# --- the three sides ---


class _Side(ast.NodeTransformer):
    def __init__(self, side: str) -> None:
        self._side = side

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, Switch | Choice):
            return self._chosen(node)
        if isinstance(node, ast.arguments) and self._side == "old":
            node.kwonlyargs, node.kw_defaults = [], []  # they are all new
        node = super().visit(node)
        only = getattr(node, "only", "")
        if only and self._side not in (only, "both"):
            return None
        for field in ("body", "orelse", "finalbody"):
            self._fill(node, field)
        if isinstance(node, ast.Try) and not (node.handlers or node.finalbody):
            return node.body + node.orelse
        return node

    def _chosen(self, node: Any) -> Any:
        if self._side == "both":
            if node.oracle is not None:
                made = self.visit(node.oracle)
                return made.body if isinstance(made, ast.Module) else made
            kind = ast.If if isinstance(node, Switch) else ast.IfExp
            parts = node.test, node.body, node.orelse
            return self.visit(kind(*deepcopy(parts)))
        chosen = node.body if self._side == "new" else node.orelse
        if isinstance(chosen, list):
            holder = self.visit(ast.Module(chosen, []))
            return [each for each in holder.body if not isinstance(each, ast.Pass)]
        return self.visit(chosen)

    def _fill(self, node: ast.AST, field: str) -> None:
        held = getattr(node, field, None)
        is_needed = field == "body" or isinstance(node, Switch)
        if held == [] and is_needed and not isinstance(node, ast.Module):
            setattr(node, field, [ast.Pass()])


def side(tree: ast.Module, which: str) -> ast.Module:
    """Return the "old", the "new" or the oracle's ("both") side of an edited tree."""
    made = _Side(which).visit(deepcopy(tree))
    if which == "both":
        _begins(ast.fix_missing_locations(made))
    return ast.fix_missing_locations(made)


def _begins(tree: ast.Module) -> None:
    """Let functions inside of others know in which code they were made."""
    _Reads().visit(tree)
    for outer in [each for each in ast.walk(tree) if isinstance(each, Function)]:
        for body in bodies(outer):
            for at, each in reversed(list(enumerate(body))):
                if isinstance(each, ast.FunctionDef):
                    born = f"_{each.name}"
                    body.insert(at, statements(f"{born} = {NOW}")[0])
                    _entered(each, born)


class _Reads(ast.NodeTransformer):
    def visit_Name(self, node: ast.Name) -> ast.AST:
        return expression("read(g)") if node.id == "g" else node


def _entered(function: ast.FunctionDef, born: str) -> None:
    for each in function.body:
        if ast.unparse(each) == "_f = enter()":
            each.value = expression(f"enter({born})")


# --- where something can be edited ---


def bodies(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """Yield the lists of statements in a function, not those of functions in it."""
    for field in ("body", "orelse", "finalbody", "handlers", "cases"):
        held = getattr(node, field, None)
        if not isinstance(held, list):
            continue
        if field not in ("handlers", "cases"):
            yield held
        for each in held:
            if not isinstance(each, (*Function, Switch)):
                yield from bodies(each)


def slots(node: ast.AST) -> Iterator[Slot]:
    """Yield where expressions are in a function, but for comprehensions."""
    if isinstance(node, ast.While):
        yield node.test, "values", 1  # what keeps it from going on for ever stays
        yield from slots(node.test.values[1])
    if isinstance(node, ast.stmt) and is_begin(node):
        return
    for field, value in ast.iter_fields(node):
        if isinstance(node, ast.While) and field == "test":
            continue
        is_call = isinstance(node, ast.Call)
        if field in _NOT_READ and not is_call:
            continue
        listed = isinstance(value, list)
        for at, each in enumerate(value if listed else [value]):
            is_plain = isinstance(each, ast.expr) and not isinstance(each, ast.Starred)
            is_read = isinstance(getattr(each, "ctx", ast.Load()), ast.Load)
            kept = (ast.JoinedStr, Choice, ast.FormattedValue)
            if is_plain and is_read and not isinstance(each, kept):
                yield node, field, at if listed else None
            skipped = (*Function, Switch, Choice, ast.Lambda, ast.JoinedStr)
            skipped += (ast.ListComp, ast.comprehension)
            if isinstance(each, ast.AST) and not isinstance(each, skipped):
                yield from slots(each)


def at_slot(slot: Slot) -> ast.expr:
    node, field, at = slot
    return getattr(node, field) if at is None else getattr(node, field)[at]


def put(slot: Slot, new: ast.expr) -> None:
    node, field, at = slot
    if at is None:
        setattr(node, field, new)
    else:
        getattr(node, field)[at] = new


def own_names(tree: ast.Module) -> list[set[str]]:
    """Return which of the usual variables are their own in functions inside others."""
    inner = [
        each
        for outer in whole(tree)
        for each in ast.walk(outer)
        if isinstance(each, ast.FunctionDef) and each is not outer
    ]
    found: dict[str, set[str]] = {}
    for function in inner:
        own = found.setdefault(function.name, set())
        for node in ast.walk(function):
            if isinstance(node, ast.Name) and isinstance(
                node.ctx, (ast.Store, ast.Del)
            ):
                own |= {node.id} & {*"abcnkx"}
    return [found[name] for name in sorted(found)]


def whole(tree: ast.Module) -> list[Any]:
    """Return the functions that are in no other one."""
    kept = [each for each in tree.body if isinstance(each, Function)]
    for each in tree.body:
        if isinstance(each, ast.ClassDef):
            kept += each.body[1:]
    return kept


def functions(tree: ast.Module) -> list[Any]:
    return [
        each
        for each in ast.walk(tree)
        if isinstance(each, Function) and each.name != "__init__"
    ]


def is_begin(each: ast.stmt) -> bool:
    return ast.unparse(each).startswith(("_f = ", "nonlocal"))


def places(function: Any) -> list[tuple[list[ast.stmt], int]]:
    """Return where statements are that can be edited."""
    return [
        (body, at)
        for body in bodies(function)
        for at, each in enumerate(body)
        if not isinstance(each, Switch) and not is_begin(each)
    ]
