"""``order.lines[0].price``: the way from a variable to a part of its value.

Only names, attributes and indexes that are literals; nothing is computed or called.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from greenflow.errors import NoSuchPart

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenflow.inspect.frames import Frame
    from greenflow.inspect.values import Value

_EXPRESSION_CHARS_MAX = 1000
_NAMES_MAX = 20


def find(
    frames: Sequence[Frame], expression: str, number: int | None = None
) -> tuple[Frame, Value]:
    """Return a value by its expression, and the frame whose variable it begins with.

    Args:
        frames: of a stack, the innermost first.
        expression: ``name``, ``name.attribute``, ``name[0]``, ``name['key']`` and so
            on, as deep as need be.
        number: the frame; by default the innermost that has the variable.

    Raises:
        ValueError: it is not such an expression.
        NoSuchPart: there is no such frame, variable, attribute, index or key.
    """
    name, steps = parsed(expression)
    frame, value = _variable(frames, name, number)
    way = name
    for step in steps:
        if value.secret:
            raise NoSuchPart(
                f"{way} has the name of a secret",
                hint="see it by --reveal, or flow.inspect(reveal=True)",
            )
        value = _part(value, step, way)
        way += value.step
    return frame, value


def _variable(
    frames: Sequence[Frame], name: str, number: int | None
) -> tuple[Frame, Value]:
    if number is not None and not 0 <= number < len(frames):
        raise NoSuchPart(
            f"there is no frame {number}; there are {len(frames)}",
            hint="0 is the innermost",
        )
    seen: dict[str, None] = {}
    for frame in frames if number is None else [frames[number]]:
        variables: Mapping[str, Value] = frame.locals
        if name in variables:
            return frame, variables[name]
        if len(seen) < _NAMES_MAX:
            seen.update(dict.fromkeys(variables))
    known = ", ".join(seen) or "none"
    raise NoSuchPart(f"no frame has a variable {name!r}", hint=f"there are: {known}")


def _part(value: Value, step: tuple[str, Any], way: str) -> Value:
    kind, wanted = step
    if kind == "index" and type(wanted) is int and wanted < 0:
        wanted += value.size or 0
    text = f".{wanted}" if kind == "attribute" else f"[{wanted!r}]"
    found = value.part(text)
    if found is None:
        raise NoSuchPart(
            f"{way}, a {value.type or 'variable without a value'}, has no {text}",
            hint=f"see what it has: greenflow get ID {way!r}",
        )
    return found


def parsed(expression: str) -> tuple[str, list[tuple[str, Any]]]:
    """Return the name that it begins with, and its steps: (kind, what).

    The kinds are ``attribute`` and ``index``. Raises ValueError: see :func:`find`.
    """
    wrong = (
        f"{expression[: _NAMES_MAX * 4]!r} is no way to a value: it may have names, "
        "attributes and literal indexes, like order.lines[0]"
    )
    if len(expression) > _EXPRESSION_CHARS_MAX:
        raise ValueError(wrong)
    try:
        node: ast.expr = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ValueError(wrong) from None
    steps: list[tuple[str, Any]] = []
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Attribute):
            steps.append(("attribute", node.attr))
        elif isinstance(node, ast.Subscript):
            steps.append(("index", _literal(node.slice, wrong)))
        else:
            raise ValueError(wrong)  # noqa: TRY004 - the text is wrong, not its type
        node = node.value
    return node.id, steps[::-1]


def _literal(node: ast.expr, wrong: str) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise ValueError(wrong) from None
