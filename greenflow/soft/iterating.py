"""map(), filter(), zip() and the like: iterators whose every step is Python.

They are classes and no generators: after an exception they go on, as the builtins do.
"""

from __future__ import annotations

import builtins
import operator
from types import FunctionType
from typing import Any, Self

from greenflow.soft.naming import Missing


class Iterator:
    """What all of them have."""

    __slots__ = ()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        """Return the next item."""
        raise StopIteration


def _iterators(iterables: tuple[Any, ...]) -> tuple[Any, ...]:
    found: list[Any] = []
    for iterable in iterables:
        found.append(builtins.iter(iterable))
    return tuple(found)


def following(iterator: Any) -> Any:
    """Return the next item; a StopIteration loses its value, as in most C code."""
    item = next(iterator, Missing)
    if item is Missing:
        raise StopIteration
    return item


def _step(iterators: tuple[Any, ...]) -> list[Any]:
    """Return one item of each; StopIteration leaves at the first that has none."""
    items: list[Any] = []
    for iterator in iterators:
        items.append(next(iterator))
    return items


class _Strict:
    """One step of several iterators that must all end in the same one."""

    __slots__ = ()

    @staticmethod
    def step(name: str, iterators: tuple[Any, ...]) -> list[Any]:
        """Return one item of each.

        Raises:
            StopIteration: all have ended.
            ValueError: some have ended.
        """
        items: list[Any] = []
        for iterator in iterators:
            item = next(iterator, Missing)
            if item is Missing:
                break
            items.append(item)
        count = len(items)
        if 0 < count < len(iterators):
            raise ValueError(_Strict.words(name, count + 1, "shorter"))
        if count == 0:
            for place in range(1, len(iterators)):
                if next(iterators[place], Missing) is not Missing:
                    raise ValueError(_Strict.words(name, place + 1, "longer"))
            raise StopIteration
        return items

    @staticmethod
    def words(name: str, number: int, how: str) -> str:
        """Return what is wrong with the argument of that number."""
        others = " 1" if number == 2 else f"s 1-{number - 1}"
        return f"{name}() argument {number} is {how} than argument{others}"


class map(Iterator):
    """``map(function, *iterables)``; ``strict`` as CPython 3.14 has it."""

    __slots__ = ("_function", "_iterators", "_strict")

    def __init__(self, function: Any, /, *iterables: Any, strict: bool = False) -> None:
        if not iterables:
            builtins.map(function)  # type: ignore[call-overload]  # says what is wrong
        self._function = function
        self._iterators = _iterators(iterables)
        self._strict = bool(strict)

    def __next__(self) -> Any:
        if len(self._iterators) == 1:
            return self._function(next(self._iterators[0]))
        if self._strict:
            return self._function(*_Strict.step("map", self._iterators))
        return self._function(*_step(self._iterators))


class filter(Iterator):
    """``filter(function, iterable)``."""

    __slots__ = ("_function", "_iterator")

    def __init__(self, function: Any, iterable: Any, /) -> None:
        self._function = None if function is bool else function
        self._iterator = builtins.iter(iterable)

    def __next__(self) -> Any:
        while True:
            item = next(self._iterator)
            if item if self._function is None else self._function(item):
                return item


class zip(Iterator):
    """``zip(*iterables, strict=False)``."""

    __slots__ = ("_iterators", "_strict")

    def __init__(self, *iterables: Any, strict: bool = False) -> None:
        self._iterators = _iterators(iterables)
        self._strict = bool(strict)

    def __next__(self) -> Any:
        if not self._iterators:
            raise StopIteration
        if self._strict:
            return tuple(_Strict.step("zip", self._iterators))
        return tuple(_step(self._iterators))


class enumerate(Iterator):
    """``enumerate(iterable, start=0)``."""

    __slots__ = ("_index", "_iterator")

    def __init__(self, iterable: Any, start: Any = 0) -> None:
        self._index = operator.index(start)
        self._iterator = builtins.iter(iterable)

    def __next__(self) -> Any:
        item = next(self._iterator)
        index = self._index
        self._index = index + 1
        return index, item


class _Called(Iterator):
    """``iter(function, sentinel)``."""

    __slots__ = ("_function", "_sentinel")

    def __init__(self, function: Any, sentinel: Any) -> None:
        self._function = function
        self._sentinel = sentinel

    def __next__(self) -> Any:
        if self._function is None:
            raise StopIteration
        try:
            result = self._function()
        except StopIteration:
            self._function = None
            raise StopIteration from None
        if self._sentinel is result or self._sentinel == result:
            self._function = self._sentinel = None
            raise StopIteration
        return result


class _Indexed(Iterator):
    """The items of a sequence by their index, up or down."""

    __slots__ = ("_index", "_sequence", "_step")

    def __init__(self, sequence: Any, index: int, step: int) -> None:
        self._sequence = sequence
        self._index = index
        self._step = step

    def __next__(self) -> Any:
        if self._sequence is None or self._index < 0:
            raise StopIteration
        sequence = self._sequence
        if self._step < 0:
            self._sequence = None  # any error ends reversed()
        try:
            item = sequence[self._index]
        except (IndexError, StopIteration):
            self._sequence = None
            raise StopIteration from None
        self._sequence = sequence
        self._index += self._step
        return item


def _is_indexed_in_python(kind: type) -> bool:
    return isinstance(getattr(kind, "__getitem__", None), FunctionType)


def iter(source: Any, sentinel: Any = Missing, /) -> Any:
    """Return ``iter(source)``, or ``iter(function, sentinel)``."""
    if sentinel is not Missing:
        if not callable(source):
            builtins.iter(source, sentinel)  # says what is wrong
        return _Called(source, sentinel)
    kind = type(source)
    if _is_indexed_in_python(kind) and not hasattr(kind, "__iter__"):
        return _Indexed(source, 0, 1)
    return builtins.iter(source)


def reversed(sequence: Any, /) -> Any:
    """Return ``reversed(sequence)``."""
    kind = type(sequence)
    if hasattr(kind, "__reversed__") or not _is_indexed_in_python(kind):
        return builtins.reversed(sequence)
    return _Indexed(sequence, len(sequence) - 1, -1)
