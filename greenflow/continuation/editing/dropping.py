"""Frames that are dropped from a waiting stack: nothing of them runs any more."""

from __future__ import annotations

from types import AsyncGeneratorType
from typing import TYPE_CHECKING, Any

from greenflow.continuation import frames
from greenflow.continuation.delivery import adapters
from greenflow.continuation.delivery.answers import PUSH, SEND
from greenflow.continuation.delivery.forced import (
    DECIDED,
    ends_with,
    given_instead,
    raised_instead,
)
from greenflow.continuation.editing.keeping import handled_before
from greenflow.continuation.editing.parts import NOTHING, Parts, Record, variable_names

if TYPE_CHECKING:
    from collections.abc import Callable


def is_adapter(record: Record) -> bool:
    """Whether it stands in for C code, and is no frame of the user's."""
    return record.code.co_filename == adapters.FILE


def is_decided(parts: Parts) -> bool:
    """Whether what the innermost frame is given stands there already."""
    return parts.records[-1].function in DECIDED


def drop_inside(parts: Parts, record: Record) -> bool:
    """Drop the frames inside of ``record``, but what stands in for C code it called.

    That is between it and the frame that was inside, and finishes what is given.

    Returns:
        Whether there was any.
    """
    count = parts.records.index(record) + 1
    while count < len(parts.records) and _stays(parts.records[count]):
        count += 1
    if count == len(parts.records):
        return False
    drop_from(parts, count)
    return True


def drop_with(parts: Parts, record: Record) -> None:
    """Drop ``record`` and all inside of it."""
    drop_from(parts, parts.records.index(record))


def drop_all_inside(parts: Parts, record: Record, *, begins: bool = False) -> None:
    """Drop all inside of ``record``: its call will never get its result.

    If it ``begins`` anew, it handles nothing any more either.
    """
    count = parts.records.index(record) + 1
    outermost = count - 1 if begins and record.generator is NOTHING else count
    left = parts.records[outermost:]
    drop_from(parts, count)
    _forget_handled(parts, left)


def drop_from(parts: Parts, count: int) -> None:
    """Drop all but the ``count`` outermost records."""
    dropped = parts.records[count:]
    del parts.records[count:]
    _forget_handled(parts, dropped)
    for record in dropped:
        record.dropped = True
        if type(record.generator) is AsyncGeneratorType:
            frames.async_set_flags(record.generator, False, True)


def _stays(record: Record) -> bool:
    decided = record.function in DECIDED or record.function is ends_with
    return is_adapter(record) and not decided


def _forget_handled(parts: Parts, dropped: list[Record]) -> None:
    """Let what is handled be what it was when the outermost dropped frame began."""
    for record in dropped:
        if record.generator is not NOTHING:
            return  # what it and those inside handle is its own
        before = handled_before(record)
        if before is not NOTHING:
            _set_handled(parts, before)
            return


def _set_handled(parts: Parts, error: Any) -> None:
    for record in reversed(parts.records):
        if record.generator is not NOTHING:
            record.exc = error
            return
    parts.exc = error


# --- what a frame is given in place of what was dropped ---


def await_value(parts: Parts, record: Record) -> None:
    """Let the call that ``record`` waits in get what the stack is resumed with.

    An ``await`` or ``yield from`` gets it as its result: else it would be yielded on.
    """
    if record.delivery == SEND:
        _add(parts, ends_with)


def give(parts: Parts, dropped: Record, value: Any) -> None:
    """Let the frame around the dropped one get what it would have returned.

    Raises:
        ValueError: an async generator returns no value.
    """
    if type(dropped.generator) is AsyncGeneratorType:
        if value is not None:
            raise ValueError("an async generator returns no value")
        _add(parts, raised_instead, StopAsyncIteration())
        return
    if dropped.generator is not NOTHING:
        _add(parts, ends_with)
    _add(parts, given_instead, value)


def fail(parts: Parts, error: BaseException) -> None:
    """Let the innermost frame get an exception from what it waits for."""
    _add(parts, raised_instead, error)


def _add(parts: Parts, function: Callable[..., Any], *values: Any) -> None:
    made, offset, values = adapters.adapter(function, *values)
    rest = [NOTHING] * (len(variable_names(made.__code__)) - len(values))
    extras = (NOTHING,) * 4
    variables = [*values, *rest]
    parts.records.append(Record(made, offset // 2, PUSH, *extras, variables, []))
