"""Dictionaries that are some object's ``__dict__``, and in a variable too.

Pickle fills the ``__dict__`` of a new object from a copy: what is stored in the
variable afterwards would not be in the object (``functools.cached_property`` does so).
Such an object is given the very dictionary. The object must be in a variable as well: a
dictionary does not tell whose it is.
"""

from __future__ import annotations

from types import GetSetDescriptorType
from typing import Any

from greenflow.continuation import tags

_HEAP_TYPE = 1 << 9
_PLAIN = frozenset((bool, bytes, dict, float, int, list, set, str, tuple, type(None)))


def owners(values: tuple[Any, ...]) -> frozenset[int]:
    """Return the ids of those of the values whose ``__dict__`` is one of them."""
    # Of most stacks the types alone tell that there are none.
    kinds = set(map(type, values))
    if dict not in kinds or not any(map(_may_own, kinds - _PLAIN)):
        return frozenset()
    held = {id(value) for value in values if type(value) is dict}
    return frozenset(id(value) for value in values if id(_dictionary(value)) in held)


def _may_own(kind: type) -> bool:
    return bool(kind.__flags__ & _HEAP_TYPE) and not issubclass(
        kind, type | BaseException
    )


def _dictionary(value: Any) -> Any:
    kind = type(value)
    if not _may_own(kind):
        return None
    for base in kind.__mro__:
        found = vars(base).get("__dict__")
        if found is not None:
            plain = type(found) is GetSetDescriptorType
            return found.__get__(value) if plain else None
    return None


def with_own(obj: Any, reduced: Any) -> Any:
    """Return how an object is reduced, changed so that it takes its dictionary."""
    if reduced is NotImplemented:
        reduced = obj.__reduce_ex__(5)
    get: Any = type(obj).__getstate__
    if type(reduced) is not tuple or get is not object.__getstate__:
        return reduced
    make, arguments, state, items, pairs, setter = (*reduced, *[None] * 4)[:6]
    if setter is not None or hasattr(type(obj), "__setstate__"):
        return reduced
    slots = state[1] if type(state) is tuple else None
    return make, arguments, (_dictionary(obj), slots), items, pairs, _take


def _take(obj: Any, state: tuple[dict[str, Any], dict[str, Any] | None]) -> None:
    attributes, slots = state
    object.__setattr__(obj, "__dict__", attributes)
    for name, value in (slots or {}).items():
        object.__setattr__(obj, name, value)


tags.register("take_dict", _take)
