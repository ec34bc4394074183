"""A source line as a terminal shows it: without its indent, with carets under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from greenflow.cli.text import plain

if TYPE_CHECKING:
    from greenflow.inspect import SourceLine


def marked(line: SourceLine | None) -> tuple[str, str]:
    """Return a line, without its indent, and carets to go under what is meant of it.

    Either is empty where the text, or the position in it, is not known.
    """
    if line is None:
        return "", ""
    text = line.text.lstrip()
    if line.end <= line.start:
        return plain(text), ""
    indent = len(line.text) - len(text)
    before = line.text[indent : line.start]
    pending = line.text[max(line.start, indent) : line.end]
    carets = " " * cell_len(plain(before)) + "^" * cell_len(plain(pending))
    return plain(text), carets
