"""Iterators of dictionaries and deques by their position, and views of dictionaries."""

from __future__ import annotations

import collections
import gc
import itertools
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from greenflow.continuation import tags
from greenflow.continuation.class_dicts import class_of
from greenflow.continuation.frames import fields_read, fields_write

if TYPE_CHECKING:
    from collections.abc import Callable

_VIEWS: dict[type, str] = {
    type(made()): name
    for kind in (dict, collections.OrderedDict)
    for name, made in (
        ("keys", kind().keys),
        ("values", kind().values),
        ("items", kind().items),
    )
}
VIEWS = frozenset(_VIEWS)


# --- iterators of dictionaries ---

_DICT_ITERATORS: dict[type, tuple[str, bool]] = {
    type(turned(getattr({}, name)())): (name, turned is reversed)
    for turned in (iter, reversed)
    for name in ("keys", "values", "items")
}
DICT_ITERATORS = frozenset(_DICT_ITERATORS)


#: Objects/dictobject.c: the dictionary, its size at first, the place, the result that
#: is used again, how many are left.
_DICT_FIELDS = "OnnOn"


def reduce_dict_iterator(iterator: Any) -> Any:
    """Reduce it to the dictionary and how far it came.

    Left to itself it becomes a list of what is left, which does not see what the loop
    changes in the dictionary.
    """
    held, size, place, _, left = fields_read(iterator, _DICT_FIELDS)
    if not held or not _dict_fields_are_known():
        return NotImplemented  # at its end
    (mapping,) = held
    view, backwards = _DICT_ITERATORS[type(iterator)]
    at = mapping, view, backwards, len(mapping)
    done = len(mapping) - left
    if size == len(mapping) and _place_after(done, *at[:3]) == place:
        return _dict_iterator, (*at, done)
    # The loop has changed it: the next step fails, or the one that it will come to.
    try:
        if not iterator.__reduce__()[1][0]:
            return NotImplemented
    except RuntimeError:
        pass
    counts = size - len(mapping), left
    done = _entries_done(place, *at[:3])
    return _dict_iterator, (*at, done), counts, None, None, _fill_counts


def _place_after(
    done: int, mapping: dict[Any, Any], view: str, backwards: bool
) -> int | None:
    if done < 0:
        return None
    return _place_of(_advanced(mapping, view, backwards, done))


def _entries_done(
    place: int, mapping: dict[Any, Any], view: str, backwards: bool
) -> int:
    """Return how many of the entries that there are now lie before a place."""
    sign = -1 if backwards else 1
    probe, done = _advanced(mapping, view, backwards, 0), 0
    for done, _ in enumerate(probe):
        if sign * _place_of(probe) > sign * place:
            return done
    return len(mapping)


def _place_of(iterator: Any) -> int:
    place: int = fields_read(iterator, _DICT_FIELDS)[2]
    return place


def _fill_counts(iterator: Any, state: tuple[int, int]) -> None:
    grown, left = state
    if type(iterator) not in _DICT_ITERATORS or not _dict_fields_are_known():
        return
    held, size, place, result, _ = fields_read(iterator, _DICT_FIELDS)
    if held:
        fields = held, size + grown, place, result, left
        fields_write(iterator, _DICT_FIELDS, fields)


@cache
def _dict_fields_are_known() -> bool:
    """Whether the fields are on this Python where they were read."""
    mapping = {1: 2, 3: 4, 5: 6}
    del mapping[1]
    forth, back = iter(mapping), reversed(mapping)
    next(forth), next(back)
    return [fields_read(each, _DICT_FIELDS) for each in (forth, back)] == [
        ((mapping,), 2, 2, (), 1),
        ((mapping,), 2, 1, (), 1),
    ]


def _dict_iterator(
    mapping: dict[Any, Any], view: str, backwards: bool, length: int, done: int
) -> Any:
    if len(mapping) == length:
        return _advanced(mapping, view, backwards, done)
    return _later(_advanced, mapping, view, backwards, done)


def _later(make: Callable[..., Any], *arguments: Any) -> Any:
    # It lies in what it goes over, which is not complete yet: look when it is used.
    return itertools.chain.from_iterable(map(make, *([item] for item in arguments)))


def _advanced(mapping: dict[Any, Any], view: str, backwards: bool, done: int) -> Any:
    shown = getattr(mapping, view)()
    return _without_first(done, reversed(shown) if backwards else iter(shown))


def _without_first(count: int, iterator: Any) -> Any:
    collections.deque(itertools.islice(iterator, count), maxlen=0)
    return iterator


# --- iterators of ordered dictionaries ---

ORDERED_ITERATOR: type = type(iter(collections.OrderedDict()))
#: Objects/odictobject.c: kind, the dictionary, size and state, the result that is used
#: again, the key that comes next.
_ORDERED_FIELDS = "iOnnOO"
_BACKWARDS = 1
_ORDERED_VIEWS = {2: "keys", 4: "values", 6: "items"}


