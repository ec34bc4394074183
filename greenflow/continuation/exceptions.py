"""Exceptions and tracebacks: with cause, context and the lines they came through.

Plain pickle calls a class's own ``__init__`` again and drops everything else. Here the
nearest builtin base makes the exception, its attributes are set, and each traceback
entry gets a frame that stands for the one that is gone: same file, name and line.
"""

from __future__ import annotations

import sys
from types import CodeType, FunctionType, TracebackType
from typing import Any

from greenflow.continuation import tags

_FRAMES_MAX = 1024


def reduce_exception(error: BaseException) -> Any:
    """Reduce an exception; NotImplemented if its class does so by itself."""
    reduced: Any = error.__reduce_ex__(4)
    if type(reduced) is not tuple or len(reduced) < 2 or reduced[0] is not type(error):
        if type(reduced) is tuple and len(reduced) == 2:
            return (*reduced, _links(error), None, None, _link)
        return NotImplemented
    state = reduced[2] if len(reduced) > 2 else None
    return (
        _exception,
        (type(error), reduced[1], error.args),
        (state, *_links(error)),
        None,
        None,
        _fill,
    )


def _links(error: BaseException) -> tuple[Any, ...]:
    return (
        error.__cause__,
        error.__context__,
        error.__suppress_context__,
        error.__traceback__,
    )


def _exception(
    cls: type[BaseException], arguments: tuple[Any, ...], args: tuple[Any, ...]
) -> BaseException:
    # A class written in Python may want other arguments than it handed on; what its
    # __init__ did is in the attributes.
    base: Any = next(c for c in cls.__mro__ if not c.__flags__ & (1 << 9))
    error: BaseException = base.__new__(cls, *arguments)
    base.__init__(error, *arguments)
    error.args = args
    return error


def _fill(error: BaseException, state: tuple[Any, ...]) -> None:
    own, *links = state
    if own:
        setstate: Any = error.__setstate__
        setstate(own)
    _link(error, tuple(links))


def _link(error: BaseException, links: tuple[Any, ...]) -> None:
    cause, context, suppress, traceback = links
    error.__cause__ = cause
    error.__context__ = context
    error.__suppress_context__ = suppress
    error.__traceback__ = traceback


# --- tracebacks ---

_frames: dict[tuple[Any, ...], Any] = {}


def reduce_traceback(traceback: TracebackType) -> tuple[Any, ...]:
    """Reduce a traceback with all that follows: a thousand entries are no recursion."""
    places = []
    entry: TracebackType | None = traceback
    while entry is not None:
        code = entry.tb_frame.f_code
        names = code.co_filename, code.co_name, code.co_qualname, code.co_firstlineno
        places.append((*names, entry.tb_lineno))
        entry = entry.tb_next
    return _traceback, (places,)


def _traceback(places: list[tuple[str, str, str, int, int | None]]) -> Any:
    made: TracebackType | None = None
    for file, name, qualname, first_line, line in reversed(places):
        frame = _frame(file, name, qualname, first_line)
        made = TracebackType(made, frame, -1, line or first_line)
    return made


def _template() -> Any:
    return sys._getframe()  # noqa: SLF001 - the frame itself is what is wanted


def _frame(file: str, name: str, qualname: str, first_line: int) -> Any:
    key = (file, name, qualname, first_line)
    frame = _frames.get(key)
    if frame is None:
        code: CodeType = _template.__code__.replace(
            co_filename=file,
            co_name=name,
            co_qualname=qualname,
            co_firstlineno=first_line,
        )
        frame = FunctionType(code, {"sys": sys, "__name__": "?"})()
        frame.clear()
        if len(_frames) >= _FRAMES_MAX:
            _frames.clear()
        _frames[key] = frame
    return frame


tags.register("exception", _exception)
tags.register("fill_exception", _fill)
tags.register("link_exception", _link)
tags.register("traceback", _traceback)
