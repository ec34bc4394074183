"""Values on their way into a store and back: messages, payloads, results, exceptions.

Each is a graph of its own: what two values share in memory is two things once they
were saved. Pickling never happens inside a transaction; a store only sees bytes.
"""

from __future__ import annotations

import os
import reprlib
from typing import TYPE_CHECKING, Any

from greenflow import limits
from greenflow.continuation import frames, loading
from greenflow.errors import (
    CodeMissing,
    FlowFailed,
    GreenflowError,
    NotRestorable,
    TooLarge,
)
from greenflow.later import later

if TYPE_CHECKING:
    import socket
    import traceback
    from collections.abc import Callable
    from types import TracebackType

    from greenflow.continuation import diagnose, pickling
    from greenflow.inspect import text
else:
    text = later(__name__, "greenflow.inspect.text")
    socket = later(__name__, "socket")
    traceback = later(__name__, "traceback")
    diagnose = later(__name__, "greenflow.continuation.diagnose")
    pickling = later(__name__, "greenflow.continuation.pickling")

_OWN_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
#: Of an exception's one line, and of its traceback.
_LINE_CHARS_MAX = 500
_TEXT_CHARS_MAX = 100_000


def dump(value: object, what: str) -> bytes:
    """Return ``value`` as bytes; ``what`` names it in errors (``the message``).

    Raises:
        NotSaveable: a part of it cannot be saved; the error names it.
    """
    return dump_moved(value, what)[0]


def dump_moved(value: object, what: str) -> tuple[bytes, Callable[[], None]]:
    """Return ``value`` as bytes, and what to call once it lives on there only.

    Without that call the generators in it, which are saved in the middle, would run
    their ``finally`` blocks here, too.

    Raises:
        NotSaveable: as by :func:`dump`.
    """
    try:
        dumped = pickling.dump(value)
    except Exception as error:
        raise diagnose.explain([(what, "the value", value)], error) from error

    def moved() -> None:
        for generator in dumped.generators:
            frames.generator_forget(generator)

    return dumped.data, moved


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
    """Return the value that :func:`dump` saved. Runs code of its classes.

    Raises:
        CodeMissing: a module or a name that it needs is not here.
        NotRestorable: it cannot be loaded in this process.
        BadRecord: it is damaged.
    """
    try:
        return loading.load(data)
    except GreenflowError:
        raise
    except (ImportError, AttributeError) as error:
        raise CodeMissing(
            f"a stored value needs something that is not here: {error}",
            hint="make its module importable (sys.path, installed packages), or bring "
            "the name back",
        ) from error
    except Exception as error:
        raise NotRestorable(
            f"a stored value cannot be loaded: {type(error).__name__}: {error}",
            hint="its class must be able to load what it saved (see __setstate__)",
        ) from error


def dump_failure(error: BaseException, flow_id: str) -> bytes:
    """Return the exception that ended a flow as bytes, and where it was raised.

    The exception lies in bytes of its own, so that the rest can be read where the
    exception cannot. One that cannot be saved is replaced by a FlowFailed.
    """
    # From the flow's own function on: who ran it is of no interest to anybody.
    tail = _user_traceback(error.__traceback__) or error.__traceback__
    error.__traceback__ = tail
    where = f"in process {os.getpid()} on {socket.gethostname()}"
    text = "".join(traceback.format_exception(error)).rstrip()[-_TEXT_CHARS_MAX:]
    try:
        inner = dump_message(error, "the exception that ended the flow")
    except Exception as reason:
        # Whatever it is, the flow has ended, and must not be run again for it.
        stand_in = _stand_in(error_line(error), flow_id, reason, text)
        inner = dump(stand_in, "a stand-in")
    return dump((inner, where, text), "where it was raised")


def load_failure(data: bytes, flow_id: str, line: str) -> BaseException:
    """Return the exception that :func:`dump_failure` saved, with a note on the flow.

    Args:
        data: what :func:`dump_failure` returned.
        flow_id: the flow that ended by it.
        line: the exception in one line, for a stand-in.

    Returns:
        A new exception; a FlowFailed if it cannot be loaded in this process.
    """
    where, text = "nobody knows where", line
    try:
        inner, where, text = load(data)
        error = _load_exception(inner)
    except Exception as reason:
        error = _stand_in(line, flow_id, reason, text)
    error.add_note(f"raised in flow {flow_id}, {where}")
    return error


def error_line(error: BaseException) -> str:
    """Return an exception in one line of limited length."""
    try:
        message = (str(error).splitlines() or [""])[0]
    except Exception as reason:
        message = f"<its str() raised {type(reason).__name__}>"
    name = type(error).__qualname__
    return _plain(f"{name}: {message}" if message else name)[:_LINE_CHARS_MAX]


def trouble(error: BaseException) -> str:
    """Return an exception and where it was raised, for who looks into the hospital."""
    tail = _user_traceback(error.__traceback__)
    text = "".join(traceback.format_exception(type(error), error, tail)).rstrip()
    text = _plain(text)
    line, limit = error_line(error), limits.TROUBLE_CHARS_MAX
    # The end of a traceback tells more than its begin.
    return f"{line}\n{text[len(line) + 1 - limit :]}" if len(text) > len(line) else line


def preview(value: object) -> str:
    """Return a short text that stands for a value in a listing.

    Entries of dictionaries that have the name of a secret are masked: it is stored.
    """
    short = _Short()
    short.maxstring = short.maxother = limits.PREVIEW_CHARS_MAX
    # reprlib guards against a failing __repr__ of objects, not of all containers.
    try:
        text = short.repr(value)
    except Exception as error:
        text = f"<{type(value).__name__}: its repr() raised {type(error).__name__}>"
    return _plain(text)[: limits.PREVIEW_CHARS_MAX]


def _plain(text: str) -> str:
    """Return a text that can be stored, which odd file names cannot as they are."""
    return text.encode("utf-8", "backslashreplace").decode()


class _Short(reprlib.Repr):
    def repr_dict(self, x: dict[Any, Any], level: int) -> str:
        masked = {
            key: _MASKED if type(key) is str and text.is_secret(key) else held
            for key, held in x.items()
        }
        return super().repr_dict(masked, level)


class _Masked:
    def __repr__(self) -> str:
        return text.MASK


_MASKED = _Masked()


def is_own(error: BaseException) -> bool:
    """Return whether no code but greenflow's was running when it was raised."""
    return _user_traceback(error.__traceback__) is None


def _load_exception(data: bytes) -> BaseException:
    error = load(data)
    if not isinstance(error, BaseException):
        raise TypeError(f"{type(error).__name__} is no exception")
    return error


def _stand_in(line: str, flow_id: str, reason: Exception, text: str) -> FlowFailed:
    error = FlowFailed(
        f"flow {flow_id} failed with {line}; the exception itself is not here: "
        f"{type(reason).__name__}: {reason}",
        hint="give exceptions only what can be saved and loaded",
    )
    error.add_note(text)
    return error


def _user_traceback(tail: TracebackType | None) -> TracebackType | None:
    while tail is not None and _is_own(tail):
        tail = tail.tb_next
    return tail


def _is_own(entry: TracebackType) -> bool:
    return entry.tb_frame.f_code.co_filename.startswith(_OWN_FOLDER)
