"""Ways in which people edit functions that flows wait in."""

from __future__ import annotations

import ast
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.upgrading.waiting import bodies, is_wait, statement, waiting, waits

if TYPE_CHECKING:
    from collections.abc import Callable

#: In the reason of a frame that stays in its old code.
REASONS: Final = (
    "was there",
    "is not there any more",
    "was inside of",
    "was in no block",
    "needs values now",
    "keeps values",
    "it keeps values of what was edited",
    "moved over the place",
    "is another statement now",
    "of another kind now",
    "compiled more than once",
    "has no value there",
    "looked for outside of it now",
    "done by other instructions",
    "is not known which part",
    "its function is not there",
    "from around it now",
    "was shared with other functions",
    "line .* has several",
)


@dataclass(frozen=True)
class Edit:
    """One way to edit.

    Attributes:
        change: changes the function's tree; returns whether it could.
        fate: "moves" if every frame has to get into the new code, "stays" if none of
            those that were edited may, "any" if that depends on the function.
    """

    change: Callable[[ast.FunctionDef], bool]
    fate: str = "any"


def edited(source: str, edit: Edit) -> str | None:
    """Return the source after an edit; None if there is nothing to edit so."""
    module = ast.parse(source)
    (function,) = module.body
    assert isinstance(function, ast.FunctionDef)
    if not edit.change(function):
        return None
    text = ast.unparse(ast.fix_missing_locations(module)) + "\n"
    try:
        compile(text, "new", "exec")
    except SyntaxError:
        return None  # a break whose loop is gone
    return text


def _nothing(function: ast.FunctionDef) -> bool:
    return True  # comments and lines are not in the tree: it is written anew


def _rename(function: ast.FunctionDef) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id == "acc":
            node.id = "collected"
    return True


def _rename_two(function: ast.FunctionDef) -> bool:
    names = {"acc": "collected", "got": "answer"}
    found = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id in names:
            found.add(node.id)
            node.id = names[node.id]
    return len(found) == 2


def _before(function: ast.FunctionDef) -> bool:
    function.body.insert(0, statement("out('new before')"))
    return True


def _before_uses(function: ast.FunctionDef) -> bool:
    function.body.insert(0, statement("fresh = 7"))
    function.body.insert(-1, statement("out(fresh)"))
    return True


def _after(function: ast.FunctionDef) -> bool:
    for body, at in sorted(waiting(function), key=lambda each: -each[1]):
        if not isinstance(body[at], ast.Return):
            body.insert(at + 1, statement("out('new after')"))
    return True


def _in_loop(function: ast.FunctionDef) -> bool:
    loops = [n for n in ast.walk(function) if isinstance(n, (ast.For, ast.While))]
    for loop in loops:
        loop.body.append(statement("out('in loop')"))
    return bool(loops)


def _argument(function: ast.FunctionDef) -> bool:
    function.args.args.append(ast.arg("extra"))
    function.args.defaults.append(ast.Constant(8))
    function.body.insert(-1, statement("out(extra)"))
    return True


def _default(function: ast.FunctionDef) -> bool:
    function.args.defaults[0] = ast.Constant(2)
    return True


