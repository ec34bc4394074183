"""Which object is reduced how, for the pickler that asks.

Functions, classes, generators, cells, exceptions and the like are reduced here, all
else as copyreg and the object's own ``__reduce__`` say.
"""

from __future__ import annotations

from types import CellType, CodeType, FrameType, FunctionType, TracebackType
from typing import TYPE_CHECKING, Any
from weakref import ref

from greenflow.continuation import (
    awaitables,
    builtin,
    classes,
    exceptions,
    functions,
    generators,
    instances,
    nested,
    owned,
    places,
    plain,
    tags,
    tracebacks,
    weak,
)
from greenflow.continuation.namespaces import Namespaces
from greenflow.later import later

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.continuation import registered

    _Reducer = Callable[["Reducing", Any], Any]
else:
    registered = later(__name__, "greenflow.continuation.registered")

_TYPES_MAX = 4096


def decide_again(kind: type) -> None:
    """Forget how objects of a class and its subclasses are reduced."""
    for known in [known for known in _decided if issubclass(known, kind)]:
        del _REDUCERS[known], _decided[known]


#: Those of the reducers that were found out.
_decided: dict[type, None] = {}


class Reducing:
    """What a pickler asks about objects, and what it met."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.running: dict[int, FunctionType] = {}
        self.owners: Any = ()
        self.met: list[Any] = []
        #: Of generators and nested functions: it is needed as it is.
        self.codes: list[CodeType] = []
        self.namespaces = Namespaces()
        #: What weak references lead to, once one was met.
        self.weak: weak.Weak | None = None
        #: Whether it holds more of the value than its memo.
        self.used = False

    def reducer_override(self, obj: Any) -> Any:
        """Reduce what the pickler does not know; NotImplemented leaves it to it."""
        kind = type(obj)
        reducer = _REDUCERS.get(kind)
        if reducer is None:
            reducer = _decide(kind)
        if self.owners and id(obj) in self.owners:
            return owned.with_own(obj, reducer(self, obj))
        if reducer is _leave:
            return NotImplemented
        return reducer(self, obj)


# --- which type is reduced how ---


def _leave(pickler: Reducing, obj: Any) -> Any:
    return NotImplemented


def _function(pickler: Reducing, function: FunctionType) -> Any:
    if function.__module__ == tags.MODULE:
        return NotImplemented  # one of our own, by its tag
    public = builtin.reduce_public(function)
    if public is not NotImplemented:
        return public
    known = functions.by_name(function)
    if known is not None:
        return known
    pickler.used = True
    if places.nested(function) is not None:
        pickler.codes.append(function.__code__)
    return functions.by_value(function, pickler.namespaces)


def _class(pickler: Reducing, cls: type) -> Any:
    public = builtin.reduce_public(cls)
    return classes.reduce_class(cls) if public is NotImplemented else public


def _generator(pickler: Reducing, generator: Any) -> Any:
    reduced = generators.reduce_generator(generator, pickler.running)
    pickler.used = True
    pickler.met.append(generator)
    if id(generator) not in pickler.running:
        pickler.codes += generators.codes_of(reduced)
    return reduced


def _within(pickler: Reducing, obj: Any) -> Any:
    """Reduce a continuation, or what holds one (nested.CLASSES)."""
    records = obj.held_records() if isinstance(obj, nested.Nested) else None
    if records is not None:
        pickler.used = True
        pickler.codes += [function.__code__ for function in records.functions]
    return obj.reduce_within(pickler.running)


def _step(pickler: Reducing, step: Any) -> Any:
    pickler.met.append(step)
    return awaitables.reduce_step(step)


def _weak(reduce: Callable[[weak.Weak, Any], Any]) -> _Reducer:
    def reducer(pickler: Reducing, obj: Any) -> Any:
        if pickler.weak is None:
            pickler.weak = weak.Weak()
        pickler.used = True
        return reduce(pickler.weak, obj)

    return reducer


def _alone(reduce: Callable[[Any], Any]) -> _Reducer:
    return lambda pickler, obj: reduce(obj)


_exception = _alone(exceptions.reduce_exception)

#: By exact type.
_REDUCERS: dict[type, _Reducer] = {
    FunctionType: _function,
    type: _class,
    **dict.fromkeys(generators.TYPES, _generator),
    **dict.fromkeys(awaitables.STEPS, _step),
    plain.End: lambda pickler, end: end.reached(),
    CellType: _alone(functions.reduce_cell),
    CodeType: _alone(functions.reduce_code),
    TracebackType: _alone(tracebacks.reduce_traceback),
    FrameType: _alone(tracebacks.reduce_frame),
    **{kind: _weak(reduce) for kind, reduce in weak.REDUCERS.items()},
}


_OWN = frozenset(_REDUCERS)


def is_own(kind: type) -> bool:
    """Whether objects of this class are saved in one way only."""
    return kind in _OWN


def _decide(kind: type) -> _Reducer:
    """Find out how objects of a type are reduced; remember it if the type stays."""
    own = registered.reducer_of(kind) or builtin.reducer_of(kind)
    if issubclass(kind, tuple(nested.CLASSES)):
        reducer: _Reducer = _within
    elif own is not None:
        reducer = _alone(own)
    elif issubclass(kind, type):
        reducer = _class
    elif issubclass(kind, BaseException):
        reducer = _exception
    elif issubclass(kind, ref):
        reducer = _weak(weak.Weak.reference)
    else:
        instance = instances.reducer_of(kind)
        reducer = _leave if instance is None else _alone(instance)
    if len(_REDUCERS) < _TYPES_MAX and classes.stays(kind):
        _REDUCERS[kind] = reducer
        _decided[kind] = None
    return reducer
