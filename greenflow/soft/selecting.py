"""Iterators of itertools over one iterable: which of its items, and what of them."""

from __future__ import annotations

import builtins
import itertools
import operator
from typing import Any

from greenflow.soft import collecting
from greenflow.soft.iterating import Iterator, following
from greenflow.soft.naming import Missing


class accumulate(Iterator):
    """``itertools.accumulate(iterable, func=None, *, initial=None)``."""

    __slots__ = ("_function", "_initial", "_iterator", "_total")

    def __init__(self, iterable: Any, func: Any = None, *, initial: Any = None) -> None:
        self._iterator = iter(iterable)
        self._function = func
        self._initial = initial
        self._total: Any = Missing

    def __next__(self) -> Any:
        if self._initial is not None:
            self._total, self._initial = self._initial, None
            return self._total
        value = next(self._iterator)
        if self._total is Missing:
            self._total = value
        elif self._function is None:
            self._total = self._total + value
        else:
            self._total = self._function(self._total, value)
        return self._total


class compress(Iterator):
    """``itertools.compress(data, selectors)``."""

    __slots__ = ("_data", "_selectors")

    def __init__(self, data: Any, selectors: Any) -> None:
        self._data = iter(data)
        self._selectors = iter(selectors)

    def __next__(self) -> Any:
        while True:
            item = next(self._data)
            if next(self._selectors):
                return item


class filterfalse(Iterator):
    """``itertools.filterfalse(function, iterable)``."""

    __slots__ = ("_function", "_iterator")

    def __init__(self, function: Any, iterable: Any, /) -> None:
        self._function = None if function is bool else function
        self._iterator = iter(iterable)

    def __next__(self) -> Any:
        while True:
            item = next(self._iterator)
            if not (item if self._function is None else self._function(item)):
                return item


class dropwhile(Iterator):
    """``itertools.dropwhile(predicate, iterable)``."""

    __slots__ = ("_function", "_iterator", "_started")

    def __init__(self, predicate: Any, iterable: Any, /) -> None:
        self._function = predicate
        self._iterator = iter(iterable)
        self._started = False

    def __next__(self) -> Any:
        while True:
            item = next(self._iterator)
            if self._started:
                return item
            if not self._function(item):
                self._started = True
                return item


class takewhile(Iterator):
    """``itertools.takewhile(predicate, iterable)``."""

    __slots__ = ("_ended", "_function", "_iterator")

    def __init__(self, predicate: Any, iterable: Any, /) -> None:
        self._function = predicate
        self._iterator = iter(iterable)
        self._ended = False

    def __next__(self) -> Any:
        if self._ended:
            raise StopIteration
        item = next(self._iterator)
        if self._function(item):
            return item
        self._ended = True
        raise StopIteration


class starmap(Iterator):
    """``itertools.starmap(function, iterable)``."""

    __slots__ = ("_function", "_iterator")

    def __init__(self, function: Any, iterable: Any, /) -> None:
        self._function = function
        self._iterator = iter(iterable)

    def __next__(self) -> Any:
        arguments = collecting.tuple(next(self._iterator))
        return self._function(*arguments)


class islice(Iterator):
    """``itertools.islice(iterable, stop)`` or ``(iterable, start, stop[, step])``."""

    __slots__ = ("_done", "_iterator", "_next", "_step", "_stop")

    def __init__(self, iterable: Any, /, *bounds: Any) -> None:
        itertools.islice((), *bounds)  # refuses what is no bound
        wanted = slice(*bounds)
        start, stop, step = wanted.start, wanted.stop, wanted.step
        self._iterator: Any = iter(iterable)
        self._next = 0 if start is None else operator.index(start)
        self._stop = None if stop is None else operator.index(stop)
        self._step = 1 if step is None else operator.index(step)
        self._done = 0

    def __next__(self) -> Any:
        iterator, self._iterator = self._iterator, None  # any error is the end of it
        if iterator is None:
            raise StopIteration
        while self._done < self._next:
            next(iterator)
            self._done += 1
        if self._stop is not None and self._done >= self._stop:
            raise StopIteration
        item = next(iterator)
        self._done += 1
        self._next += self._step
        if self._stop is not None:
            self._next = min(self._next, self._stop)
        self._iterator = iterator
        return item


class pairwise(Iterator):
    """``itertools.pairwise(iterable)``."""

    __slots__ = ("_iterator", "_old")

    def __init__(self, iterable: Any, /) -> None:
        self._iterator: Any = iter(iterable)
        self._old: Any = Missing

    def __next__(self) -> Any:
        iterator, self._iterator = self._iterator, None  # any error is the end of it
        if iterator is None:
            raise StopIteration
        old = next(iterator) if self._old is Missing else self._old
        self._old = Missing
        new = next(iterator)
        self._iterator, self._old = iterator, new
        return old, new


class batched(Iterator):
    """``itertools.batched(iterable, n, *, strict=False)``, which CPython 3.11 lacks."""

    __slots__ = ("_iterator", "_size", "_strict")

    def __init__(self, iterable: Any, n: Any, *, strict: bool = False) -> None:
        self._size = operator.index(n)
        if self._size < 1:
            raise ValueError("n must be at least one")
        self._iterator: Any = iter(iterable)
        self._strict = bool(strict)

    def __next__(self) -> Any:
        iterator, self._iterator = self._iterator, None  # any error is the end of it
        if iterator is None:
            raise StopIteration
        items: list[Any] = []
        while len(items) < self._size:
            item = next(iterator, Missing)
            if item is Missing:
                break
            items.append(item)
        if not items:
            raise StopIteration
        if len(items) < self._size and self._strict:
            raise ValueError("batched(): incomplete batch")
        self._iterator = iterator
        return builtins.tuple(items)


class groupby(Iterator):
    """``itertools.groupby(iterable, key=None)``."""

    __slots__ = ("_group", "_iterator", "_key", "_key_function", "_target", "_value")

    def __init__(self, iterable: Any, key: Any = None) -> None:
        self._iterator = iter(iterable)
        self._key_function = key
        self._target: Any = Missing
        self._key: Any = Missing
        self._value: Any = Missing
        self._group: _Group | None = None

    def __next__(self) -> Any:
        self._group = None
        while self._key is Missing or (
            self._target is not Missing and _same(self._target, self._key)
        ):
            self._advance()
        self._target = self._key
        self._group = _Group(self, self._target)
        return self._key, self._group

    def _advance(self) -> None:
        value = following(self._iterator)
        key = value if self._key_function is None else self._key_function(value)
        self._value, self._key = value, key

    def _take(self, group: _Group, target: Any) -> Any:
        if self._group is not group:
            raise StopIteration
        if self._value is Missing:
            self._advance()
        if not _same(target, self._key):
            raise StopIteration
        value, self._value, self._key = self._value, Missing, Missing
        return value


class _Group(Iterator):
    __slots__ = ("_parent", "_target")

    def __init__(self, parent: groupby, target: Any) -> None:
        self._parent = parent
        self._target = target

    def __next__(self) -> Any:
        return self._parent._take(self, self._target)


def _same(one: Any, other: Any) -> Any:
    return one is other or one == other
