"""Which value could not be saved, and where it hangs: told to people.

Only after a failure: every value of the stack is tried alone, then the one that fails
is followed down to the object that is at fault.
"""

from __future__ import annotations

import functools
import io
import socket
import threading
import types
from typing import TYPE_CHECKING, Any

from greenflow.continuation import pickling
from greenflow.errors import GreenflowError, NotSaveable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

#: Objects that are tried before the search gives up.
_PROBES_MAX = 5_000
_LOCKS = (type(threading.Lock()), type(threading.RLock()))


def explain(
    described: Iterable[tuple[str, str, object]], error: BaseException
) -> GreenflowError:
    """Return the error that tells which of the values cannot be saved.

    Args:
        described: (frame, variable, value) of everything that was to be saved.
        error: what the pickler raised.
    """
    if isinstance(error, GreenflowError) and not isinstance(error, NotSaveable):
        return error
    for place, variable, value in described:
        failure = _failure(value)
        if failure is None:
            continue
        steps, culprit, cause = _Search().deepest(value, failure)
        where = f"{variable}{steps}"
        path = f"{place}: {where}"
        if isinstance(cause, RecursionError):
            return NotSaveable(
                f"{path}: the value is nested too deeply to be saved",
                path=path,
                hint="keep deep structures flat: a list of rows, an index instead of "
                "a chain",
            )
        return NotSaveable(
            f"{path}: {type_name(culprit)} cannot be saved ({_short(cause)})",
            path=path,
            hint=hint_for(culprit),
        )
    return NotSaveable(
        f"the flow cannot be saved: {_short(error)}",
        hint="a value of it cannot be pickled together with the others",
    )


def type_name(value: object) -> str:
    """Return module and name of a value's type, without ``builtins``."""
    cls = type(value)
    if cls.__module__ == "builtins":
        return cls.__qualname__
    return f"{cls.__module__}.{cls.__qualname__}"


def hint_for(value: object) -> str:
    """Return the way out for a value of this kind."""
    if isinstance(value, socket.socket):
        return (
            "close it before the call (a closed one can be kept) and connect after it"
        )
    if isinstance(value, io.IOBase):
        return "close it before the call (a closed file can be kept), open it after"
    if isinstance(value, _LOCKS):
        return "release it before the call, and do not keep it in the flow"
    if isinstance(value, threading.Thread):
        return "join it before the call"
    if isinstance(value, types.FrameType):
        return "delete the variable that holds the frame before the call"
    if isinstance(value, types.GeneratorType | types.CoroutineType):
        return "let it yield or finish before the call"
    if isinstance(value, types.FunctionType):
        return "define it at the top level of a module that can be imported"
    return (
        "close or delete it before the call and keep what is needed to make it again, "
        "or give its class __reduce__() or __getstate__()"
    )


def _failure(value: object) -> BaseException | None:
    try:
        pickling.dump(value)
    except Exception as error:
        return error
    return None


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:300]


class _Search:
    """The way down to the deepest object that fails by itself."""

    def __init__(self) -> None:
        self._probes = _PROBES_MAX
        self._seen: set[int] = set()

    def deepest(
        self, value: object, cause: BaseException
    ) -> tuple[str, object, BaseException]:
        """Return (path, object, its error) below ``value``, which fails."""
        steps = ""
        while True:
            self._seen.add(id(value))
            found = None if isinstance(cause, RecursionError) else self._child(value)
            if found is None:
                return steps, value, cause
            step, value, cause = found
            steps += step

    def _child(self, value: object) -> tuple[str, object, BaseException] | None:
        for step, child in _children(value):
            if id(child) in self._seen or self._probes <= 0:
                continue
            self._probes -= 1
            failure = _failure(child)
            if failure is not None:
                return step, child, failure
        return None


def _children(value: Any) -> Iterator[tuple[str, Any]]:
    for kinds, parts in _PARTS:
        if isinstance(value, kinds):
            return parts(value)
    return iter(()) if isinstance(value, type) else _of_instance(value)


def _of_dict(value: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        yield f"[{key!r}]"[:80], item
        yield f" key {key!r}"[:80], key


def _of_sequence(value: Any) -> Iterator[tuple[str, Any]]:
    return ((f"[{index}]", item) for index, item in enumerate(value))


def _of_set(value: Any) -> Iterator[tuple[str, Any]]:
    return ((f" item {item!r}"[:80], item) for item in value)


def _of_method(value: types.MethodType) -> Iterator[tuple[str, Any]]:
    yield ".__self__", value.__self__
    yield ".__func__", value.__func__


def _of_partial(value: functools.partial[Any]) -> Iterator[tuple[str, Any]]:
    yield ".func", value.func
    yield ".args", value.args
    yield ".keywords", value.keywords


def _of_instance(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, BaseException):
        yield from ((f".args[{index}]", item) for index, item in enumerate(value.args))
        yield ".__cause__", value.__cause__
        yield ".__context__", value.__context__
    attributes = getattr(value, "__dict__", None)
    if isinstance(attributes, dict):
        yield from ((f".{name}", item) for name, item in attributes.items())
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in [slots] if isinstance(slots, str) else slots:
            if isinstance(name, str) and hasattr(value, name):
                yield f".{name}", getattr(value, name)


def _of_function(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    names = function.__code__.co_freevars
    for name, cell in zip(names, function.__closure__ or (), strict=False):
        yield from ((f" free variable {name!r}", item) for _, item in _of_cell(cell))
    yield ".__defaults__", function.__defaults__
    yield ".__kwdefaults__", function.__kwdefaults__
    for name in function.__code__.co_names:
        if name in function.__globals__:
            yield f" global {name!r}", function.__globals__[name]


def _of_cell(cell: types.CellType) -> Iterator[tuple[str, Any]]:
    try:
        yield "", cell.cell_contents
    except ValueError:
        return


def _of_generator(generator: Any) -> Iterator[tuple[str, Any]]:
    frame = getattr(generator, "gi_frame", None) or getattr(generator, "cr_frame", None)
    if frame is not None:
        for name, item in frame.f_locals.items():
            yield f" local {name!r}", item


_PARTS: tuple[tuple[Any, Callable[[Any], Iterator[tuple[str, Any]]]], ...] = (
    (dict, _of_dict),
    ((list, tuple), _of_sequence),
    ((set, frozenset), _of_set),
    (types.FunctionType, _of_function),
    (types.MethodType, _of_method),
    (functools.partial, _of_partial),
    (types.CellType, _of_cell),
    ((types.GeneratorType, types.CoroutineType), _of_generator),
)
