"""Iterators of itertools and of dictionaries, and views of dictionaries."""

from __future__ import annotations

import collections
import gc
import itertools
import operator
import re
import warnings
from types import MappingProxyType
from typing import Any

from greenflow.continuation import itertools_state, tags

#: By exact type.
ITERTOOLS = frozenset(
    value
    for value in vars(itertools).values()
    if isinstance(value, type) and value.__module__ == "itertools"
)
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


# --- itertools ---


def reduce_iterator(iterator: Any) -> tuple[Any, ...]:
    """Reduce an iterator of itertools in the middle, by itself if it can."""
    kind: Any = type(iterator)
    if kind.__reduce__ is object.__reduce__ or kind in _FORGETFUL:
        return itertools_state.reduce_iterator(iterator)
    reduced = _without_warning(iterator.__reduce__)
    function, args, *rest = reduced
    if not rest:
        return function, args
    return function, args, rest[0], None, None, _fill


#: What their own state lacks: that a group is half gone, that an only result was given,
#: and how count() goes on from sys.maxsize.
_FORGETFUL = frozenset(
    vars(itertools)[name]
    for name in (
        *("groupby", "_grouper", "count"),
        *("combinations", "combinations_with_replacement", "permutations"),
    )
)


def _fill(iterator: Any, state: Any) -> None:
    _without_warning(iterator.__setstate__, state)


def _without_warning(method: Any, *args: Any) -> Any:
    """Call ``method`` without the warning that a later Python will not know it.

    The bytes are for this very Python. catch_warnings() would not do: it changes the
    filters of all threads, and puts back what another one set meanwhile. The filter
    that is added here for good fits nothing but the call in this function.
    """
    if not _is_silent():
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=_HERE)
    return method(*args)


_HERE = re.escape(__name__) + r"\Z"


def _is_silent() -> bool:
    first: Any = warnings.filters[0] if warnings.filters else (None,) * 5
    action, _, category, module, _ = first
    return (
        action == "ignore"
        and category is DeprecationWarning
        and getattr(module, "pattern", module) == _HERE
    )


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
    # It lies in the dictionary itself, which is not complete yet: look when it is used.
    arguments = [mapping], [view], [backwards], [done]
    return itertools.chain.from_iterable(map(_advanced, *arguments))


def _advanced(mapping: dict[Any, Any], view: str, backwards: bool, done: int) -> Any:
    shown = getattr(mapping, view)()
    iterator = reversed(shown) if backwards else iter(shown)
    collections.deque(itertools.islice(iterator, done), maxlen=0)
    return iterator


# --- views ---


def reduce_view(view: Any) -> tuple[Any, ...]:
    """Reduce a view of a dictionary: loaded, it is a view of the loaded dictionary."""
    return _view, (_VIEWS[type(view)], _viewed(view))


def _view(name: str, mapping: dict[Any, Any]) -> Any:
    return getattr(mapping, name)()


def reduce_proxy(proxy: MappingProxyType[Any, Any]) -> tuple[Any, ...]:
    """Reduce a read-only mapping."""
    return _proxy, (_viewed(proxy),)


def _proxy(mapping: Any) -> MappingProxyType[Any, Any]:
    return MappingProxyType(mapping)


def _viewed(view: Any) -> Any:
    # No attribute tells: only the collector is shown the object itself.
    (mapping,) = gc.get_referents(view)
    return mapping


tags.register("fill_iterator", _fill)
tags.register("dict_iterator", _dict_iterator)
tags.register("advanced", _advanced)
tags.register("view", _view)
tags.register("proxy", _proxy)
