"""Random edits of blocks that have several parts."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.upgrading.random_edits import (
    choice,
    expression,
    functions,
    places,
    statements,
    switch,
)

if TYPE_CHECKING:
    from random import Random


def handler_added(tree: ast.Module, chance: Random) -> bool:
    found = [
        body[at]
        for body, at in places(chance.choice(functions(tree)))
        if isinstance(body[at], ast.Try)
    ]
    if not found:
        return False
    kind = chance.choice(["ZeroDivisionError", "Exception", "OSError"])
    source = f"try:\n    pass\nexcept {kind}:\n    out('handled')"
    (handler,) = statements(source)[0].handlers
    handler.only = "new"
    handler.type = choice(handler.type, expression("()"))
    block = chance.choice(found)
    at = chance.randint(0, len(block.handlers))
    block.handlers.insert(at, handler)
    return True


def end_added(tree: ast.Module, chance: Random) -> bool:
    """Let a block have an end that it had not."""
    found = [
        body[at]
        for body, at in places(chance.choice(functions(tree)))
        if isinstance(body[at], (ast.Try, ast.For, ast.If, ast.While))
    ]
    if not found:
        return False
    block = chance.choice(found)
    end = switch(statements("out('end')"), [])
    is_finally = isinstance(block, ast.Try) and not block.finalbody
    (block.finalbody if is_finally else block.orelse).append(end)
    return not isinstance(block, ast.Try) or bool(block.handlers) or is_finally
