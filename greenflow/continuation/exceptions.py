"""Exceptions: with cause, context, notes and traceback.

Plain pickle calls a class's own ``__init__`` again and drops everything else. Here the
nearest builtin base makes an empty exception, and its attributes are set: what the
class's ``__init__`` did is in them.
"""

from __future__ import annotations

import copyreg
import types
from typing import Any

from greenflow.continuation import tags
from greenflow.errors import GreenflowError

#: What an exception made in C holds besides its args. Not the obj of AttributeError:
#: it serves suggestions only, and often cannot be saved; CPython leaves it out too.
_MEMBERS: tuple[tuple[type[BaseException], tuple[str, ...]], ...] = (
    (
        OSError,
        ("errno", "strerror", "filename", "filename2", "characters_written"),
    ),
    (
        SyntaxError,
        (
            *("msg", "filename", "lineno", "offset", "text"),
            *("end_lineno", "end_offset", "print_file_and_line"),
        ),
    ),
    (ImportError, ("msg", "name", "path", "name_from")),
    (UnicodeEncodeError, ("encoding", "object", "start", "end", "reason")),
    (UnicodeDecodeError, ("encoding", "object", "start", "end", "reason")),
    (UnicodeTranslateError, ("object", "start", "end", "reason")),
    (StopIteration, ("value",)),
    (SystemExit, ("code",)),
    (NameError, ("name",)),
    (AttributeError, ("name",)),
)


def reduce_exception(error: BaseException) -> Any:
    """Reduce an exception: by its class's own ``__reduce__`` if that has one."""
    cls = type(error)
    own = copyreg.dispatch_table.get(cls)
    if own is not None:
        return _with_links(error, own(error))
    if _reduces_itself(cls) or _maker(cls).__module__ != "builtins":
        return _with_links(error, error.__reduce_ex__(5))
    arguments: tuple[Any, ...] = ()
    if isinstance(error, BaseExceptionGroup):
        arguments = error.message, list(error.exceptions)
    state = (error.args, _members(error), _attributes(error), _links(error))
    return _exception, (cls, arguments), state, None, None, _fill


def _reduces_itself(cls: type[BaseException]) -> bool:
    """Whether somebody wrote a ``__reduce__`` in Python for this class."""
    for name in ("__reduce__", "__reduce_ex__"):
        for base in cls.__mro__:
            if name in vars(base):
                if isinstance(vars(base)[name], types.FunctionType):
                    # Ours names a module of greenflow, which may move.
                    return base is not GreenflowError
                break
    return False


def _maker(cls: type[BaseException]) -> Any:
    """Return the nearest base whose ``__new__`` is not written in Python."""
    for base in cls.__mro__:
        if isinstance(vars(base).get("__new__"), types.BuiltinFunctionType):
            return base
    return BaseException


def _members(error: BaseException) -> dict[str, Any]:
    found = {}
    for cls, names in _MEMBERS:
        if isinstance(error, cls):
            for name in names:
                value = getattr(error, name, None)
                if value is not None:
                    found[name] = value
    return found


def _attributes(error: BaseException) -> Any:
    own: Any = type(error).__getstate__
    if isinstance(own, types.FunctionType):
        return own(error)
    # Not AttributeError's own: it puts name and args among the attributes.
    return object.__getstate__(error)


def _links(error: BaseException) -> tuple[Any, ...]:
    return (
        error.__cause__,
        error.__context__,
        error.__suppress_context__,
        error.__traceback__,
    )


def _exception(cls: type[BaseException], arguments: tuple[Any, ...]) -> BaseException:
    made: BaseException = _maker(cls).__new__(cls, *arguments)
    return made


def _fill(error: BaseException, state: tuple[Any, ...]) -> None:
    args, members, attributes, links = state
    error.args = args
    for name, value in members.items():
        setattr(error, name, value)
    _set_attributes(error, attributes)
    _link(error, links)


def _set_attributes(error: BaseException, attributes: Any) -> None:
    own: Any = type(error).__setstate__
    if isinstance(own, types.FunctionType):
        own(error, attributes)
        return
    plain, slots = attributes if type(attributes) is tuple else (attributes, None)
    error.__dict__.update(plain or {})
    for name, value in (slots or {}).items():
        setattr(error, name, value)


def _link(error: BaseException, links: tuple[Any, ...]) -> None:
    error.__cause__, error.__context__, suppress, error.__traceback__ = links
    error.__suppress_context__ = suppress


# --- exceptions that reduce themselves ---


def _with_links(error: BaseException, reduced: Any) -> Any:
    if type(reduced) is not tuple:
        return reduced
    function, args, state, items, pairs, setter = (*reduced, *[None] * 4)[:6]
    notes = getattr(error, "__notes__", None)
    state = (state, setter, notes, _links(error))
    return function, args, state, items, pairs, _fill_reduced


def _fill_reduced(error: Any, state: tuple[Any, ...]) -> None:
    own, setter, notes, links = state
    if setter is not None:
        setter(error, own)
    elif own is not None:
        error.__setstate__(own)
    if notes is not None:
        error.__notes__ = notes
    _link(error, links)


tags.register("exception", _exception)
tags.register("fill_exception", _fill)
tags.register("fill_reduced_exception", _fill_reduced)
