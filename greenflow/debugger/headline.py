"""What a session says: which flow this is, why it does not run, what was changed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from msgspec.structs import replace

from greenflow.continuation import Thrown
from greenflow.inspect.waits import age, waits_for
from greenflow.runtime.editing import show

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from greenflow.continuation import Sent
    from greenflow.debugger.session import Session
    from greenflow.inspect import Diff, FrameDiff


def headline(session: Session, outermost: FrameType) -> str:
    """Return the flow's id, its call, its status, and which checkpoint is shown."""
    record = session.record
    since = age(time.time() - record.updated)
    told = waits_for(replace(record, held=record.held and not session.holds))
    status = f"{record.status} {since}" + (f" on {told}" if told else "")
    place = f"at rest, checkpoint {session.seq}"
    return f"{record.id}  {_call(outermost)}  {status}   {place}"


def ended_line(session: Session) -> str:
    """Return how the flow ended."""
    record = session.record
    told = record.error
    if record.status == "done":
        told = show("result", session.flow.result(0))
    return f"{record.id} is {record.status}: {told}"


def _call(frame: FrameType) -> str:
    code, variables = frame.f_code, frame.f_locals
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    given = [
        f"{name}={show(name, variables[name])}" for name in names if name in variables
    ]
    return f"{code.co_name}({', '.join(given)})"


def changed_lines(diff: Diff) -> list[str]:
    """Return what differs, a line each; frames have the numbers of the later stack."""
    lines = [line for frame in reversed(diff.frames) for line in _of_frame(frame)]
    lines += [str(change) for change in diff.arguments]
    waited, waits = diff.waits
    if waited != waits:
        lines.append(f"waits for {waited or 'nothing'} -> {waits or 'nothing'}")
    if diff.trouble:
        lines.append(f"the variables cannot be compared: {diff.trouble}")
    return [*lines, "... and more"] if diff.truncated else lines


def told(outcome: Sent | Thrown) -> str:
    """Return what the waiting call is to give, as text."""
    if isinstance(outcome, Thrown):
        return f"its call raises {show('error', outcome.error)}"
    return f"its call returns {show('value', outcome.value)}"


def _of_frame(each: FrameDiff) -> Iterator[str]:
    frame = each.after or each.before
    assert frame is not None
    place = f"frame {frame.number} {frame.function}"
    if each.before is None or each.after is None:
        yield f"{place}: {each.change}"
    elif each.before.line != each.after.line:
        yield f"{place}: line {each.before.line} -> {each.after.line}"
    yield from (f"{place}: {change}" for change in each.changes)
