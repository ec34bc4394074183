"""How stored stacks look on a terminal: frames, carets, variables."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from rich.text import Text

from greenflow.cli.source import marked
from greenflow.cli.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenflow.inspect import Frame, Stack, Value

#: Frames of a deep stack that are shown from either end.
FRAMES_SHOWN_MAX: Final = 20
_INDENT: Final = "     "


def stack_text(stack: Stack, *, full: bool = False, variables: bool = False) -> Text:
    """Return a stored stack, the innermost frame first, as lines with carets.

    Args:
        stack: it.
        full: every frame, however many there are.
        variables: also what the variables hold.
    """
    kept: Sequence[Frame] = stack.frames
    left_out = 0 if full else max(0, len(kept) - 2 * FRAMES_SHOWN_MAX)
    if left_out:
        kept = [*kept[:FRAMES_SHOWN_MAX], *kept[-FRAMES_SHOWN_MAX:]]
    heads = _heads(kept)
    lines = Text()
    for index, frame in enumerate(kept):
        if left_out and index == FRAMES_SHOWN_MAX:
            lines.append(f"   ... {left_out} more frames (--full) ...\n", style="dim")
        _append_place(lines, heads[index], frame)
        if variables:
            _append_variables(lines, frame)
    lines.rstrip()
    return lines


def values_text(values: Sequence[tuple[str, Value]], indent: str = "") -> Text:
    """Return names and values, one in a line."""
    lines = Text()
    for name, value in values:
        _append_value(lines, name, value, indent)
    lines.rstrip()
    return lines


def _heads(frames: Sequence[Frame]) -> list[str]:
    names = [f"#{frame.number} {plain(frame.function)}" for frame in frames]
    places = [f"{plain(_path(frame.file))}:{frame.line}" for frame in frames]
    name_columns = max(map(len, names), default=0)
    place_columns = max(map(len, places), default=0)
    return [
        f"{name:{name_columns}}  {place:{place_columns}}  "
        for name, place in zip(names, places, strict=True)
    ]


def _append_place(lines: Text, head: str, frame: Frame) -> None:
    source, carets = marked(frame.source.line)
    lines.append(f"{head}{source}\n")
    if carets:
        lines.append(" " * len(head) + carets + "\n", style="bold yellow")


def _append_variables(lines: Text, frame: Frame) -> None:
    for name, value in frame.locals.items():
        _append_value(lines, name, value, _INDENT)
    if frame.exception is not None:
        _append_value(lines, "(handling)", frame.exception, _INDENT)
    for name, inner in frame.generators.items():
        head = f"{_INDENT}{plain(name)}: {plain(inner.function)}  "
        head += f"{plain(_path(inner.file))}:{inner.line}  "
        _append_place(lines, head, inner)
        for inner_name, value in inner.locals.items():
            _append_value(lines, inner_name, value, _INDENT * 2)


def _append_value(lines: Text, name: str, value: Value, indent: str) -> None:
    lines.append(f"{indent}{plain(name)}", style="cyan")
    lines.append(f" = {plain(value.preview)}\n")


def _path(file: str) -> str:
    """Return the file's path, short if it is in the current folder or below."""
    here = os.getcwd() + os.sep
    return file.removeprefix(here)
