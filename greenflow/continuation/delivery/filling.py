"""What adds all items of an iterable to a container, one by one, in C.

Where the container itself is at hand, it holds all that was taken so far: nothing is in
a variable of C but the iterator. As Objects/listobject.c (list_extend),
Objects/setobject.c (set_update_internal), Modules/_collectionsmodule.c (deque_extend,
_count_elements) do it.
"""

from __future__ import annotations

import collections
from collections import deque
from typing import TYPE_CHECKING, Any

from greenflow.continuation.delivery import iterators
from greenflow.continuation.delivery.adapters import (
    Adapters,
    adapter,
    call,
    registered,
)
from greenflow.continuation.delivery.calls import rule
from greenflow.continuation.delivery.inside import Inside, is_a, special

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@registered
def filled(
    add: Callable[[Any, Any], Any],
    target: Any,
    iterator: Iterator[Any],
    rest: tuple[Any, ...],
    gives: Any,
) -> Any:
    """Finish adding the items of ``iterator``, then of each of ``rest``."""
    try:
        item = call()
        ended = False
    except StopIteration:
        ended = True
    while not ended:
        add(target, item)
        try:
            item = next(iterator)
        except StopIteration:
            ended = True
    for iterable in rest:
        for item in iterable:
            add(target, item)
    return gives


@registered
def counted(mapping: Any, item: Any) -> None:
    """Count an item as ``collections.Counter`` does."""
    mapping[item] = mapping.get(item, 0) + 1


def filling(
    add: Any,
    target: Any,
    iterable: Any,
    inside: Inside,
    gives: Any = None,
    rest: tuple[Any, ...] = (),
) -> Adapters | None:
    """Of adding the items of ``iterable`` to ``target``."""
    found = iterators.consumed(iterable, inside)
    if found is None:
        return None
    iterator, below = found
    return adapter(filled, add, target, iterator, rest, gives), *below


def _filling_by(add: Any) -> Callable[..., Adapters | None]:
    def finish(args: tuple[Any, ...], inside: Inside) -> Adapters | None:
        return filling(add, *args, inside) if len(args) == 2 else None

    return finish


_COUNT = getattr(collections, "_count_elements")  # noqa: B009
rule(list.extend)(_filling_by(list.append))
rule(deque.extend)(_filling_by(deque.append))
rule(deque.extendleft)(_filling_by(deque.appendleft))
rule(_COUNT)(_filling_by(counted))


@rule(set.update)
def _updated(args: tuple[Any, ...], inside: Inside) -> Adapters | None:
    """Of the one iterable that certainly is at its turn."""
    target, *iterables = args
    found = [
        (place, answer)
        for place, one in enumerate(iterables)
        if (answer := filling(set.add, target, one, inside)) is not None
    ]
    if len(found) != 1:
        return None
    ((place, _),) = found
    rest = tuple(iterables[place + 1 :])
    return filling(set.add, target, iterables[place], inside, rest=rest)


#: {type: (its ``+=``, how it adds one item)}.
_IN_PLACE = (
    (list, list.__iadd__, list.append),
    (deque, deque.__iadd__, deque.append),
)


def added_in_place(target: Any, iterable: Any, inside: Inside) -> Adapters | None:
    """Of ``target += iterable``."""
    for kind, operate, add in _IN_PLACE:
        if is_a(target, kind) and special(type(target), "__iadd__") is operate:
            return filling(add, target, iterable, inside, gives=target)
    return None
