"""The syntax tree of a function whose code is at hand, with the places of its file."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

    Position = tuple[int | None, int | None, int | None, int | None]

_Definition = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_ROOTS: Final[dict[str, tuple[type[ast.AST], ...]]] = {
    "<lambda>": (ast.Lambda,),
    "<listcomp>": (ast.ListComp,),
    "<setcomp>": (ast.SetComp,),
    "<dictcomp>": (ast.DictComp,),
    "<genexpr>": (ast.GeneratorExp,),
}
#: Statements that others lie in.
BLOCKS: Final = (
    *(ast.For, ast.AsyncFor, ast.While, ast.If, ast.With, ast.AsyncWith),
    *(ast.Try, ast.TryStar, ast.Match),
)
COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Unmatched(Exception):
    """Why a frame cannot go on in other code: its text is the reason."""


class Text(NamedTuple):
    """Lines of a file, from ``first_line`` on."""

    first_line: int
    text: str
    certain: bool = True  #: whether the code's lines are surely those of this text


class Tree:
    """A function's own part of the syntax tree.

    Attributes:
        root: the function, lambda or comprehension.
        parents: by node, (the node around it, the field that it lies in).
    """

    def __init__(self, root: ast.AST, code: CodeType) -> None:
        """Take a node that :func:`parsed` found, and the code that was made of it."""
        self.root, self.code = root, code
        self.parents: dict[ast.AST, tuple[ast.AST, str]] = {}
        self.nodes = list(self._own(root))
        self._positions = list(code.co_positions())
        self._found: dict[Position, ast.AST | None] = {}
        self._statements = [each for each in self.nodes if isinstance(each, ast.stmt)]
        self._numbers: dict[Position, int | None] = {}

    def _own(self, node: ast.AST) -> Iterator[ast.AST]:
        for field, value in ast.iter_fields(node):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    self.parents[child] = node, field
                    yield child
                    if not isinstance(child, _SCOPES):
                        yield from self._own(child)

    def position(self, unit: int) -> Position:
        """Return what is known of the place of an instruction in the file."""
        return self._positions[unit]

    def node_at(self, unit: int) -> ast.AST | None:
        """Return what an instruction was made of; None if that is not known."""
        position = self.position(unit)
        if position not in self._found:
            self._found[position] = self._find(position)
        return self._found[position]

    def _find(self, position: Position) -> ast.AST | None:
        if None in position:
            return None
        found = [node for node in self.nodes if range_of(node) == position]
        expressions = [node for node in found if isinstance(node, ast.expr)]
        if expressions:
            return expressions[-1]  # the innermost is the last
        if found:
            return found[-1]
        # The call of a method on another line than its object begins at its name.
        line, end_line, col, end_col = position
        calls = [
            node
            for node in self.nodes
            if isinstance(node, ast.Call | ast.Attribute)
            and range_of(node)[1::2] == (end_line, end_col)
            and range_of(node)[::2] <= (line, col)
        ]
        return calls[0] if len(calls) == 1 else None

    def fits(self) -> bool:
        """Return whether the code has an instruction at each call of the text."""
        places = set(self._positions)
        calls = [node for node in self.nodes if isinstance(node, ast.Call)]
        return all(
            range_of(node) in places or not isinstance(node.func, ast.Name)
            for node in calls
        )

    def statement(self, node: ast.AST) -> ast.AST:
        """Return the statement that a node is part of; the root if it is in none."""
        while not isinstance(node, ast.stmt) and node is not self.root:
            node = self.parents[node][0]
        return node

    def statement_number(self, position: Position) -> int | None:
        """Return the number, in statements(), of the innermost one around a place."""
        if position not in self._numbers:
            self._numbers[position] = self._number(position)
        return self._numbers[position]

    def _number(self, position: Position) -> int | None:
        line, end_line, col, end_col = position
        if line is None or end_line is None or col is None or end_col is None:
            return None
        around = [
            number
            for number, each in enumerate(self._statements)
            if (each.lineno, each.col_offset) <= (line, col)
            and (end_line, end_col) <= (each.end_lineno or 0, each.end_col_offset or 0)
        ]
        return around[-1] if around else None

    def is_loop(self, position: Position) -> bool:
        """Whether a loop of statements is told of there."""
        return any(
            isinstance(each, ast.For | ast.AsyncFor)
            and position in (range_of(each), range_of(each.iter))
            for each in self._statements
        )

    def around(self, node: ast.AST) -> list[tuple[ast.AST, str]]:
        """Return (node, field) of all that is around a node, the outermost first."""
        found = []
        while node is not self.root:
            node, field = self.parents[node]
            found.append((node, field))
        return found[::-1]

    def statements(self) -> list[ast.AST]:
        """Return the statements, in the order of the text."""
        return [*self._statements]


def range_of(node: ast.AST) -> Position:
    """Return where a node stands, as instructions tell it."""
    return (
        getattr(node, "lineno", None),
        getattr(node, "end_lineno", None),
        getattr(node, "col_offset", None),
        getattr(node, "end_col_offset", None),
    )


def parsed(code: CodeType, texts: list[Text]) -> Tree:
    """Return the tree of a code object, from the first of ``texts`` that has it.

    Raises:
        Unmatched: none of them has it, or it is not certain which part it is.
    """
    for text in texts:
        tree = _module(text)
        if tree is None:
            continue
        roots = [node for node in ast.walk(tree) if _is_of(node, code)]
        if len(roots) > 1:
            roots = _on_one_line(roots, code)
        if len(roots) == 1:
            made = Tree(roots[0], code)
            if text.certain or made.fits():
                return made
            continue
        if len(roots) > 1:
            raise Unmatched(f"line {code.co_firstlineno} has several {code.co_name}")
    raise Unmatched(f"the source text of {code.co_qualname}() is not there")


def _on_one_line(roots: list[ast.AST], code: CodeType) -> list[ast.AST]:
    """Return those that the code stands in from one end to the other."""
    known = [each for each in code.co_positions() if None not in each and each[3]]
    if not known:  # 3.12 returns a constant without a place
        return [each for each in roots if _is_constant(each)]
    first = min((line, col) for line, _, col, _ in known)
    last = max((end_line, end_col) for _, end_line, _, end_col in known)
    found = []
    for root in roots:
        body: Any = root.body if isinstance(root, ast.Lambda) else root
        if (body.lineno, body.col_offset, body.end_lineno, body.end_col_offset) == (
            *first,
            *last,
        ):
            found.append(root)
    return found or roots


def _is_constant(root: ast.AST) -> bool:
    return isinstance(root, ast.Lambda) and isinstance(root.body, ast.Constant)


def _module(text: Text) -> ast.Module | None:
    # A function that is indented is parsed in a block, so that its columns are right.
    is_indented = text.text[:1] in (" ", "\t")
    source = f"if 1:\n{text.text}" if is_indented else text.text
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    later = text.first_line - (2 if is_indented else 1)
    if later:
        ast.increment_lineno(tree, later)
    return tree


def _is_of(node: ast.AST, code: CodeType) -> bool:
    kinds = _ROOTS.get(code.co_name)
    if kinds is not None:
        line: int = getattr(node, "lineno", -1)
        return isinstance(node, kinds) and line == code.co_firstlineno
    if not isinstance(node, _Definition) or node.name != code.co_name:
        return False
    lines = [node.lineno, *(each.lineno for each in node.decorator_list)]
    return min(lines) == code.co_firstlineno


def dump(node: ast.AST) -> str:
    """Return text that two nodes share if they mean the same."""
    return ast.dump(node)


def shown(node: ast.AST) -> str:
    """Return a node as source, short, for people."""
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _SHOWN_CHARS_MAX else f"{text[:_SHOWN_CHARS_MAX]}..."


_SHOWN_CHARS_MAX: Final = 60
