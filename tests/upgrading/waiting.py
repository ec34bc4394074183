"""Where the functions of the corpus wait, in their syntax trees."""

from __future__ import annotations

import ast
from typing import Final

BLOCKS: Final = (ast.For, ast.While, ast.With, ast.Try, ast.If, ast.TryStar)


def statement(text: str) -> ast.stmt:
    return ast.parse(text).body[0]


def waits(node: ast.AST) -> bool:
    return any(is_wait(each) for each in ast.walk(node))


def is_wait(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "suspend"
    )


def bodies(function: ast.AST) -> list[list[ast.stmt]]:
    found = []
    for node in ast.walk(function):
        for field in ("body", "orelse", "finalbody"):
            held = getattr(node, field, None)
            if isinstance(held, list) and held:
                found.append(held)
    return found


def waiting(function: ast.AST) -> list[tuple[list[ast.stmt], int]]:
    """Return where the statements are that wait themselves."""
    return [
        (body, at)
        for body in bodies(function)
        for at, each in enumerate(body)
        if waits(each)
        and not isinstance(each, (*BLOCKS, ast.FunctionDef, ast.AsyncFunctionDef))
        and not isinstance(each, ast.Match)
    ]
