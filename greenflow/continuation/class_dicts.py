"""The dictionary that a class keeps its attributes in: it leads back to its class.

``vars(cls)`` shows it; from 3.12 on code inside a class that is evaluated later, such
as annotations, has the dictionary itself in a cell.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any
from weakref import ref

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What the dictionary of every class holds.
_OF_CLASSES = {"__module__", "__doc__"}
_KNOWN_MAX = 4096

_known: dict[int, ref[type]] = {}


def of(cls: type) -> dict[str, Any]:
    """Return the dictionary of a class, not a view of it."""
    # No attribute tells: only the collector is shown the object itself.
    (held,) = gc.get_referents(vars(cls))
    found: dict[str, Any] = held
    return found


def class_of(mapping: Any) -> type | None:
    """Return the class whose dictionary this is, or None."""
    if type(mapping) is not dict or not mapping.keys() >= _OF_CLASSES:
        return None
    known = _known.get(id(mapping), lambda: None)()
    if known is not None and of(known) is mapping:
        return known
    for cls in _candidates(mapping):
        if of(cls) is mapping:
            if len(_known) >= _KNOWN_MAX:
                _known.clear()
            _known[id(mapping)] = ref(cls)
            return cls
    return None


def _candidates(mapping: dict[str, Any]) -> Iterator[type]:
    for held in list(mapping.values()):
        cls = getattr(held, "__objclass__", None)  # of a descriptor made in C
        if isinstance(cls, type):
            yield cls
    # Nothing else leads back: only the collector knows, but of what gc.freeze() hid.
    yield from (held for held in gc.get_referrers(mapping) if isinstance(held, type))
    if gc.get_freeze_count():
        yield from _under(object)


def _under(cls: type) -> Iterator[type]:
    todo, seen = [cls], {id(cls)}  # a metaclass may make classes that have no hash
    while todo:
        below: list[type] = type.__subclasses__(todo.pop())
        for each in below:
            if id(each) not in seen:
                seen.add(id(each))
                todo.append(each)
                yield each
