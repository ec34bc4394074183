"""Programs with a suspend at every call and at every turn of a loop.

The source of a module or package is rewritten, by AST, under another name. Where the
program runs below C code that cannot be left out, the suspend is refused and it goes
on: under what is noted, and part of what is expected.
"""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path
from typing import Any

from greenflow import NotInFlow, NotSuspendable, suspend

PREFIX = "stepped_"
_HELPERS = "from tests.programs.instrument import step, stepped"
#: They look at the frame that calls them.
_LOOKS = {"locals", "globals", "vars", "super", "dir", "exec", "eval"}

#: Dictionaries and sets call them.
_KEYS = {"__hash__", "__eq__"}

refusals: list[str] = []


def step() -> None:
    """Suspend, if that can be done here."""
    try:
        suspend("step")
    except NotSuspendable as error:
        refusals.append(str(error))
    except NotInFlow:
        pass  # a state is loaded: hashes are asked for, to build sets and dictionaries


def stepped(value: Any) -> Any:
    """Suspend with a value that a call has given."""
    step()
    return value


class Stepping(ast.NodeTransformer):
    """Inserts the steps into what functions do."""

    def __init__(self) -> None:
        self.inside = False

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if node.name in _KEYS:
            return node
        before, self.inside = self.inside, True
        node.body = [self.visit(statement) for statement in node.body]
        self.inside = before
        at = 1 if ast.get_docstring(node, clean=False) is not None else 0
        node.body.insert(at, _step())
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        before, self.inside = self.inside, False
        node.body = [self.visit(statement) for statement in node.body]
        self.inside = before
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        return self._loop(node)

    def visit_While(self, node: ast.While) -> ast.AST:
        return self._loop(node)

    def _loop(self, node: Any) -> ast.AST:
        self.generic_visit(node)
        if self.inside:
            node.body.insert(0, _step())
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        looks = isinstance(node.func, ast.Name) and node.func.id in _LOOKS
        if looks or not self.inside:
            return node
        return ast.Call(ast.Name("stepped", ast.Load()), [node], [])

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node  # what C code calls back, most often

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.AST:
        return node  # what C code consumes, most often


def _step() -> ast.stmt:
    return ast.Expr(ast.Call(ast.Name("step", ast.Load()), [], []))


def rewritten(source: str) -> str:
    """Return the source with its steps."""
    tree = ast.parse(source)
    tree = Stepping().visit(tree)
    at = 0
    while at < len(tree.body) and (
        _is_docstring(tree.body[at])
        or getattr(tree.body[at], "module", "") == "__future__"
    ):
        at += 1
    tree.body.insert(at, ast.parse(_HELPERS).body[0])
    return ast.unparse(ast.fix_missing_locations(tree))


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def install(name: str, folder: Path) -> str:
    """Write the stepped copy of a module or package; return its name."""
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    new = PREFIX + name.rpartition(".")[2]
    if spec.submodule_search_locations is None:
        _write(Path(spec.origin), folder / f"{new}.py")
        return new
    for path in Path(spec.origin).parent.glob("*.py"):
        _write(path, folder / new / path.name)
    return new


def _write(source: Path, target: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    target.write_text(rewritten(source.read_text()))
