"""Iterators of dictionaries and deques by their position, and views of dictionaries."""

from __future__ import annotations

import collections
import gc
import itertools
import operator
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from greenflow.continuation import tags
from greenflow.continuation.frames import fields_read

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
#: What the dictionary of every class holds.
_OF_CLASSES = {"__module__", "__doc__"}


# --- iterators of dictionaries ---

_DICT_ITERATORS: dict[type, tuple[str, bool]] = {
    type(turned(getattr({}, name)())): (name, turned is reversed)
    for turned in (iter, reversed)
    for name in ("keys", "values", "items")
}
DICT_ITERATORS = frozenset(_DICT_ITERATORS)


def reduce_dict_iterator(iterator: Any) -> Any:
    """Reduce it to the dictionary and how far it came.

    Left to itself it becomes a list of what is left, which does not see what the loop
    changes in the dictionary.
    """
    viewed = gc.get_referents(iterator)
    mapping = next((held for held in viewed if isinstance(held, dict)), None)
    left = operator.length_hint(iterator)
    if mapping is None or (left == 0 and len(mapping)):
        return NotImplemented  # at its end; or the dictionary grew: the loop will fail
    view, backwards = _DICT_ITERATORS[type(iterator)]
    return _dict_iterator, (mapping, view, backwards, len(mapping), len(mapping) - left)


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

    Raises:
        RuntimeError: the dictionary changed under it: the loop will fail.
    """
    kind, held, *_ = fields_read(iterator, _ORDERED_FIELDS)
    if not held:
        return iter, ((),)
    (mapping,) = held
    if not isinstance(mapping, collections.OrderedDict):
        raise TypeError("cannot pickle 'odict_iterator' object: unknown layout")
    left = len(iterator.__reduce__()[1][0])
    view, backwards = _ORDERED_VIEWS[kind & ~_BACKWARDS], bool(kind & _BACKWARDS)
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
    """Reduce it to the deque and how far it came.

    Raises:
        RuntimeError: the deque changed under it: the loop will fail.
    """
    _, (deque, done) = iterator.__reduce__()
    if _has_changed(iterator, deque) and _tells_changes():
        raise RuntimeError("deque mutated during iteration")
    backwards = _DEQUE_ITERATORS[type(iterator)]
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


# --- views ---


def reduce_view(view: Any) -> tuple[Any, ...]:
    """Reduce a view of a dictionary: loaded, it is a view of the loaded dictionary."""
    return _view, (_VIEWS[type(view)], _viewed(view))


def _view(name: str, mapping: dict[Any, Any]) -> Any:
    return getattr(mapping, name)()


def reduce_proxy(proxy: MappingProxyType[Any, Any]) -> tuple[Any, ...]:
    """Reduce a read-only mapping; that of a class is the class's own again."""
    mapping = _viewed(proxy)
    cls = _class_of(mapping)
    return (vars, (cls,)) if cls is not None else (_proxy, (mapping,))


def _class_of(mapping: Any) -> type | None:
    """Return the class whose dictionary this is, or None."""
    if type(mapping) is not dict or not mapping.keys() >= _OF_CLASSES:
        return None
    # No attribute leads back: only the collector knows.
    for holder in gc.get_referrers(mapping):
        if isinstance(holder, type) and _viewed(vars(holder)) is mapping:
            return holder
    return None


def _proxy(mapping: Any) -> MappingProxyType[Any, Any]:
    return MappingProxyType(mapping)


def _viewed(view: Any) -> Any:
    # No attribute tells: only the collector is shown the object itself.
    (mapping,) = gc.get_referents(view)
    return mapping


tags.register("dict_iterator", _dict_iterator)
tags.register("advanced", _advanced)
tags.register("deque_iterator", _deque_iterator)
tags.register("deque_advanced", _deque_advanced)
tags.register("view", _view)
tags.register("proxy", _proxy)
