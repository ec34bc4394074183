"""Generators, coroutines and async generators in the middle, as values."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from types import (
    AsyncGeneratorType,
    CodeType,
    CoroutineType,
    FunctionType,
    GeneratorType,
)
from typing import TYPE_CHECKING, Any, Protocol

from greenflow.continuation import frames, tags

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

TYPES = (GeneratorType, CoroutineType, AsyncGeneratorType)
_KINDS: dict[type, int] = {kind: number for number, kind in enumerate(TYPES)}


class Watcher(Protocol):
    """Who is asked about generators that are made for a load: see upgrading."""

    def function_of(self, function: FunctionType) -> FunctionType:
        """Return what the next generator is made of."""

    def made(self, shell: Any) -> None:
        """Hear of a generator that was made."""

    def filled(
        self, shell: Any, shape: bytes, values: tuple[Any, ...]
    ) -> tuple[bytes, tuple[Any, ...]]:
        """Return what a generator is filled with."""


class _Loading(threading.local):
    made: list[Any] | None = None
    watcher: Watcher | None = None


_loading = _Loading()


def collect(load: Callable[[], Any]) -> tuple[Any, list[Any]]:
    """Return what ``load()`` returns, and the generators that were made for it.

    If it raises, they go without running their ``finally`` blocks.
    """
    made: list[Any] = []
    before, _loading.made = _loading.made, made
    try:
        return load(), made
    except BaseException:
        forget(made)
        raise
    finally:
        _loading.made = before


def forget(generators: list[Any]) -> list[Any]:
    """Let them go, when they go, without ``finally``; return those that would not."""
    return [each for each in generators if frames.generator_forget(each)]


def reduce_generator(generator: Any, running: Mapping[int, FunctionType]) -> Any:
    """Reduce a generator: an empty one first, so that it may refer to itself.

    Args:
        generator: not running, or one of ``running``.
        running: functions of the generators whose frames are saved elsewhere, by id.

    Raises:
        ValueError: it is running, or waits in C code.
    """
    function = running.get(id(generator))
    if function is not None:
        names = generator.__name__, generator.__qualname__
        return _made(generator, function, *names)
    kind, function, shape, values, name, qualname = frames.generator_state(generator)
    if function is None:
        return _finished, (kind, name, qualname)
    shell = _made(generator, function, name, qualname)
    return *shell, (shape, values), None, None, _fill


def codes_of(reduced: Any) -> list[CodeType]:
    """Return the code of a generator that was reduced; none if it has ended.

    The generator's own is another once its frame was taken off a stack.
    """
    return [part.__code__ for part in reduced[1] if type(part) is FunctionType]


def _made(generator: Any, function: FunctionType, name: str, qualname: str) -> Any:
    if type(generator) is AsyncGeneratorType:
        return _async_shell, (function, name, qualname, *frames.async_flags(generator))
    return _shell, (_KINDS[type(generator)], function, name, qualname)


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Ask somebody about the generators that are made in this thread meanwhile."""
    before, _loading.watcher = _loading.watcher, watcher
    try:
        yield
    finally:
        _loading.watcher = before


def _shell(kind: int, function: FunctionType, name: str, qualname: str) -> Any:
    watcher = _loading.watcher
    if watcher is not None:
        function = watcher.function_of(function)
    made = frames.generator_shell(kind, function, name, qualname)
    if watcher is not None:
        watcher.made(made)
    if _loading.made is not None:
        _loading.made.append(made)
    return made


def _async_shell(
    function: FunctionType, name: str, qualname: str, running: int, closed: int
) -> Any:
    shell = _shell(_KINDS[AsyncGeneratorType], function, name, qualname)
    frames.async_set_flags(shell, running, closed)
    return shell


def _fill(generator: Any, state: tuple[bytes, tuple[Any, ...]]) -> None:
    shape, values = state
    if _loading.watcher is not None:
        shape, values = _loading.watcher.filled(generator, shape, values)
    frames.generator_fill(generator, shape, values)


def _finished(kind: int, name: str, qualname: str) -> Any:
    """A generator that has ended: an empty shell of a function of that kind."""
    return frames.generator_shell(kind, _EMPTY[kind], name, qualname)


def _generator() -> Iterator[None]:
    yield


async def _coroutine() -> None:
    pass


async def _async_generator() -> AsyncIterator[None]:
    yield


_EMPTY: tuple[Any, ...] = (_generator, _coroutine, _async_generator)

tags.register("generator", _shell)
tags.register("async_generator", _async_shell)
tags.register("fill_generator", _fill)
tags.register("finished_generator", _finished)
