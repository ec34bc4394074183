"""What iterators made in C do with what they were given, as adapters.

As Objects/enumobject.c, Objects/iterobject.c, Python/bltinmodule.c (map, filter, zip)
and Modules/itertoolsmodule.c do it; they are the same from CPython 3.11 to 3.15.
Each puts what it has counted into the iterator itself, which others may have too.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from greenflow.continuation.delivery.adapters import call, registered
from greenflow.continuation.frames import fields_read, fields_write
from greenflow.continuation.itertools_fields import require, words
from greenflow.continuation.itertools_state import put_state, state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Formats of csrc/fields.c: index and sequence; function and sentinel.
_AT_INDEX = "nO"
_CALLING = "OO"
#: The last field of enumerate is the int 1, which it does not visit.
_ENUMERATE = {4: "nI!OO", 5: "nI!OOp"}


@registered
def mapped(function: Callable[[Any], Any]) -> Any:
    """Finish ``map`` over one iterator."""
    item = call()
    return function(item)


@registered
def star_mapped(function: Callable[..., Any]) -> Any:
    """Finish ``starmap``."""
    items = call()
    return function(*items)


@registered
def selected(function: Any, source: Iterator[Any], wanted: bool) -> Any:
    """Finish ``filter`` or ``filterfalse`` behind its source."""
    item = call()
    while True:
        good = item if function is None or function is bool else function(item)
        if good:
            if wanted:
                return item
        elif not wanted:
            return item
        item = next(source)


@registered
def chosen(item: Any, function: Any, source: Iterator[Any], wanted: bool) -> Any:
    """Finish ``filter`` or ``filterfalse`` behind its function."""
    good = call()
    while True:
        if good:
            if wanted:
                return item
        elif not wanted:
            return item
        item = next(source)
        good = function(item)


@registered
def taken(iterator: Any, function: Callable[[Any], Any]) -> Any:
    """Finish ``takewhile`` behind its source."""
    item = call()
    if function(item):
        return item
    held, source, _ = state_of(iterator)
    put_state(iterator, (held, source, 1))
    raise StopIteration


@registered
def let(iterator: Any, item: Any) -> Any:
    """Finish ``takewhile`` behind its function."""
    good = call()
    if good:
        return item
    held, source, _ = state_of(iterator)
    put_state(iterator, (held, source, 1))
    raise StopIteration


@registered
def dropped(iterator: Any) -> Any:
    """Finish ``dropwhile`` behind its source."""
    item = call()
    held, source, _ = state_of(iterator)
    while held[0](item):
        item = next(source[0])
    put_state(iterator, (held, source, 1))
    return item


@registered
def passed_over(iterator: Any, item: Any) -> Any:
    """Finish ``dropwhile`` behind its function."""
    good = call()
    held, source, _ = state_of(iterator)
    while good:
        item = next(source[0])
        good = held[0](item)
    put_state(iterator, (held, source, 1))
    return item


@registered
def zipped(others: tuple[Iterator[Any], ...]) -> Any:
    """Finish ``zip`` behind its first iterator."""
    item = call()
    items = [item]
    for other in others:
        item = next(other)
        items.append(item)
    return tuple(items)


@registered
def sliced(iterator: Any, state: tuple[Any, ...]) -> Any:
    """Finish ``islice``, which forgets its source on the way out of the flow."""
    try:
        item = call()
    except BaseException:
        put_state(iterator, ((), *state[1:]))
        raise
    source, following, stop, step, done = state
    if done < following:
        put_state(iterator, (source, following, stop, step, done + 1))
        return next(iterator)
    following += step
    if following > sys.maxsize or (stop != -1 and following > stop):
        following = stop
    put_state(iterator, (source, following, stop, step, done + 1))
    return item


@registered
def added(iterator: Any) -> Any:
    """Finish ``accumulate`` behind its source."""
    item = call()
    total, source, function, initial = state_of(iterator)
    if not total:
        new = item
    elif function:
        new = function[0](total[0], item)
    else:
        new = total[0] + item
    put_state(iterator, ((new,), source, function, initial))
    return new


@registered
def totalled(iterator: Any) -> Any:
    """Finish ``accumulate`` behind its function."""
    new = call()
    _, source, function, initial = state_of(iterator)
    put_state(iterator, ((new,), source, function, initial))
    return new


# --- the iterators of builtins ---


@registered
def numbered(iterator: Any) -> Any:
    """Finish ``enumerate``."""
    item = call()
    layout = _enumerate_layout()
    index, source, result, big, *one = fields_read(iterator, layout)
    number = big[0] if big else index
    if big or index == sys.maxsize:
        big = (number + 1,)
    else:
        index += 1
    fields_write(iterator, layout, (index, source, result, big, *one))
    return number, item


@registered
def reversed_one(iterator: Any, index: int, sequence: Any) -> Any:
    """Finish ``reversed``, which forgets its sequence on the way out of the flow."""
    try:
        item = call()
    except (IndexError, StopIteration):
        fields_write(iterator, _AT_INDEX, (-1, ()))
    except BaseException:
        fields_write(iterator, _AT_INDEX, (-1, ()))
        raise
    else:
        fields_write(iterator, _AT_INDEX, (index - 1, (sequence,)))
        return item
    raise StopIteration


@registered
def got_one(iterator: Any, index: int) -> Any:
    """Finish ``iter()`` of a sequence."""
    try:
        item = call()
    except (IndexError, StopIteration):
        fields_write(iterator, _AT_INDEX, (index, ()))
    else:
        _, sequence = fields_read(iterator, _AT_INDEX)
        fields_write(iterator, _AT_INDEX, (index + 1, sequence))
        return item
    raise StopIteration


@registered
def until(iterator: Any, sentinel: Any) -> Any:
    """Finish ``iter(function, sentinel)``."""
    try:
        item = call()
    except StopIteration:
        pass
    else:
        if not (sentinel is item or sentinel == item):
            return item
    fields_write(iterator, _CALLING, ((), ()))
    raise StopIteration


# --- proof ---


@cache
def _enumerate_layout() -> str:
    layout = _ENUMERATE.get(words(enumerate))
    require(layout, "unknown fields of enumerate")
    assert layout is not None
    source = iter("abc")
    example = enumerate(source, 5)
    next(example)
    index, held, _, big, *_ = fields_read(example, layout)
    require((index, held, big) == (6, (source,), ()))
    large = enumerate(iter("abc"), sys.maxsize + 3)
    next(large)
    require(fields_read(large, layout)[3] == (sys.maxsize + 4,))
    return layout


@cache
def are_known() -> bool:
    """Whether the fields of these iterators are those that are written here."""
    try:
        _enumerate_layout()
        items = type("Items", (), {"__getitem__": None, "__len__": lambda _: 3})()
        return (
            fields_read(iter(items), _AT_INDEX) == (0, (items,))
            and fields_read(reversed(items), _AT_INDEX) == (2, (items,))
            and fields_read(iter(int, 7), _CALLING) == ((int,), (7,))
        )
    except (TypeError, ValueError):
        return False