def _wrapped(function: ast.FunctionDef) -> bool:
    class Wrap(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.AST:
            self.generic_visit(node)
            if not is_wait(node):
                return node
            return ast.Call(ast.Name("str", ast.Load()), [node], [])

    Wrap().visit(function)
    return waits(function)


def _used_otherwise(function: ast.FunctionDef) -> bool:
    """Let what the call gives be used by an operator behind it."""

    class Use(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.AST:
            self.generic_visit(node)
            if not is_wait(node):
                return node
            return ast.Subscript(node, ast.Slice(), ast.Load())

    Use().visit(function)
    return waits(function)


def _unblocked(function: ast.FunctionDef) -> bool:
    """Take the blocks away that waiting statements lie in."""
    for body in bodies(function):
        for at, each in enumerate(body):
            if isinstance(each, (ast.For, ast.With)) and any(map(waits, each.body)):
                body[at : at + 1] = [ast.If(ast.Constant(1), each.body, [])]
                return True
    return False


def _blocked(function: ast.FunctionDef) -> bool:
    """Put what waits into a block."""
    for body, at in waiting(function):
        body[at] = ast.With(
            [ast.withitem(ast.parse("Block('new')").body[0].value)], [body[at]]
        )
        return True
    return False


def _fixed_below(function: ast.FunctionDef) -> bool:
    last = function.body[-1]
    if not isinstance(last, ast.Return) or last.value is None or waits(last):
        return False
    last.value = ast.Tuple([ast.Constant("fixed"), last.value], ast.Load())
    return True


def _removed(function: ast.FunctionDef) -> bool:
    found = False
    for body in bodies(function):
        for each in list(body):
            is_told = ast.unparse(each).startswith("out(")
            if is_told and len(body) > 1 and not waits(each):
                body.remove(each)
                found = True
    return found


def _other_arguments(function: ast.FunctionDef) -> bool:
    for node in ast.walk(function):
        if is_wait(node):
            node.args = [ast.Tuple([*node.args, ast.Constant("new")], ast.Load())]
    return True


def _twice(function: ast.FunctionDef) -> bool:
    places = waiting(function)
    for body, at in sorted(places, key=lambda each: -each[1]):
        body.insert(at, deepcopy(body[at]))
    return bool(places)


def _deleted(function: ast.FunctionDef) -> bool:
    if any(isinstance(node, ast.While) for node in ast.walk(function)):
        return False  # it would never end
    places = waiting(function)
    for body, at in sorted(places, key=lambda each: -each[1]):
        body[at] = statement("out('no wait')")
    return bool(places)


def _over(function: ast.FunctionDef) -> bool:
    """Move what is before a waiting statement behind it."""
    for body, at in waiting(function):
        if at and ast.unparse(body[at - 1]).startswith("out("):
            body[at - 1], body[at] = body[at], body[at - 1]
            return True
    return False


def _back_over(function: ast.FunctionDef) -> bool:
    """Move what is behind a waiting statement before it."""
    for body, at in waiting(function):
        if at + 1 < len(body) and ast.unparse(body[at + 1]).startswith("out("):
            body[at], body[at + 1] = body[at + 1], body[at]
            return True
    return False


def _iterable(function: ast.FunctionDef) -> bool:
    found = False
    for node in ast.walk(function):
        if isinstance(node, ast.For) and any(map(waits, node.body)):
            node.iter = ast.Call(ast.Name("list", ast.Load()), [node.iter], [])
            found = True
    return found


def _docstring(function: ast.FunctionDef) -> bool:
    function.body.insert(0, statement("'Say what it does.'"))
    return True


def _handler(function: ast.FunctionDef) -> bool:
    found = False
    for node in ast.walk(function):
        if isinstance(node, ast.Try) and node.handlers:
            handler = ast.parse("try: pass\nexcept OSError: out('os')").body[0].handlers
            node.handlers.extend(handler)
            found = True
    return found


def _closure(function: ast.FunctionDef) -> bool:
    """Let a new function inside share a variable."""
    function.body.insert(-1, statement("out((lambda: n)())"))
    return True


EDITS: Final[dict[str, Edit]] = {
    "reformatted": Edit(_nothing, "moves"),
    "docstring": Edit(_docstring, "moves"),
    "local_renamed": Edit(_rename),
    "two_locals_renamed": Edit(_rename_two),
    "statement_before": Edit(_before, "moves"),
    "variable_before": Edit(_before_uses),
    "statement_after": Edit(_after),
    "inside_the_loop": Edit(_in_loop),
    "argument_added": Edit(_argument),
    "default_changed": Edit(_default, "moves"),
    "call_wrapped": Edit(_wrapped, "stays"),
    "result_used_otherwise": Edit(_used_otherwise),
    "block_removed": Edit(_unblocked),
    "block_added": Edit(_blocked),
    "fixed_below": Edit(_fixed_below),
    "statement_removed": Edit(_removed),
    "arguments_of_the_call": Edit(_other_arguments),
    "waits_twice": Edit(_twice),
    "wait_deleted": Edit(_deleted),
    "moved_behind": Edit(_over),
    "moved_before": Edit(_back_over),
    "iterable_changed": Edit(_iterable),
    "handler_added": Edit(_handler),
    "closure_added": Edit(_closure),
}
