"""bisect with a key, and heapq, where what compares may suspend."""

from __future__ import annotations

import bisect as original
from typing import Any

from greenflow.soft import ordering


def bisect_left(
    a: Any, x: Any, lo: int = 0, hi: int | None = None, *, key: Any = None
) -> int:
    """Return ``bisect.bisect_left(a, x, lo, hi, key=key)``."""
    lo, hi = _bounds(a, lo, hi)
    while lo < hi:
        middle = (lo + hi) // 2
        item = a[middle]
        if (item if key is None else key(item)) < x:
            lo = middle + 1
        else:
            hi = middle
    return lo


def bisect_right(
    a: Any, x: Any, lo: int = 0, hi: int | None = None, *, key: Any = None
) -> int:
    """Return ``bisect.bisect_right(a, x, lo, hi, key=key)``."""
    lo, hi = _bounds(a, lo, hi)
    while lo < hi:
        middle = (lo + hi) // 2
        item = a[middle]
        if x < (item if key is None else key(item)):
            hi = middle
        else:
            lo = middle + 1
    return lo


def _bounds(a: Any, lo: int, hi: int | None) -> tuple[int, int]:
    if lo < 0:
        original.bisect([], 0, lo)  # says what is wrong
    return lo, len(a) if hi is None else hi


def insort_left(
    a: Any, x: Any, lo: int = 0, hi: int | None = None, *, key: Any = None
) -> None:
    """Do ``bisect.insort_left(a, x, lo, hi, key=key)``."""
    mark = x if key is None else key(x)
    a.insert(bisect_left(a, mark, lo, hi, key=key), x)


def insort_right(
    a: Any, x: Any, lo: int = 0, hi: int | None = None, *, key: Any = None
) -> None:
    """Do ``bisect.insort_right(a, x, lo, hi, key=key)``."""
    mark = x if key is None else key(x)
    a.insert(bisect_right(a, mark, lo, hi, key=key), x)


bisect = bisect_right
insort = insort_right


def heappush(heap: list[Any], item: Any, /) -> None:
    """Do ``heapq.heappush(heap, item)``."""
    heap.append(item)
    _towards_root(heap, 0, len(heap) - 1)


def heappop(heap: list[Any], /) -> Any:
    """Return ``heapq.heappop(heap)``."""
    last = _pop(heap)
    if not heap:
        return last
    smallest, heap[0] = heap[0], last
    _towards_leaves(heap, 0)
    return smallest


def _pop(heap: list[Any]) -> Any:
    if not heap:
        raise IndexError("index out of range")
    return heap.pop()


def heapreplace(heap: list[Any], item: Any, /) -> Any:
    """Return ``heapq.heapreplace(heap, item)``."""
    if not heap:
        raise IndexError("index out of range")
    smallest, heap[0] = heap[0], item
    _towards_leaves(heap, 0)
    return smallest


def heappushpop(heap: list[Any], item: Any, /) -> Any:
    """Return ``heapq.heappushpop(heap, item)``."""
    if heap and heap[0] < item:
        item, heap[0] = heap[0], item
        _towards_leaves(heap, 0)
    return item


def heapify(heap: list[Any], /) -> None:
    """Do ``heapq.heapify(heap)``."""
    for place in range(len(heap) // 2 - 1, -1, -1):
        _towards_leaves(heap, place)


# By swaps: if a comparison raises, the heap still holds every item.


def _towards_root(heap: list[Any], first: int, place: int) -> None:
    while place > first:
        above = (place - 1) // 2
        if not heap[place] < heap[above]:
            break
        heap[place], heap[above] = heap[above], heap[place]
        place = above


def _towards_leaves(heap: list[Any], first: int) -> None:
    place, end = first, len(heap)
    below = 2 * place + 1
    while below < end:
        if below + 1 < end and not heap[below] < heap[below + 1]:
            below += 1
        heap[place], heap[below] = heap[below], heap[place]
        place, below = below, 2 * below + 1
    _towards_root(heap, first, place)


def _none_of(iterable: Any) -> list[Any]:
    iter(iterable)  # refuses what is not iterable
    return []


def nlargest(n: int, iterable: Any, key: Any = None) -> list[Any]:
    """Return ``heapq.nlargest(n, iterable, key)``."""
    if n <= 0:
        return _none_of(iterable)
    return ordering.sorted(iterable, key=key, reverse=True)[:n]


def nsmallest(n: int, iterable: Any, key: Any = None) -> list[Any]:
    """Return ``heapq.nsmallest(n, iterable, key)``."""
    if n <= 0:
        return _none_of(iterable)
    return ordering.sorted(iterable, key=key)[:n]
