"""Tracebacks, and frames that have ended: each gets one that stands for it.

File, function, lines and columns are the same, so that a traceback is printed as where
it arose. Local variables are kept of a frame that a variable holds, not of those that
only a traceback has.
"""

from __future__ import annotations

import inspect
from itertools import islice
from types import CodeType, FrameType, FunctionType, TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from greenflow.continuation import tags
from greenflow.continuation.frames import frame_ended
from greenflow.limits import TRACEBACK_FRAMES_KEPT_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_COLUMNS, _LONG = 13, 14


class Entry(NamedTuple):
    """One line of a traceback; line numbers from 1, columns from 0, in bytes."""

    file: str
    name: str
    qualname: str
    first_line: int
    module: str | None
    line: int
    end_line: int | None
    column: int | None
    end_column: int | None


_frames: dict[Entry, FrameType] = {}


def reduce_traceback(traceback: TracebackType) -> tuple[Any, ...]:
    """Reduce a traceback with all that follows: a thousand entries are no recursion."""
    entries = []
    following: TracebackType | None = traceback
    while following is not None:
        entries.append(tuple(_entry(following)))
        following = following.tb_next
    return _traceback, (tuple(entries),)


def _entry(held: TracebackType) -> Entry:
    return _place(held.tb_frame, held.tb_lineno, held.tb_lasti)


def _place(frame: FrameType, number: int | None, offset: int) -> Entry:
    code = frame.f_code
    line = number or code.co_firstlineno
    columns: tuple[int | None, int | None, int | None] = None, None, None
    if 0 <= offset < len(code.co_code):
        unit = offset // 2
        start, *rest = next(islice(code.co_positions(), unit, None), (None,) * 4)
        if start == line:
            end_line, column, end_column = rest
            columns = end_line, column, end_column
    module = frame.f_globals.get("__name__")
    return Entry(
        code.co_filename,
        code.co_name,
        code.co_qualname,
        code.co_firstlineno,
        module if isinstance(module, str) else None,
        line,
        *columns,
    )


def _traceback(entries: tuple[tuple[Any, ...], ...]) -> TracebackType | None:
    made: TracebackType | None = None
    for values in reversed(entries):
        entry = Entry(*values)
        made = TracebackType(made, _frame(entry), 0, entry.line)
    return made


tags.register("traceback", _traceback)


def _frame(entry: Entry) -> FrameType:
    known = _frames.get(entry)
    if known is not None:
        return known
    if len(_frames) >= TRACEBACK_FRAMES_KEPT_MAX:
        _frames.clear()
    frame = _frames[entry] = _new_frame(entry)
    return frame


def _new_frame(entry: Entry) -> FrameType:
    code = _template.__code__
    code = code.replace(
        co_filename=entry.file,
        co_name=entry.name,
        co_qualname=entry.qualname,
        co_firstlineno=entry.first_line,
        co_linetable=_line_table(entry, code),
    )
    # A generator that has not begun: its frame has no caller, whom it would keep alive.
    frame: FrameType = FunctionType(code, {"__name__": entry.module})().gi_frame
    frame.clear()
    return frame


# --- frames that a variable holds ---


def reduce_frame(frame: FrameType) -> Any:
    """Reduce a frame to its place and its variables, as a debugger shows them.

    Raises:
        TypeError: its function runs, or is suspended.
    """
    if not frame_ended(frame):
        raise TypeError("cannot pickle the frame of a function that has not ended")
    of_function = frame.f_code.co_flags & inspect.CO_OPTIMIZED
    variables = dict(frame.f_locals) if of_function else {}
    # A frame that left with its flow has no place any more (Python/frame.c,
    # take_ownership); a debug build would not even let it be asked for.
    has_place = frame.f_lasti < len(frame.f_code.co_code)
    entry = _place(frame, frame.f_lineno if has_place else None, frame.f_lasti)
    return _ended_frame, tuple(entry), variables, None, None, _fill_frame


def _ended_frame(*entry: Any) -> FrameType:
    return _new_frame(Entry(*entry))


def _fill_frame(frame: FrameType, variables: dict[str, Any]) -> None:
    frame.f_locals.update(variables)


tags.register("ended_frame", _ended_frame)
tags.register("fill_frame", _fill_frame)


def _template() -> Iterator[None]:
    yield


# --- the position of an entry, as that of every instruction of its code ---
# The format is told in Objects/locations.md of CPython 3.11.


def _line_table(entry: Entry, code: CodeType) -> bytes:
    table, line = b"", entry.first_line
    units = len(code.co_code) // 2
    while units:
        covered = min(units, 8)
        table += _location(entry, entry.line - line, covered)
        units, line = units - covered, entry.line
    return table


def _location(entry: Entry, step: int, units: int) -> bytes:
    zigzag = -step << 1 | 1 if step < 0 else step << 1
    column, end_column = entry.column, entry.end_column
    if column is None or end_column is None:
        return bytes([0x80 | _NO_COLUMNS << 3 | units - 1]) + _varint(zigzag)
    end_line = max(entry.end_line or entry.line, entry.line)
    return bytes([0x80 | _LONG << 3 | units - 1]) + b"".join(
        map(_varint, (zigzag, end_line - entry.line, column + 1, end_column + 1))
    )


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number >= 64:
        parts.append(0x40 | number & 63)
        number >>= 6
    parts.append(number)
    return bytes(parts)
