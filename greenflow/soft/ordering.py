"""sorted(), min(), max() and the like: they compare by ``<`` (max() by ``>``) alone."""

from __future__ import annotations

import builtins
import functools
from typing import TYPE_CHECKING, Any, TypeVar

from greenflow.soft import collecting
from greenflow.soft.naming import Missing

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

#: (what is compared, the item)
_Pair = tuple[Any, Any]

#: Runs of so many are sorted by insertion, then merged.
_RUN = 16


def sorted(iterable: Any, /, *, key: Any = None, reverse: bool = False) -> list[Any]:
    """Return a new list of the items in order, as the builtin does.

    The sort is stable; ``key`` is called once for each item, in their order.
    """
    items = collecting.list(iterable)
    list_sort(items, key=key, reverse=reverse)
    return items


def list_sort(target: list[T], /, *, key: Any = None, reverse: bool = False) -> None:
    """Sort in place: ``target.sort(key=key, reverse=reverse)``.

    The list is empty meanwhile. If a comparison raises, it is as it was before.

    Raises:
        ValueError: the list was changed meanwhile.
    """
    [].sort(reverse=reverse)  # refuses what is no truth value
    items = list.copy(target)
    list.clear(target)
    try:
        items = _in_order(items, key, reverse)
    finally:
        modified = list.__len__(target) > 0
        list.clear(target)
        list.extend(target, items)
    if modified:
        raise ValueError("list modified during sort")


def _in_order(items: list[Any], key: Any, reverse: bool) -> list[Any]:
    pairs: list[_Pair] = []
    for item in items:
        pairs.append((item if key is None else key(item), item))
    if reverse:  # twice, so that equal items keep their order
        pairs.reverse()
    _sort(pairs)
    if reverse:
        pairs.reverse()
    return [item for _, item in pairs]


def _sort(pairs: list[_Pair]) -> None:
    count = len(pairs)
    for start in range(0, count, _RUN):
        _insert(pairs, start, builtins.min(start + _RUN, count))
    width = _RUN
    while width < count:
        for start in range(0, count - width, 2 * width):
            end = builtins.min(start + 2 * width, count)
            _merge(pairs, start, start + width, end)
        width *= 2


def _insert(pairs: list[_Pair], start: int, end: int) -> None:
    for index in range(start + 1, end):
        pair = pairs[index]
        if not pair[0] < pairs[index - 1][0]:
            continue
        low, high = start, index - 1
        while low < high:
            middle = (low + high) // 2
            if pair[0] < pairs[middle][0]:
                high = middle
            else:
                low = middle + 1
        del pairs[index]
        pairs.insert(low, pair)


def _merge(pairs: list[_Pair], start: int, middle: int, end: int) -> None:
    if not pairs[middle][0] < pairs[middle - 1][0]:
        return
    left = pairs[start:middle]
    taken, right, place = 0, middle, start
    while taken < len(left) and right < end:
        if pairs[right][0] < left[taken][0]:
            pairs[place] = pairs[right]
            right += 1
        else:
            pairs[place] = left[taken]
            taken += 1
        place += 1
    pairs[place:right] = left[taken:]


def min(*values: Any, default: Any = Missing, key: Any = None) -> Any:
    """Return the smallest, the first of several, as the builtin does."""
    best: Any = Missing
    mark: Any = None
    for value in _candidates(builtins.min, values, default):
        new = value if key is None else key(value)
        if best is Missing or new < mark:
            best, mark = value, new
    return _found(builtins.min, best, default)


def max(*values: Any, default: Any = Missing, key: Any = None) -> Any:
    """Return the largest, the first of several, as the builtin does."""
    best: Any = Missing
    mark: Any = None
    for value in _candidates(builtins.max, values, default):
        new = value if key is None else key(value)
        if best is Missing or new > mark:
            best, mark = value, new
    return _found(builtins.max, best, default)


def _candidates(builtin: Any, values: tuple[Any, ...], default: Any) -> Any:
    if len(values) == 1:
        return values[0]
    if not values or default is not Missing:
        builtin(*values, default=default)  # says what is wrong
    return values


def _found(builtin: Any, best: Any, default: Any) -> Any:
    if best is not Missing:
        return best
    return builtin(()) if default is Missing else default


class _Compared:
    """An object that is compared by a function, for ``sorted(key=...)``."""

    __slots__ = ("_compare", "obj")
    __hash__: Any = None

    def __init__(self, compare: Callable[[Any, Any], Any], obj: Any) -> None:
        self._compare = compare
        self.obj = obj

    def __lt__(self, other: Any) -> Any:
        return self._compare(self.obj, _other(other)) < 0

    def __gt__(self, other: Any) -> Any:
        return self._compare(self.obj, _other(other)) > 0

    def __eq__(self, other: object) -> Any:
        return self._compare(self.obj, _other(other)) == 0

    def __le__(self, other: Any) -> Any:
        return self._compare(self.obj, _other(other)) <= 0

    def __ge__(self, other: Any) -> Any:
        return self._compare(self.obj, _other(other)) >= 0


def _other(other: Any) -> Any:
    if type(other) is not _Compared:
        raise TypeError("other argument must be K instance")
    return other.obj


def cmp_to_key(mycmp: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    """Return a ``key`` that compares by ``mycmp(a, b)``: negative, zero or positive."""
    return functools.partial(_Compared, mycmp)
