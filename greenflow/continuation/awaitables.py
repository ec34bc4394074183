"""What is awaited: steps of async generators, ``anext()`` with a default.

The fields are those of Objects/genobject.c and Objects/iterobject.c, read in CPython
3.11.2, 3.13.15 and, by its own objects, in each Python that this runs in.
"""

from __future__ import annotations

import types
from functools import cache
from typing import TYPE_CHECKING, Any

from greenflow.continuation import tags
from greenflow.continuation.frames import async_step, fields_read, fields_write
from greenflow.continuation.itertools_fields import require, words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

UNUSED, WAITING, DONE = range(3)


@types.coroutine
def _pause() -> Iterator[None]:
    yield


async def _example() -> AsyncIterator[None]:
    try:
        await _pause()
        yield
    finally:
        await _pause()


def _blank(method: str) -> Any:
    """Return a step that will never be waited for, of a generator that never began."""
    step = async_step(_example(), method, (None,) * (method == "asend"))
    step.close()  # else it complains when it goes
    return step


def _wrapper() -> Any:
    wrapper = _nothing().__await__()
    wrapper.close()
    return wrapper


async def _nothing() -> None:
    pass


class _Given:
    def __init__(self, awaitable: Any) -> None:
        self._awaitable = awaitable

    def __anext__(self) -> Any:
        return self._awaitable


ASEND: Any = type(_blank("asend"))
ATHROW: Any = type(_blank("aclose"))
ANEXT: Any = type(anext(_Given(_blank("asend")), None))
_METHODS = {ASEND: "asend", ATHROW: "aclose"}
STEPS = frozenset(_METHODS)
WRAPPER: Any = type(_wrapper())
#: By the words behind the head: the generator, what is sent or thrown, the state.
_FORMS = {3: "O!Oi", 5: "O!OOOi"}
_ANEXT = "O!O!"
_WRAPPER = "O!"


# --- fields ---


def step_fields(step: Any) -> tuple[Any, ...]:
    """Return its generator, what it was made with, and which state it is in.

    Raises:
        TypeError: this Python has other fields.
    """
    _require_known()
    return fields_read(step, _FORMS[words(type(step))])


def set_state(step: Any, state: int) -> None:
    """Set the state that the last of its fields tells."""
    fields = step_fields(step)
    fields_write(step, _FORMS[words(type(step))], (*fields[:-1], state))


def anext_fields(awaitable: Any) -> tuple[Any, Any]:
    """Return what ``anext()`` awaits, and the default.

    Raises:
        TypeError: this Python has other fields.
    """
    _require_known()
    (wrapped,), (default,) = fields_read(awaitable, _ANEXT)
    return wrapped, default


def wrapper_field(wrapper: Any) -> Any:
    """Return the coroutine whose ``__await__()`` this is."""
    return fields_read(wrapper, _WRAPPER)[0][0]


# --- save and load ---


def reduce_step(step: Any) -> Any:
    """Reduce it: an empty one first, for its generator may refer to it."""
    fields = step_fields(step)
    return _blank_step, (_METHODS[type(step)],), fields, None, None, _fill_step


def _blank_step(method: str) -> Any:
    _require_known()
    require(method in _METHODS.values())
    return _blank(method)


def _fill_step(step: Any, fields: tuple[Any, ...]) -> None:
    (generator,), *given, state = fields
    require(type(step) in _METHODS and state in range(3))
    require(type(generator) is types.AsyncGeneratorType)
    require(type(step) is ASEND or len(given) > 1 or all(map(_is_tuple, given[0])))
    fields_write(step, _FORMS[words(type(step))], fields)


def _is_tuple(value: Any) -> bool:
    return type(value) is tuple


def reduce_anext(awaitable: Any) -> Any:
    """Reduce ``anext(iterator, default)``."""
    return _anext, anext_fields(awaitable)


def reduce_wrapper(wrapper: Any) -> Any:
    """Reduce what ``__await__()`` of a coroutine returned."""
    return _awaited, (wrapper_field(wrapper),)


def _awaited(coroutine: types.CoroutineType[Any, Any, Any]) -> Any:
    return coroutine.__await__()


def _anext(wrapped: Any, default: Any) -> Any:
    return anext(_Given(wrapped), default)


# --- proof ---


@cache
def _are_known() -> bool:
    try:
        return _steps_are_known() and _anext_is_known()
    except (TypeError, ValueError, KeyError):
        return False


def _steps_are_known() -> bool:
    generator = _example()
    step = async_step(generator, "asend", (None,))
    seen = [_state(step, generator)]
    step.send(None)
    seen.append(_state(step, generator))
    _finish(step)
    seen.append(_state(step, generator))
    closing = async_step(generator, "aclose", ())
    seen.append(_state(closing, generator))
    closing.send(None)
    seen.append(_state(closing, generator))
    _finish(closing)
    seen.append(_state(closing, generator))
    return seen == [UNUSED, WAITING, DONE] * 2


def _state(step: Any, generator: Any) -> Any:
    held, *_, state = fields_read(step, _FORMS[words(type(step))])
    return state if held == (generator,) else None


def _finish(step: Any) -> None:
    try:
        step.send(None)
    except StopIteration:
        return
    raise TypeError("a step of the example did not end")


def _anext_is_known() -> bool:
    held, default = _blank("asend"), object()
    fields = fields_read(anext(_Given(held), default), _ANEXT)
    return fields == ((held,), (default,))


def _require_known() -> None:
    if not _are_known():
        raise TypeError("what is awaited has unknown fields in this Python")


#: By exact type.
REDUCERS: dict[type, Callable[[Any], Any]] = {
    ANEXT: reduce_anext,
    WRAPPER: reduce_wrapper,
}

tags.register("async_step", _blank_step)
tags.register("fill_async_step", _fill_step)
tags.register("anext", _anext)
tags.register("awaited", _awaited)