def reduce_ordered_iterator(iterator: Any) -> Any:
    """Reduce it to the dictionary and how far it came, as those of plain ones.

    One whose dictionary was changed fails at its next step, as it does here.
    """
    kind, held, *_ = fields_read(iterator, _ORDERED_FIELDS)
    if not held:
        return iter, ((),)
    (mapping,) = held
    if not isinstance(mapping, collections.OrderedDict):
        raise TypeError("cannot pickle 'odict_iterator' object: unknown layout")
    view, backwards = _ORDERED_VIEWS[kind & ~_BACKWARDS], bool(kind & _BACKWARDS)
    try:
        left = len(iterator.__reduce__()[1][0])
    except RuntimeError:
        return _broken, (f"ordered {view}", backwards)
    return _dict_iterator, (mapping, view, backwards, len(mapping), len(mapping) - left)


# --- iterators of deques ---

_DEQUE_ITERATORS: dict[type, bool] = {
    type(turned(collections.deque())): turned is reversed for turned in (iter, reversed)
}
DEQUE_ITERATORS = frozenset(_DEQUE_ITERATORS)
#: Modules/_collectionsmodule.c: the state is counted up by every change.
_DEQUE_ITERATOR_FIELDS = "pnO!nn"
_DEQUE_FIELDS = "nppnnn"


def reduce_deque_iterator(iterator: Any) -> Any:
    """Reduce it to the deque and how far it came; as that of an ordered dictionary."""
    _, (deque, done) = iterator.__reduce__()
    backwards = _DEQUE_ITERATORS[type(iterator)]
    if _has_changed(iterator, deque) and _tells_changes():
        return _broken, ("deque", backwards)
    return _deque_iterator, (deque, backwards, len(deque), done)


def _has_changed(iterator: Any, deque: Any) -> bool:
    expected = fields_read(iterator, _DEQUE_ITERATOR_FIELDS)[3]
    return bool(fields_read(deque, _DEQUE_FIELDS)[5] != expected)


def _tells_changes() -> bool:
    """Whether the fields are on this Python where they were read."""
    deque = collections.deque([1])
    iterator = iter(deque)
    before = _has_changed(iterator, deque)
    deque.append(2)
    return not before and _has_changed(iterator, deque)


def _deque_iterator(deque: Any, backwards: bool, length: int, done: int) -> Any:
    if len(deque) == length:
        return _deque_advanced(deque, backwards, done)
    return _later(_deque_advanced, deque, backwards, done)


def _deque_advanced(deque: Any, backwards: bool, done: int) -> Any:
    return _without_first(done, reversed(deque) if backwards else iter(deque))


# --- iterators of sets, and those whose loop will fail ---

SET_ITERATOR: type = type(iter(set()))


def reduce_set_iterator(iterator: Any) -> Any:
    """Reduce it to what is left: a loaded set may have another order."""
    try:
        return iterator.__reduce__()
    except RuntimeError:
        return _broken, ("set", False)


def _broken(kind: str, backwards: bool) -> Any:
    """Return an iterator of something that was changed under it."""
    changed: Any = _CHANGED[kind](range(3))
    shown = getattr(changed, kind.partition(" ")[2], lambda: changed)()
    iterator = reversed(shown) if backwards else iter(shown)
    changed.pop() if kind in {"deque", "set"} else changed.popitem()
    return iterator


_CHANGED: dict[str, Callable[[Any], Any]] = {
    "deque": collections.deque,
    "set": set,
    **dict.fromkeys(
        ("ordered keys", "ordered values", "ordered items"),
        collections.OrderedDict.fromkeys,
    ),
}


# --- views ---


def reduce_view(view: Any) -> tuple[Any, ...]:
    """Reduce a view of a dictionary: loaded, it is a view of the loaded dictionary."""
    return _view, (_VIEWS[type(view)], _viewed(view))


def _view(name: str, mapping: dict[Any, Any]) -> Any:
    return getattr(mapping, name)()


def reduce_proxy(proxy: MappingProxyType[Any, Any]) -> tuple[Any, ...]:
    """Reduce a read-only mapping; that of a class is the class's own again."""
    mapping = _viewed(proxy)
    cls = class_of(mapping)
    return (vars, (cls,)) if cls is not None else (_proxy, (mapping,))


def _proxy(mapping: Any) -> MappingProxyType[Any, Any]:
    return MappingProxyType(mapping)


def _viewed(view: Any) -> Any:
    # No attribute tells: only the collector is shown the object itself.
    (mapping,) = gc.get_referents(view)
    return mapping


tags.register("dict_iterator", _dict_iterator)
tags.register("fill_dict_iterator", _fill_counts)
tags.register("broken_iterator", _broken)
tags.register("advanced", _advanced)
tags.register("deque_iterator", _deque_iterator)
tags.register("deque_advanced", _deque_advanced)
tags.register("view", _view)
tags.register("proxy", _proxy)
