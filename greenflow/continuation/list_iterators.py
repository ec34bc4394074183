"""Iterators of lists: their place is kept, also if they lie in their own list."""

from __future__ import annotations

from typing import Any

from greenflow.continuation import tags
from greenflow.continuation.frames import fields_read, fields_write

#: Objects/listobject.c: the index, the list.
_FIELDS = "nO"
TYPES: frozenset[type] = frozenset({type(iter([])), type(reversed([]))})


def reduce_list_iterator(iterator: Any) -> tuple[Any, ...]:
    """Reduce it as it does itself, but for how its place is set."""
    reduced: tuple[Any, ...] = iterator.__reduce__()
    return reduced if len(reduced) == 2 else (*reduced, None, None, _at)


def _at(iterator: Any, index: int) -> None:
    # __setstate__() moves it back to where the list ends, which is not complete yet if
    # the iterator lies in it.
    iterator.__setstate__(index)
    now, held = fields_read(iterator, _FIELDS)
    if now != index and len(held) == 1 and isinstance(held[0], list) and index >= 0:
        fields_write(iterator, _FIELDS, (index, held))


tags.register("at", _at)
