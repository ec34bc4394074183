"""Iterators of itertools over several iterables, or over one several times."""

from __future__ import annotations

import builtins
import itertools
from collections import deque
from typing import Any, Self
from weakref import WeakSet

from greenflow.soft import collecting
from greenflow.soft.iterating import Iterator, following
from greenflow.soft.naming import Missing


class chain(Iterator):
    """``itertools.chain(*iterables)`` and ``chain.from_iterable(iterable)``."""

    __slots__ = ("_active", "_source")

    def __init__(self, *iterables: Any) -> None:
        self._source: Any = iter(iterables)
        self._active: Any = None

    @classmethod
    def from_iterable(cls, iterable: Any, /) -> Self:
        """Return the items of the items of ``iterable``."""
        made = cls()
        made._source = iter(iterable)
        return made

    def __next__(self) -> Any:
        while self._source is not None:
            if self._active is None:
                source, self._source = self._source, None  # any error is the end of it
                self._active = iter(following(source))
                self._source = source
            item = next(self._active, Missing)
            if item is not Missing:
                return item
            self._active = None
        raise StopIteration


class cycle(Iterator):
    """``itertools.cycle(iterable)``."""

    __slots__ = ("_index", "_iterator", "_saved")

    def __init__(self, iterable: Any, /) -> None:
        self._iterator: Any = iter(iterable)
        self._saved: list[Any] = []
        self._index = 0

    def __next__(self) -> Any:
        if self._iterator is not None:
            item = next(self._iterator, Missing)
            if item is not Missing:
                self._saved.append(item)
                return item
            self._iterator = None
        if not self._saved:
            raise StopIteration
        item = self._saved[self._index]
        self._index = (self._index + 1) % len(self._saved)
        return item


class zip_longest(Iterator):
    """``itertools.zip_longest(*iterables, fillvalue=None)``."""

    __slots__ = ("_active", "_fill", "_iterators")

    def __init__(self, *iterables: Any, fillvalue: Any = None) -> None:
        self._iterators: list[Any] = []
        for iterable in iterables:
            self._iterators.append(iter(iterable))
        self._active = len(iterables)
        self._fill = fillvalue

    def __next__(self) -> Any:
        active, self._active = self._active, 0  # any error is the end of it
        if active == 0:
            raise StopIteration
        items: list[Any] = []
        for index in range(len(self._iterators)):
            iterator = self._iterators[index]
            item = Missing if iterator is None else next(iterator, Missing)
            if item is Missing:
                if iterator is not None:
                    active -= 1
                    if active == 0:
                        raise StopIteration
                    self._iterators[index] = None
                item = self._fill
            items.append(item)
        self._active = active
        return builtins.tuple(items)


class _Tee(Iterator):
    """One of the iterators of tee()."""

    __slots__ = ("__weakref__", "_place", "_shared")

    def __init__(self, shared: _Shared, place: int) -> None:
        self._shared = shared
        self._place = place
        shared.add(self)

    def __next__(self) -> Any:
        item = self._shared.at(self._place)
        self._place += 1
        return item

    def __copy__(self) -> _Tee:
        return _Tee(self._shared, self._place)


class _Shared:
    """What was taken from the source and not yet by all."""

    def __init__(self, source: Any) -> None:
        self._source = iter(source)
        self._items: deque[Any] = deque()
        self._first = 0
        self._readers: WeakSet[_Tee] = WeakSet()

    def add(self, reader: _Tee) -> None:
        """Keep what this one has not taken yet."""
        self._readers.add(reader)

    def at(self, place: int) -> Any:
        """Return the item of that number, taken from the source if it is a new one."""
        if place - self._first == len(self._items):
            self._items.append(following(self._source))
        item = self._items[place - self._first]
        needed = min([reader._place for reader in self._readers])
        while self._first < needed:
            self._items.popleft()
            self._first += 1
        return item


def tee(iterable: Any, n: int = 2, /) -> tuple[Any, ...]:
    """Return ``itertools.tee(iterable, n)``."""
    if n < 0:
        raise ValueError("n must be >= 0")
    if isinstance(iterable, _Tee):
        shared, place = iterable._shared, iterable._place
    else:
        shared, place = _Shared(iterable), 0
    made: list[Any] = []
    for _ in range(n):
        made.append(_Tee(shared, place))
    return tuple(made)


def product(*iterables: Any, repeat: int = 1) -> itertools.product[Any]:
    """Return ``itertools.product(*iterables, repeat=repeat)``."""
    itertools.product(repeat=repeat)  # refuses a wrong one
    pools: list[tuple[Any, ...]] = []
    for iterable in iterables if repeat else ():
        pools.append(collecting.tuple(iterable))
    return itertools.product(*pools, repeat=repeat)


def permutations(iterable: Any, r: Any = None) -> itertools.permutations[Any]:
    """Return ``itertools.permutations(iterable, r)``."""
    return itertools.permutations(collecting.tuple(iterable), r)


def combinations(iterable: Any, r: int) -> itertools.combinations[Any]:
    """Return ``itertools.combinations(iterable, r)``."""
    return itertools.combinations(collecting.tuple(iterable), r)


def combinations_with_replacement(
    iterable: Any, r: int
) -> itertools.combinations_with_replacement[Any]:
    """Return ``itertools.combinations_with_replacement(iterable, r)``."""
    pool = collecting.tuple(iterable)
    return itertools.combinations_with_replacement(pool, r)
