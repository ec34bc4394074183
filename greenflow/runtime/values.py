"""Values on their way into a store and back: messages, payloads, results, exceptions.

Each is a graph of its own: what two values share in memory is two things once they
were saved. Pickling never happens inside a transaction; a store only sees bytes.
"""

from __future__ import annotations

import os
import reprlib
import socket
import traceback
from typing import TYPE_CHECKING, Any

import greenflow
from greenflow import limits
from greenflow.continuation import pickling
from greenflow.errors import FlowFailed, NotSaveable, TooLarge

if TYPE_CHECKING:
    from types import TracebackType

_OWN_FOLDER = os.path.dirname(os.path.abspath(greenflow.__file__)) + os.sep
#: Of an exception's one line, and of its traceback.
_LINE_CHARS_MAX = 500
_TEXT_CHARS_MAX = 100_000


def dump(value: object, what: str) -> bytes:
    """Return ``value`` as bytes; ``what`` names it in errors (``the result``).

    Raises:
        NotSaveable: a part of it cannot be saved; the error names it.
    """
    try:
        data, _ = pickling.dump(value)
    except NotSaveable as error:
        path = f"{what}: {error.path}" if error.path else what
        raise NotSaveable(
            f"{what} cannot be saved: {error.message}", path=path, hint=error.hint
        ) from error
    return data


def dump_message(value: object, what: str) -> bytes:
    """Return a message as bytes.

    Raises:
        NotSaveable: a part of it cannot be saved.
        TooLarge: it is above ``MESSAGE_BYTES_MAX``.
    """
    data = dump(value, what)
    if len(data) > limits.MESSAGE_BYTES_MAX:
        raise TooLarge(
            f"{what} is {len(data)} bytes; the limit is {limits.MESSAGE_BYTES_MAX}",
            hint="put the data elsewhere and send its path or key",
        )
    return data


def load(data: bytes) -> Any:
    """Return the value that :func:`dump` saved. Raises NotRestorable, BadRecord."""
    return pickling.load(data)


def dump_failure(error: BaseException, flow_id: str) -> bytes:
    """Return the exception that ended a flow as bytes, with its traceback as text.

    The exception lies in bytes of its own, so that the text can be read where the
    exception cannot. One that cannot be saved is replaced by a FlowFailed.
    """
    text = _traceback_text(error)
    try:
        inner = dump_message(error, "the exception that ended the flow")
    except (NotSaveable, TooLarge) as reason:
        inner = dump(_stand_in(error_line(error), flow_id, reason), "a stand-in")
    return dump((inner, text), "the traceback")


def load_failure(data: bytes, flow_id: str, line: str) -> BaseException:
    """Return the exception that :func:`dump_failure` saved, with a note on the flow.

    Args:
        data: what :func:`dump_failure` returned.
        flow_id: the flow that ended by it.
        line: the exception in one line, for a stand-in.

    Returns:
        A new exception; a FlowFailed if it cannot be loaded in this process.
    """
    text = "raised at a place that is not known"
    try:
        inner, text = load(data)
        error = _load_exception(inner)
    except Exception as reason:
        error = _stand_in(line, flow_id, reason)
    error.add_note(f"flow {flow_id} ended by this exception; {text}")
    return error


def error_line(error: BaseException) -> str:
    """Return an exception in one line of limited length."""
    try:
        message = (str(error).splitlines() or [""])[0]
    except Exception as reason:
        message = f"<its str() raised {type(reason).__name__}>"
    name = type(error).__qualname__
    return (f"{name}: {message}" if message else name)[:_LINE_CHARS_MAX]


def preview(value: object) -> str:
    """Return a short text that stands for a value in a listing."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = limits.PREVIEW_CHARS_MAX
    # reprlib guards against a failing __repr__ of objects, not of all containers.
    try:
        text = short.repr(value)
    except Exception as error:
        text = f"<{type(value).__name__}: its repr() raised {type(error).__name__}>"
    return text[: limits.PREVIEW_CHARS_MAX]


def is_own(error: BaseException) -> bool:
    """Return whether no code but greenflow's was running when it was raised."""
    return _user_traceback(error.__traceback__) is None


def _load_exception(data: bytes) -> BaseException:
    error = load(data)
    if not isinstance(error, BaseException):
        raise TypeError(f"{type(error).__name__} is no exception")
    return error


def _stand_in(line: str, flow_id: str, reason: Exception) -> FlowFailed:
    return FlowFailed(
        f"flow {flow_id} failed with {line}; the exception itself is not here: "
        f"{type(reason).__name__}: {reason}",
        hint="give exceptions only values that can be saved, and let them be made "
        "again from their args",
    )


def _traceback_text(error: BaseException) -> str:
    """Return the traceback as people read it, from the flow's own function on."""
    tail = _user_traceback(error.__traceback__) or error.__traceback__
    lines = traceback.format_exception(type(error), error, tail)
    where = f"raised in process {os.getpid()} on {socket.gethostname()}:\n"
    return where + "".join(lines).rstrip()[-_TEXT_CHARS_MAX:]


def _user_traceback(tail: TracebackType | None) -> TracebackType | None:
    while tail is not None and _is_own(tail):
        tail = tail.tb_next
    return tail


def _is_own(entry: TracebackType) -> bool:
    return entry.tb_frame.f_code.co_filename.startswith(_OWN_FOLDER)
