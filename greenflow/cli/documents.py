"""What ``--json`` prints of a flow and its stack: plain data, names that stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenflow.cli.source import source_line
from greenflow.cli.text import instant
from greenflow.store.base import ANSWERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from greenflow.continuation.head import FrameHead
    from greenflow.store.base import FlowRecord, Message, Waiting


def flow_document(record: FlowRecord) -> dict[str, Any]:
    """Return what the store knows of a flow; sizes in bytes, times in ISO 8601."""
    return {
        "id": record.id,
        "function": record.function,
        "status": record.status,
        "waiting": record.waiting and _waiting_document(record.waiting),
        "created": instant(record.created),
        "updated": instant(record.updated),
        "checkpoint": record.seq,
        "label": record.label,
        "error": record.error,
        "owner": record.owner,
        "state_bytes": record.state_bytes,
    }


def _waiting_document(waiting: Waiting) -> dict[str, Any]:
    until = None if waiting.until is None else instant(waiting.until)
    if waiting.kind in {"once", "intent"}:
        return {"kind": waiting.kind}
    if waiting.kind == "sleep":
        return {"kind": "sleep", "until": until}
    if waiting.kind == "recv":
        return {"kind": "recv", "topic": waiting.topic, "until": until}
    return {"kind": "suspend", "payload": waiting.preview}


def frame_documents(frames: Iterable[FrameHead]) -> list[dict[str, Any]]:
    """Return the frames of a saved stack, the innermost first.

    ``line`` counts from 1; ``col`` and ``end_col`` are UTF-8 bytes from 0, as the
    interpreter counts them; ``source`` is today's text of that line, if it is there.
    """
    return [
        {
            "module": frame.module,
            "function": frame.qualname,
            "file": frame.file,
            "line": frame.line,
            "end_line": frame.end_line,
            "col": frame.col,
            "end_col": frame.end_col,
            "source": source_line(frame.file, frame.line),
        }
        for frame in frames
    ]


def message_documents(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Return a mailbox without its contents, which only a flow may unpickle.

    An answer is what resume() or throw() gives; it has no topic.
    """
    return [
        {
            "topic": "" if message.topic == ANSWERS else message.topic,
            "answer": message.topic == ANSWERS,
            "seq": message.seq,
            "bytes": len(message.body),
        }
        for message in messages
    ]
