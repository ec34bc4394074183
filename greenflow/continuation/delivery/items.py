"""Items: what gets, sets, deletes and looks for them, in Python code of classes."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from greenflow.continuation.delivery import calls, indexing, iterators
from greenflow.continuation.delivery.adapters import (
    UNCHANGED,
    Adapters,
    adapter,
    found_in,
    instead,
    is_true,
    made_item,
    then,
)
from greenflow.continuation.delivery.inside import Inside, is_a, special


def got(owner: Any, key: tuple[Any, ...], inside: Inside) -> Adapters | None:
    """Of ``owner[key]``; ``key`` is empty if it is not known."""
    cls = type(owner)
    if inside.is_method(cls, "__getitem__"):
        return UNCHANGED
    if len(key) == 1:
        placed = indexing.item_got(owner, *key, inside)
        if placed is not None:
            return placed
    if is_a(owner, type) and inside.runs(_class_getitem(owner)):
        return UNCHANGED
    if is_a(owner, dict):
        return _missing(owner, key, inside)
    return None


def _class_getitem(cls: type) -> Any:
    found = special(cls, "__class_getitem__")
    return found.__func__ if type(found) is classmethod else found


def _missing(owner: Any, key: tuple[Any, ...], inside: Inside) -> Adapters | None:
    """Behind dict's own ``__getitem__`` (dictobject.c, dict_subscript)."""
    cls = type(owner)
    if special(cls, "__getitem__") is not vars(dict)["__getitem__"]:
        return None
    if inside.is_method(cls, "__missing__"):
        return UNCHANGED
    missing = vars(defaultdict)["__missing__"]
    if special(cls, "__missing__") is not missing or not key:
        return None
    made = calls.called(owner.default_factory, (), {}, inside)
    return then(made, made_item, owner, *key)


def item_set(owner: Any, key: Any, value: Any, inside: Inside) -> Adapters | None:
    """Of ``owner[key] = value``."""
    if inside.is_method(type(owner), "__setitem__"):
        return (adapter(instead, None),)
    return indexing.item_set(owner, key, value, inside)


def item_deleted(owner: Any, key: Any, inside: Inside) -> Adapters | None:
    """Of ``del owner[key]``."""
    if inside.is_method(type(owner), "__delitem__"):
        return (adapter(instead, None),)
    return indexing.item_deleted(owner, key, inside)


def slice_set(owner: Any, inside: Inside) -> Adapters | None:
    """Of ``owner[...:...] = value``."""
    if inside.is_method(type(owner), "__setitem__"):
        return (adapter(instead, None),)
    return None


def contained(value: Any, owner: Any, inside: Inside, wanted: bool) -> Adapters | None:
    """Of whether ``value in owner`` is ``wanted``."""
    if inside.is_method(type(owner), "__contains__"):
        return (adapter(is_true, wanted),)
    if special(type(owner), "__contains__") is not None:
        return None
    found = iterators.consumed(owner, inside)
    if found is None:
        return None
    iterator, below = found
    searching = (adapter(found_in, iterator, value), *below)
    return searching if wanted else (adapter(is_true, False), *searching)
