"""What iterators over iterators do with what they were given, as adapters.

As Modules/itertoolsmodule.c and Python/bltinmodule.c (map) do it, the same from CPython
3.11 to 3.15. What some of them forget when an error leaves through them, as a flow's
unwinding does, is put back; and is put back into nothing if it was an error.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from greenflow.continuation.delivery.adapters import call, echo, registered
from greenflow.continuation.itertools_state import fields_of, put_state, state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_GROUPER: Any = vars(itertools)["_grouper"]
#: An item in a tuple of one; of what has ended there is none.
Held = tuple[Any, ...]


@registered
def mapped_several(
    function: Callable[..., Any], others: tuple[Iterator[Any], ...]
) -> Any:
    """Finish ``map`` over several iterators behind its first."""
    item = call()
    items = [item]
    for other in others:
        item = next(other)
        items.append(item)
    return function(*items)


@registered
def longest(iterator: Any, state: tuple[Any, ...], place: int) -> Any:
    """Finish ``zip_longest`` behind the first iterator that has not ended."""
    try:
        item = call()
        held: Held = (item,)
    except StopIteration:
        held = ()
    except BaseException:
        put_state(iterator, (0, *state[1:]))
        raise
    put_state(iterator, state)
    try:
        return longest_on(iterator, place, held)
    except BaseException:
        put_state(iterator, (0, *state[1:]))
        raise


@registered
def longest_on(iterator: Any, place: int, held: Held) -> Any:
    """Take one item of each iterator from ``place`` on, whose item is ``held``."""
    active, sources, filler = state_of(iterator)
    left = list(sources)
    items = list(filler) * place
    while True:
        if not held:
            active -= 1
            if active == 0:
                raise StopIteration
            left[place], held = (), filler
            put_state(iterator, (active, tuple(left), filler))
        items += held
        place += 1
        while place < len(left) and not left[place]:
            items += filler
            place += 1
        if place == len(left):
            return tuple(items)
        try:
            item = next(left[place][0])
            held = (item,)
        except StopIteration:
            held = ()


# --- chain ---


@registered
def chained_on(iterator: Iterator[Any], source: Held) -> Any:
    """Finish ``chain`` behind its active iterator."""
    try:
        return call()
    except StopIteration:
        put_state(iterator, (source, ()))
    return next(iterator)


@registered
def chain_supplied(iterator: Iterator[Any], source: Held) -> Any:
    """Finish ``chain`` behind what gives the iterables."""
    try:
        iterable = call()
        ended = False
    except StopIteration:
        ended = True
    except BaseException:
        put_state(iterator, ((), ()))
        raise
    if ended:
        put_state(iterator, ((), ()))
        raise StopIteration
    try:
        active = iter(iterable)
    except BaseException:
        put_state(iterator, ((), ()))
        raise
    put_state(iterator, (source, (active,)))
    return next(iterator)


@registered
def chain_opened(
    iterator: Iterator[Any], source: Held, kind: tuple[str, str, str]
) -> Any:
    """Finish ``chain`` behind ``__iter__`` of its next iterable."""
    try:
        given = call()
        opened: Any = echo("__iter__", kind, given)
        active = iter(opened)
    except BaseException:
        put_state(iterator, ((), ()))
        raise
    put_state(iterator, (source, (active,)))
    return next(iterator)


# --- over one iterator ---


@registered
def cycled(iterator: Iterator[Any]) -> Any:
    """Finish ``cycle`` behind its source."""
    try:
        item = call()
    except StopIteration:
        pass
    else:
        _, (saved,), _, *first_pass = fields_of(iterator)
        if not any(first_pass):
            saved.append(item)
        return item
    put_state(iterator, ((), *state_of(iterator)[1:]))
    return next(iterator)


@registered
def compressed(data: Iterator[Any], selectors: Iterator[Any]) -> Any:
    """Finish ``compress`` behind its data."""
    item = call()
    while True:
        chosen = next(selectors)
        if chosen:
            return item
        item = next(data)


@registered
def paired(iterator: Any, source: Held, old: Held) -> Any:
    """Finish ``pairwise``, which forgets all on the way out of the flow."""
    try:
        item = call()
        if not old:
            old = (item,)
            put_state(iterator, (source, old))
            item = next(source[0])
    except BaseException:
        put_state(iterator, ((), ()))
        raise
    put_state(iterator, (source, (item,)))
    return old[0], item


# --- groups ---


@registered
def grouped(iterator: Any) -> Any:
    """Finish ``groupby`` behind its source."""
    try:
        item = call()
        ended = False
    except StopIteration:
        ended = True
    if ended:
        raise StopIteration
    _, (function,), *_ = state_of(iterator)
    key = item if function is None else function(item)
    return group_begun(iterator, key, item)


@registered
def keyed(iterator: Any, item: Any) -> Any:
    """Finish ``groupby`` behind its key function."""
    key = call()
    return group_begun(iterator, key, item)


@registered
def group_begun(iterator: Any, key: Any, item: Any) -> Any:
    """Skip what is left of the last group, and give the next one."""
    while True:
        source, (function,), target, _, _ = state_of(iterator)
        put_state(iterator, (source, (function,), target, (key,), (item,)))
        if not target or not (target[0] is key or target[0] == key):
            break
        held = next(source[0], _GROUPER)
        if held is _GROUPER:
            raise StopIteration
        item = held
        key = item if function is None else function(item)
    put_state(iterator, (source, (function,), (key,), (key,), (item,)))
    return key, _GROUPER(iterator, key)


@registered
def group_stepped(grouper: Any) -> Any:
    """Finish a group of ``groupby`` behind the source."""
    try:
        item = call()
        ended = False
    except StopIteration:
        ended = True
    if ended:
        raise StopIteration
    (parent,), _ = state_of(grouper)
    _, (function,), *_ = state_of(parent)
    key = item if function is None else function(item)
    return group_given(grouper, key, item)


@registered
def group_keyed(grouper: Any, item: Any) -> Any:
    """Finish a group of ``groupby`` behind the key function."""
    key = call()
    return group_given(grouper, key, item)


@registered
def group_given(grouper: Any, key: Any, item: Any) -> Any:
    """Give the item if it is one of the group."""
    (parent,), (target,) = state_of(grouper)
    held = state_of(parent)[:-2]
    put_state(parent, (*held, (key,), (item,)))
    if not (target is key or target == key):
        raise StopIteration
    put_state(parent, (*held, (), ()))
    return item
