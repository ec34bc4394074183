"""The source lines around a place, with the characters that are meant.

The text is the one that was stored with the flow, found by the hash of the code; only
if there is none, it is what the file has today.
"""

from __future__ import annotations

import linecache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.inspect.lines import Position
    from greenflow.store.model import Source

    #: Returns the stored source of the code of that hash.
    Texts = Callable[[bytes], Source | None]

_LINES_MAX = 20


class SourceLine(NamedTuple):
    """One line: its number, its text, and from where to where it is meant.

    ``start`` and ``end`` count characters from 0; both are 0 where nothing is meant.
    """

    number: int
    text: str
    start: int = 0
    end: int = 0


class Excerpt(NamedTuple):
    """The lines of a place; empty if the text is not to be had.

    ``stored`` tells whether the text is the one that the code was made of; ``number``
    is that of the line where the pending expression begins.
    """

    lines: tuple[SourceLine, ...] = ()
    stored: bool = False
    number: int = 0

    @property
    def line(self) -> SourceLine | None:
        """The line where the pending expression begins, if its text is there."""
        return next((line for line in self.lines if line.number == self.number), None)


def excerpt(
    file: str,
    position: Position,
    stored: Source | None,
    context: int = 0,
) -> Excerpt:
    """Return the lines of a place, and so many before and behind them."""
    if position.line < 1:
        return Excerpt()
    last = min(max(position.end_line, position.line), position.line + _LINES_MAX)
    numbers = range(max(position.line - context, 1), last + context + 1)
    lines = [
        _marked(number, text, position)
        for number in numbers
        if (text := _text(file, number, stored)) is not None
    ]
    return Excerpt(tuple(lines), stored is not None, position.line)


def _text(file: str, number: int, stored: Source | None) -> str | None:
    if stored is not None:
        at = number - stored.first_line
        lines = stored.lines
        return lines[at] if 0 <= at < len(lines) else None
    # Only the file is read; no module is imported or asked for its source.
    return linecache.getline(file, number).rstrip("\n") or None


def _marked(number: int, text: str, position: Position) -> SourceLine:
    if position.col < 0 or not position.line <= number <= position.end_line:
        return SourceLine(number, text)
    encoded = text.encode(errors="replace")
    start = len(text) - len(text.lstrip())
    end = len(text.rstrip())
    if number == position.line:
        start = len(encoded[: position.col].decode(errors="ignore"))
    if number == position.end_line:
        end = len(encoded[: max(position.end_col, 0)].decode(errors="ignore"))
    return (
        SourceLine(number, text, start, end)
        if end > start
        else SourceLine(number, text)
    )
