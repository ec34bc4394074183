"""What ``--json`` prints of a flow and its stack: plain data, names that stay."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from greenflow import limits
from greenflow.inspect.waits import instant
from greenflow.store.base import ANSWERS, CANCELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from greenflow.inspect import Frame, Stack, Value
    from greenflow.store.base import FlowRecord, Message, Waiting

#: Frames of a deep stack that are in a document, unless all are asked for.
_FRAMES_MAX: Final = 1000
#: What most readers of JSON take as a number.
_INT_BITS_MAX: Final = 1024
_CHARS_MAX: Final = 100_000


def flow_document(record: FlowRecord) -> dict[str, Any]:
    """Return what the store knows of a flow; sizes in bytes, times in ISO 8601."""
    return {
        "id": record.id,
        "function": record.function,
        "status": record.status,
        "waiting": record.waiting and waiting_document(record.waiting),
        "created": instant(record.created),
        "updated": instant(record.updated),
        "checkpoint": record.seq,
        "label": record.label,
        "error": record.error,
        "owner": record.owner,
        "state_bytes": record.state_bytes,
        "name": record.name,
        "tags": list(record.tags),
        "queue": record.queue,
        "priority": record.priority,
        "parent": record.parent,
        "forked": record.forked,
        "held": record.held,
        "blocked": record.blocked,
        "retries": record.retries,
        "attempts": record.attempts,
        "retry_at": None if record.retry_at is None else instant(record.retry_at),
        "trouble": record.trouble,
        "killer": record.killer,
    }


def waiting_document(waiting: Waiting) -> dict[str, Any]:
    """Return what a flow waits for, by its kind."""
    until = None if waiting.until is None else instant(waiting.until)
    if waiting.kind in {"once", "intent"}:
        return {"kind": waiting.kind}
    if waiting.kind in {"sleep", "start"}:
        return {"kind": waiting.kind, "until": until}
    if waiting.kind == "suspend":
        return {"kind": "suspend", "payload": waiting.preview}
    if waiting.kind == "recv":
        told = {"topic": waiting.topic, "type": waiting.type}
        return {"kind": "recv", **told, "until": until}
    document: dict[str, Any] = {
        "kind": waiting.kind,
        "flows": list(waiting.flows),
        "until": until,
    }
    if waiting.kind == "gather":
        document["left"] = max(waiting.left, 0)
    if waiting.kind == "first":
        document["topics"] = list(waiting.topics)
    return document


def stack_document(
    stack: Stack | None, *, variables: bool = False, full: bool = False
) -> dict[str, Any]:
    """Return a stored stack, the innermost frame first; of a flow that is done, none.

    ``trouble`` tells why the variables cannot be read. ``calls`` are the names that
    loading the flow would call, besides greenflow's own.
    """
    if stack is None:
        return {"kind": "done", "python": None, "frames": []}
    trouble = stack.trouble if variables else None
    frames = stack.frames if full else stack.frames[:_FRAMES_MAX]
    document: dict[str, Any] = {
        "kind": stack.kind,
        "python": stack.python,
        "frame_count": len(stack.frames),
        "frames": [
            _frame_document(frame, variables=variables and trouble is None)
            for frame in frames
        ],
    }
    if variables:
        document["trouble"] = trouble and trouble.message
        document["calls"] = list(stack.calls)
        document["arguments"] = _named(stack.arguments)
    return document


def _frame_document(frame: Frame, *, variables: bool = False) -> dict[str, Any]:
    """Return a frame.

    ``line`` counts from 1; ``col`` and ``end_col`` are UTF-8 bytes from 0, as the
    interpreter counts them; ``source`` is the text of that line, ``source_stored``
    whether it is the one that was saved with the flow, and not today's.
    """
    excerpt, place = frame.source, frame.positions
    line = excerpt.line
    document: dict[str, Any] = {
        "module": frame.module,
        "function": frame.function,
        "file": frame.file,
        "line": place.line,
        "end_line": place.end_line,
        "col": place.col,
        "end_col": place.end_col,
        "source": line and line.text,
        "source_stored": excerpt.stored,
    }
    if variables:
        handled = frame.exception
        document["locals"] = _named(frame.locals)
        document["operands"] = [value_document(value) for value in frame.operands]
        document["exception"] = handled and value_document(handled)
        document["generators"] = {
            name: _frame_document(inner, variables=False)
            | {"locals": _named(inner.locals)}
            for name, inner in frame.generators.items()
        }
    return document


def _named(values: Mapping[str, Value]) -> dict[str, Any]:
    return {name: value_document(value) for name, value in values.items()}


def value_document(
    value: Value, chars_max: int = limits.PREVIEW_CHARS_MAX
) -> dict[str, Any]:
    """Return a value: its type, its text (cut), how many items or characters it has.

    ``value`` is there for what JSON has too: numbers, text, true, false.
    """
    document: dict[str, Any] = {
        "type": value.type,
        "text": value.text(chars_max),
        "size": value.size,
        "bound": value.bound,
        "masked": value.secret,
    }
    literal = value.literal
    if isinstance(literal, str):
        document["value"] = literal[:_CHARS_MAX]
    elif _is_number(literal):
        document["value"] = literal
    return document


def _is_number(literal: object) -> bool:
    """Return whether JSON's readers would understand it as a number, or true, false."""
    if isinstance(literal, float):
        return math.isfinite(literal)
    return isinstance(literal, int) and literal.bit_length() <= _INT_BITS_MAX


def part_documents(parts: Iterable[Value]) -> list[dict[str, Any]]:
    """Return the parts of a value; ``step`` is what leads to each: ``.x``, ``[0]``."""
    return [{"step": part.step, **value_document(part)} for part in parts]


def message_documents(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Return a mailbox without its contents, which only a flow may unpickle.

    An answer is what resume() or throw() gives, ``cancel`` what cancel() did; they have
    no topic.
    """
    return [
        {
            "topic": "" if message.topic in (ANSWERS, CANCELS) else message.topic,
            "answer": message.topic == ANSWERS,
            "cancel": message.topic == CANCELS,
            "seq": message.seq,
            "bytes": len(message.body),
        }
        for message in messages
    ]
