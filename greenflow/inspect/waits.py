"""What a flow waits for, or why it does not run: one line for people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from greenflow.store.model import ENDED, JOINS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from greenflow.store.model import FlowRecord, Waiting

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
#: Flows and topics that are told by their names.
_NAMES_MAX: Final = 10


def age(seconds: float) -> str:
    """Return a length of time in its two largest units: ``3d4h``, ``2h5m``, ``12s``."""
    left = max(0, int(seconds))
    if left < _MINUTE:
        return f"{left}s"
    for unit, name, below, below_name in (
        (_DAY, "d", _HOUR, "h"),
        (_HOUR, "h", _MINUTE, "m"),
        (_MINUTE, "m", 1, "s"),
    ):
        if left >= unit:
            rest = left % unit // below
            return f"{left // unit}{name}" + (f"{rest}{below_name}" if rest else "")
    return f"{left}s"


def instant(seconds: float) -> str:
    """Return a wall clock time (seconds since the epoch) in ISO 8601, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def waits_for(record: FlowRecord) -> str:
    """Return what a flow waits for, who runs it, or why it does not go on.

    The text is as it is stored: it may hold what no terminal should get.
    """
    if record.error or record.status in ENDED:
        return record.error
    if record.status == "running":
        return record.owner
    return "; ".join(filter(None, (*_reasons(record), wait_text(record.waiting))))


def trouble_line(text: str) -> str:
    """Return the line of a stored trouble that says what went wrong: its first."""
    return text.lstrip().partition("\n")[0].rstrip()


def _reasons(record: FlowRecord) -> Iterator[str]:
    """Yield what keeps a flow from running, besides what its code waits for."""
    if record.retry_at is not None:
        yield f"retry at {instant(record.retry_at)}"
    if record.status in {"hospital", "retrying"}:
        yield trouble_line(record.trouble)
    if record.held:
        yield "held"
    if record.blocked:
        yield f"blocked by {record.blocked}, whose mailbox is full"


def wait_text(waiting: Waiting | None) -> str:
    """Return what a checkpoint waits for; "" if it does not."""
    if waiting is None:
        return ""
    until = "" if waiting.until is None else f"until {instant(waiting.until)}"
    return " ".join(filter(None, (_what(waiting), until)))


def _what(waiting: Waiting) -> str:
    if waiting.kind == "recv":
        call = f"recv({waiting.type})" if waiting.type else "recv"
        return f"{call} topic={waiting.topic}" if waiting.topic else call
    if waiting.kind == "suspend":
        return f"suspend {waiting.preview}".rstrip()
    if waiting.kind not in JOINS:
        return waiting.kind
    names = _some([*waiting.flows, *(f"topic={topic}" for topic in waiting.topics)])
    if waiting.kind == "first":
        return f"{'select' if waiting.takes else 'first'} of {names}"
    if waiting.kind == "gather":
        return f"gather {names}: {max(waiting.left, 0)} of {len(waiting.flows)} go on"
    return f"{waiting.kind} {names}"


def _some(names: Sequence[str]) -> str:
    told = ", ".join(names[:_NAMES_MAX])
    more = len(names) - _NAMES_MAX
    return f"{told} and {more} more" if more > 0 else told
