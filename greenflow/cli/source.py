"""The source line a saved frame is at, and the caret under the pending expression."""

from __future__ import annotations

import linecache
from typing import TYPE_CHECKING

from rich.cells import cell_len

from greenflow.cli.text import plain

if TYPE_CHECKING:
    from greenflow.continuation.head import FrameHead


def source_line(file: str, line: int) -> str | None:
    """Return the line's text as the file has it now, or None if it cannot be read.

    Only the file is read; no module is imported or asked for its source.
    """
    return linecache.getline(file, line).rstrip("\n") or None


def excerpt(frame: FrameHead) -> tuple[str, str]:
    """Return the frame's source line, without its indent, and carets to go under it.

    Either is empty where the file, or the position in it, is not known.
    """
    line = source_line(frame.file, frame.line)
    if line is None:
        return "", ""
    text = line.lstrip()
    start, end = _columns(frame, line)
    if end <= start:
        return plain(text), ""
    indent = len(line) - len(text)
    before, pending = line[indent:start], line[max(start, indent) : end]
    carets = " " * cell_len(plain(before)) + "^" * cell_len(plain(pending))
    return plain(text), carets


def _columns(frame: FrameHead, line: str) -> tuple[int, int]:
    """Return the characters from where to where the pending expression reaches.

    The interpreter counts in UTF-8 bytes. Of an expression over several lines only
    the first is shown, so its marks go to that line's end.
    """
    if frame.col < 0:
        return 0, 0
    encoded = line.encode()
    start = len(encoded[: frame.col].decode(errors="ignore"))
    if frame.end_line != frame.line:
        return start, len(line.rstrip())
    return start, len(encoded[: max(frame.end_col, 0)].decode(errors="ignore"))
