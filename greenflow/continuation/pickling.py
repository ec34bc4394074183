"""One graph of objects to bytes and back; identity and cycles are kept in it.

The C pickler does the work. It asks :meth:`_Pickler.reducer_override` about what it
does not know itself: functions, classes, generators, cells, exceptions and the like
are reduced here, everything else as copyreg and the object's own ``__reduce__`` say.
"""

from __future__ import annotations

import copyreg
import io
import itertools
import pickle
import socket
import warnings
from functools import cached_property
from types import (
    AsyncGeneratorType,
    CellType,
    CodeType,
    CoroutineType,
    FunctionType,
    GeneratorType,
    TracebackType,
)
from typing import TYPE_CHECKING, Any

from cloudpickle.cloudpickle import Pickler as _CloudPickler
from cloudpickle.cloudpickle import _class_reduce

from greenflow.continuation import (
    classes,
    closed,
    exceptions,
    frames,
    functions,
    generators,
    main_module,
    tags,
)

if TYPE_CHECKING:
    from collections.abc import Callable

PROTOCOL = 5


def dump(
    value: object, running: dict[int, FunctionType] | None = None
) -> tuple[bytes, list[Any]]:
    """Return ``value`` as bytes, and the suspended generators met in it.

    Args:
        value: any graph of objects.
        running: functions of generators, by id, whose frames are saved elsewhere: only
            an empty generator is written for each.

    Raises:
        Exception: whatever the first object that cannot be saved raises.
    """
    buffer = io.BytesIO()
    pickler = _Pickler(buffer, PROTOCOL)
    # not in an __init__: called for every save, it would cost as much as a small value
    pickler.generators = []
    pickler.running = running or {}
    pickler.dump(value)
    return buffer.getvalue(), pickler.generators


def load(data: bytes) -> Any:
    """Return the value that :func:`dump` was given. Runs code of its classes."""
    return pickle.loads(data)


def register_reducer(
    cls: type, reducer: Callable[[Any, dict[int, FunctionType]], Any]
) -> None:
    """Let objects of exactly this class be reduced by ``reducer(object, running)``.

    ``running`` is what :func:`dump` was given; the reducer may add to it.
    """
    _SPECIAL[cls] = lambda pickler, obj: reducer(obj, pickler.running)


# cloudpickle's table is a chain of two; the C pickler is faster with a plain dict.
_TABLE: Any = {
    **copyreg.dispatch_table,
    **_CloudPickler._dispatch_table,  # noqa: SLF001 - it has no public name
}


class _Pickler(pickle.Pickler):
    """The C pickler with our reducers."""

    dispatch_table = _TABLE
    generators: list[Any]
    running: dict[int, FunctionType]

    @cached_property
    def namespaces(self) -> main_module.Namespaces:
        """The globals of the functions that were met."""
        return main_module.Namespaces()

    def reducer_override(self, obj: Any) -> Any:
        """Reduce what the C pickler does not know; NotImplemented leaves it to it."""
        kind = type(obj)
        own = _OWN.get(kind)
        if own is not None:
            return own(obj)
        special = _SPECIAL.get(kind)
        if special is not None:
            return special(self, obj)
        if isinstance(obj, type):
            return self._class(obj)
        if isinstance(obj, BaseException):
            return exceptions.reduce_exception(obj)
        return NotImplemented

    def function(self, function: FunctionType) -> Any:
        """Reduce a function."""
        if function.__module__ == tags.MODULE:
            return NotImplemented  # one of our own, by its tag
        return functions.reduce_function(function, self.namespaces)

    def _class(self, cls: type) -> Any:
        if classes.is_importable(cls):
            return NotImplemented
        reduced: Any = _class_reduce(cls)
        if type(reduced) is tuple and len(reduced) == 6:
            return classes.reduce_class(cls, reduced)
        return reduced

    def generator(self, generator: Any) -> Any:
        """Reduce a generator, and note it."""
        reduced = generators.reduce_generator(generator, self.running)
        self.generators.append(generator)
        return reduced


_SPECIAL: dict[type, Callable[[_Pickler, Any], Any]] = {
    FunctionType: _Pickler.function,
    GeneratorType: _Pickler.generator,
    CoroutineType: _Pickler.generator,
    AsyncGeneratorType: _Pickler.generator,
}


# --- reducers of builtin types that have none ---


def _refuse(value: Any) -> Any:
    raise TypeError(f"cannot pickle {type(value).__qualname__!r} object")


def _reduce_iterator(value: Any) -> Any:
    # itertools warns from 3.12 on that 3.14 will not pickle any more; these bytes are
    # for this very Python.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        reduced = value.__reduce__()
    if len(reduced) < 3:
        return reduced
    return (*reduced[:3], None, None, _fill_iterator)


def _fill_iterator(iterator: Any, state: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        iterator.__setstate__(state)


def _reduce_operation(operation: frames.Operation) -> Any:
    return _operation, (operation.__name__,)


def _operation(name: str) -> Any:
    import greenflow

    return getattr(greenflow, name)


def _reduce_view(view: Any) -> Any:
    return _view, (type(view).__name__, view.mapping | {})


def _view(name: str, mapping: dict[Any, Any]) -> Any:
    return getattr(mapping, name.removeprefix("dict_"))()


_ITERTOOLS = [
    value
    for value in vars(itertools).values()
    if isinstance(value, type) and value.__module__ == "itertools"
]

#: By exact type; what is not here goes the C pickler's own way.
_OWN: dict[type, Callable[[Any], Any]] = {
    CellType: functions.reduce_cell,
    CodeType: functions.reduce_code,
    TracebackType: exceptions.reduce_traceback,
    frames.Operation: _reduce_operation,
    **dict.fromkeys(closed.FILE_TYPES, closed.reduce_file),
    socket.socket: closed.reduce_socket,
    # cloudpickle would save it as something else
    memoryview: _refuse,
    type({}.keys()): _reduce_view,
    type({}.values()): _reduce_view,
    type({}.items()): _reduce_view,
    **dict.fromkeys(_ITERTOOLS, _reduce_iterator),
}

tags.register("operation", _operation)
tags.register("view", _view)
tags.register("fill_iterator", _fill_iterator)
