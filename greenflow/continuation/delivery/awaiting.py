"""One step of what is awaited and made in C: of async generators, ``anext()``.

The frame inside gives what ``asend().send()`` gives: csrc/async_generators.c. Behind it
the C code of Objects/genobject.c and Objects/iterobject.c keeps a state, and
``aclose()`` turns one end into another.
"""

from __future__ import annotations

from inspect import CO_ITERABLE_COROUTINE
from types import CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any

from greenflow.continuation import awaitables
from greenflow.continuation.awaitables import DONE, WAITING, set_state
from greenflow.continuation.delivery.adapters import (
    UNCHANGED,
    Adapters,
    adapter,
    call,
    registered,
    then,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.continuation.delivery.inside import Inside


@registered
def async_stepped(step: Any) -> Any:
    """Finish ``asend().send()`` or ``athrow().send()``."""
    try:
        value = call()
    except BaseException:
        set_state(step, DONE)
        raise
    set_state(step, WAITING)
    return value


@registered
def async_closed(step: Any) -> Any:
    """Finish ``aclose().send()``."""
    try:
        value = call()
    except StopIteration:
        yielded = True
    except (StopAsyncIteration, GeneratorExit):
        yielded = False
    except BaseException:
        set_state(step, DONE)
        raise
    else:
        set_state(step, WAITING)
        return value
    set_state(step, DONE)
    if yielded:
        raise RuntimeError("async generator ignored GeneratorExit")
    raise StopIteration


@registered
def async_defaulted(default: Any) -> Any:
    """Finish a step of ``anext(iterator, default)``."""
    try:
        return call()
    except StopAsyncIteration:
        pass
    raise StopIteration(default)


@registered
def next_awaited() -> Any:
    """Finish GET_ANEXT behind ``__anext__`` (Python/ceval.c)."""
    awaitable = call()
    try:
        return _awaited(awaitable)
    except Exception as error:
        name = type(awaitable).__name__
        message = f"'async for' received an invalid object from __anext__: {name:.100}"
        raise TypeError(message) from error


def _awaited(awaitable: Any) -> Any:
    """Return the iterator that ``await`` goes over (_PyCoro_GetAwaitableIter)."""
    if _is_coroutine(awaitable):
        return awaitable
    kind = type(awaitable)
    if not hasattr(kind, "__await__"):
        name = kind.__name__
        raise TypeError(f"object {name:.100} can't be used in 'await' expression")
    iterator = kind.__await__(awaitable)
    if _is_coroutine(iterator):
        raise TypeError("__await__() returned a coroutine")
    if not hasattr(type(iterator), "__next__"):
        name = type(iterator).__name__
        raise TypeError(f"__await__() returned non-iterator of type '{name:.100}'")
    return iterator


def _is_coroutine(value: Any) -> bool:
    flags = value.gi_code.co_flags if isinstance(value, GeneratorType) else 0
    return isinstance(value, CoroutineType) or bool(flags & CO_ITERABLE_COROUTINE)


# --- rules ---


def _step(step: Any, inside: Inside) -> Adapters | None:
    (generator,), *given, state = awaitables.step_fields(step)
    if generator is not inside.what or state != WAITING:
        return None
    closes = type(step) is awaitables.ATHROW and not given[0]
    return (adapter(async_closed if closes else async_stepped, step),)


def _anext(awaitable: Any, inside: Inside) -> Adapters | None:
    wrapped, default = awaitables.anext_fields(awaitable)
    below = (
        UNCHANGED
        if wrapped is inside.what and isinstance(wrapped, CoroutineType)
        else stepped(wrapped, inside)
    )
    return then(below, async_defaulted, default)


def _wrapped(wrapper: Any, inside: Inside) -> Adapters | None:
    return UNCHANGED if awaitables.wrapper_field(wrapper) is inside.what else None


_STEPS: dict[type, Callable[[Any, Inside], Adapters | None]] = {
    awaitables.ASEND: _step,
    awaitables.ATHROW: _step,
    awaitables.ANEXT: _anext,
    awaitables.WRAPPER: _wrapped,
}


def stepped(awaitable: Any, inside: Inside) -> Adapters | None:
    """Of one step of what a SEND waits for, or ``next()``."""
    finish = _STEPS.get(type(awaitable))
    return None if finish is None else finish(awaitable, inside)
