"""Containers that are filled from an iterable, item by item."""

from __future__ import annotations

import builtins
from typing import Any, TypeVar

from greenflow.soft.naming import Missing

T = TypeVar("T")


def list(iterable: Any = (), /) -> builtins.list[Any]:
    """Return a list of the items, as the builtin does."""
    items = []
    for item in iterable:
        items.append(item)
    return items


def list_extend(target: builtins.list[T], iterable: Any, /) -> None:
    """Append each item as it comes: ``target.extend(iterable)``."""
    for item in iterable:
        builtins.list.append(target, item)


def tuple(iterable: Any = (), /) -> builtins.tuple[Any, ...]:
    """Return a tuple of the items, as the builtin does."""
    if type(iterable) is builtins.tuple:
        return iterable
    return builtins.tuple(list(iterable))


def set(iterable: Any = (), /) -> builtins.set[Any]:
    """Return a set of the items, as the builtin does."""
    items: builtins.set[Any] = builtins.set()
    for item in iterable:
        items.add(item)
    return items


def frozenset(iterable: Any = (), /) -> builtins.frozenset[Any]:
    """Return a frozenset of the items, as the builtin does."""
    if type(iterable) is builtins.frozenset:
        return iterable
    return builtins.frozenset(set(iterable))


def dict(source: Any = (), /, **named: Any) -> builtins.dict[Any, Any]:
    """Return a dictionary of a mapping or of pairs, as the builtin does."""
    made: builtins.dict[Any, Any] = {}
    dict_update(made, source, **named)
    return made


def dict_update(
    target: builtins.dict[Any, Any], source: Any = (), /, **named: Any
) -> None:
    """Set each item as it comes: ``target.update(source, **named)``."""
    setitem = builtins.dict.__setitem__
    if isinstance(source, builtins.dict) and _is_walked_in_c(source):
        builtins.dict.update(target, source)
    elif hasattr(source, "keys"):
        for key in list(source.keys()):
            setitem(target, key, source[key])
    else:
        index = 0
        for pair in source:
            key, value = _pair(pair, index)
            setitem(target, key, value)
            index += 1
    builtins.dict.update(target, named)


def _is_walked_in_c(source: builtins.dict[Any, Any]) -> bool:
    return type(source).__iter__ is builtins.dict.__iter__


def _pair(pair: Any, index: int) -> Any:
    held: Any
    try:
        held = list(pair)
    except TypeError:
        held = pair
    if not isinstance(held, builtins.list) or len(held) != 2:
        # The builtin's own words, which change with the version.
        builtins.dict([*[(None, None)] * index, held])
    return held


def bytes(source: Any = b"", /, *args: Any, **options: Any) -> builtins.bytes:
    """Return bytes of an iterable of numbers; of all else as the builtin does."""
    plain = not (args or options)
    if not plain or not _is_iterable_of_numbers(source):
        return builtins.bytes(source, *args, **options)
    made = bytearray()
    for item in source:
        made += builtins.bytes((item,))
    return builtins.bytes(made)


def _is_iterable_of_numbers(source: Any) -> bool:
    kind = type(source)
    if isinstance(source, str | builtins.bytes | bytearray | memoryview):
        return False
    if hasattr(kind, "__bytes__") or hasattr(kind, "__index__"):
        return False
    return hasattr(kind, "__iter__")


def join(separator: Any, iterable: Any, /) -> Any:
    """Return ``separator.join(iterable)``, of text or of bytes."""
    if not hasattr(type(iterable), "__iter__"):
        return separator.join(iterable)
    return separator.join(list(iterable))


def any(iterable: Any, /) -> bool:
    """Return whether an item is true; none is taken after the first that is."""
    for item in iterable:
        if item:
            return True
    return False


def all(iterable: Any, /) -> bool:
    """Return whether no item is false; none is taken after the first that is."""
    for item in iterable:
        if not item:
            return False
    return True


def sum(iterable: Any, /, start: Any = 0) -> Any:
    """Return the sum, rounded as the builtin rounds on this Python."""
    builtins.sum((), start)  # refuses text
    total, plain = start, type(start) in _NUMBERS
    # Summed together at the end: the builtin keeps what rounding loses.
    numbers: builtins.list[Any] = []
    for item in iterable:
        if plain and type(item) in _NUMBERS:
            numbers.append(item)
            continue
        before = builtins.sum(numbers, total) if numbers else total
        numbers.clear()
        total = before + item
        # The builtin counts on as floats behind ints, and as complex numbers behind
        # these; it never comes back to that.
        plain = plain and _NUMBERS_AFTER.get(type(before), {}).get(type(total), False)
    return builtins.sum(numbers, total) if numbers else total


_NUMBERS = (int, bool, float, complex)
_NUMBERS_AFTER: builtins.dict[type, builtins.dict[type, bool]] = {
    int: {float: True, complex: True},
    float: {complex: True},
}


def reduce(function: Any, iterable: Any, /, initial: Any = Missing) -> Any:
    """Return ``functools.reduce(function, iterable, initial)``.

    Raises:
        TypeError: there is no item, and no ``initial``.
    """
    try:
        items = iter(iterable)
    except TypeError:
        raise TypeError("reduce() arg 2 must support iteration") from None
    value = initial
    for item in items:
        value = item if value is Missing else function(value, item)
    if value is Missing:
        raise TypeError("reduce() of empty iterable with no initial value")
    return value
