"""Flows, stacks and values as pieces of a page, for notebooks. All text is escaped."""

from __future__ import annotations

from html import escape
from itertools import islice
from typing import TYPE_CHECKING

from greenflow import limits
from greenflow.errors import BadRecord
from greenflow.inspect.waits import instant, waits_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from greenflow.inspect.frames import Frame
    from greenflow.inspect.sources import Excerpt
    from greenflow.inspect.stack import Stack
    from greenflow.inspect.values import Value
    from greenflow.store.model import FlowRecord

_FRAMES_MAX = 40


def flow_html(record: FlowRecord) -> str:
    """Return what is known of a flow without its stack."""
    what = "" if record.error else waits_for(record)
    parts = (
        f"<b>{escape(record.id)}</b>",
        escape(record.function),
        f"<i>{escape(f'{record.status} {what}'.rstrip())}</i>",
        f"since {instant(record.updated)}",
        f"checkpoint {record.seq}",
    )
    error = f"<pre>{escape(record.error)}</pre>" if record.error else ""
    return f"<div>{' &middot; '.join(parts)}{error}</div>"


def stack_html(stack: Stack) -> str:
    """Return a stack, the innermost frame first and open."""
    frames = stack.frames[:_FRAMES_MAX]
    room = Room()
    parts = [_frame(frame, room, is_open=not frame.number) for frame in frames]
    left = len(stack.frames) - len(frames)
    if left:
        parts.append(f"<div>... {left} more frames ...</div>")
    if stack.kind == "call":
        parts.append(
            "<div>has not begun</div>" + _variables(stack.arguments.values(), room)
        )
    trouble = stack.trouble
    return "".join([*parts, trouble_html(trouble) if trouble else ""])


def trouble_html(error: BadRecord) -> str:
    """Return why something cannot be shown."""
    return f"<pre>{escape(str(error))}</pre>"


def value_html(value: Value, room: Room | None = None, level: int = 0) -> str:
    """Return a value in one line, with its parts under it, closed."""
    line = f"<code>{escape(value.preview)}</code>"
    room = room or Room()
    if level >= limits.PAGE_LEVELS_MAX or not room.take():
        return line
    parts = list(islice(value.children, limits.PAGE_PARTS_MAX + 1))
    if not parts:
        return line
    more = len(parts) > limits.PAGE_PARTS_MAX
    shown = [
        (escape(part.step), value_html(part, room, level + 1))
        for part in parts[: limits.PAGE_PARTS_MAX]
    ]
    rows = "".join(f"<div><code>{step}</code> {html}</div>" for step, html in shown)
    return (
        f'<details style="display:inline-block;vertical-align:top">'
        f"<summary>{line}</summary>{rows}{'<div>...</div>' * more}</details>"
    )


class Room:
    """How much of a page is left: parts of parts are soon very many."""

    def __init__(self) -> None:
        self._left = limits.PAGE_ROWS_MAX

    def take(self) -> bool:
        """Take room for the parts of one value; return whether there was any."""
        self._left -= 1
        return self._left >= 0


def _frame(frame: Frame, room: Room, *, is_open: bool) -> str:
    place = f"{frame.file}:{frame.line}"
    head = (
        f"#{frame.number} <b>{escape(frame.function)}</b> "
        f"<small>{escape(place)}</small>"
    )
    try:
        inner = _variables(frame.locals.values(), room)
    except BadRecord:
        inner = ""
    opened = " open" * is_open
    return (
        f"<details{opened}><summary>{head}</summary>"
        f"{_source(frame.source)}{inner}</details>"
    )


def _source(excerpt: Excerpt) -> str:
    lines = "\n".join(
        f"{escape(line.text[: line.start])}<mark>"
        f"{escape(line.text[line.start : line.end])}</mark>"
        f"{escape(line.text[line.end :])}"
        if line.end
        else escape(line.text)
        for line in excerpt.lines
    )
    return f"<pre>{lines}</pre>" if lines else ""


def _variables(values: Iterable[Value], room: Room) -> str:
    rows = [
        f'<tr><td style="text-align:left">{escape(value.name)}</td>'
        f'<td style="text-align:left">{value_html(value, room)}</td></tr>'
        for value in islice(values, limits.PAGE_PARTS_MAX)
    ]
    return f"<table>{''.join(rows)}</table>" if rows else ""
