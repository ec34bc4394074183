"""Attributes and items: how these instructions take a result."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from greenflow.continuation.delivery import (
    attributes,
    filling,
    items,
    matching,
    specials,
)
from greenflow.continuation.delivery.adapters import adapter, set_aside
from greenflow.continuation.delivery.answers import (
    PUSH,
    Answer,
    Rule,
    Waiting,
    again,
    taken,
)
from greenflow.continuation.delivery.inside import Inside, special

if TYPE_CHECKING:
    from collections.abc import Callable


def attribute(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of LOAD_ATTR."""
    return taken(attributes.got(waiting.operands[0], waiting.name(), inside))


def method(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of an attribute that is called next."""
    # Two values are due, a function and its self, and one can be delivered: calling the
    # attribute with arguments is calling operator.call() with it and them.
    adapters = attributes.got(waiting.operands[0], waiting.name(), inside)
    return taken(adapters, tops=(operator.call,))


def super_attribute(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of ``super().name``."""
    # What super() was made of may be gone: its attributes are those of the first
    # variable's class, and the code that runs tells which one.
    cls, name = type(waiting.operands[0]), waiting.name()
    found = any(attributes.is_got(vars(base).get(name), inside) for base in cls.__mro__)
    if not found:
        return None
    return Answer(PUSH, tops=(operator.call,) if waiting.oparg & 1 else ())


def attribute_changed(hook: str) -> Rule:
    """Return the rule of STORE_ATTR or DELETE_ATTR."""

    def changed(waiting: Waiting, inside: Inside) -> Answer | None:
        owner, name = waiting.operands[0], waiting.name()
        if not attributes.changed(owner, name, hook, inside):
            return None
        deletes = hook == "__delattr__"
        tops = () if deletes else (None,)
        return again((adapter(set_aside, name, deletes),), *tops)

    return changed


def item(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of a subscript."""
    owner, *key = waiting.operands
    return taken(items.got(owner, tuple(key), inside))


# What is done runs again on a container of its own.


def item_set(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of STORE_SUBSCR."""
    if len(waiting.operands) != 3:
        return None
    value, owner, key = waiting.operands
    return again(items.item_set(owner, key, value, inside), None, {})


def item_deleted(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of DELETE_SUBSCR."""
    if len(waiting.operands) != 2:
        return None
    return again(items.item_deleted(*waiting.operands, inside), {None: None})


def slice_set(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of STORE_SLICE."""
    return again(items.slice_set(waiting.operands[0], inside), (), [], None)


# --- patterns, and lists and sets in the making ---


def class_matched(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of MATCH_CLASS."""
    if len(waiting.operands) != 3:
        return None
    return taken(matching.matched(*waiting.operands, waiting.oparg, inside))


def measured(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of GET_LEN."""
    value = waiting.operands[0]
    if not inside.is_method(type(value), "__len__"):
        return None
    return Answer(PUSH, adapters=(specials.again_of(len, "__len__", value),))


def filled(add: Callable[[Any, Any], Any]) -> Rule:
    """Return the rule of ``[*a]`` or ``{*a}``: the list or set is at hand."""

    def filled(waiting: Waiting, inside: Inside) -> Answer | None:
        if len(waiting.operands) != 2 or waiting.oparg != 1:
            return None
        target, iterable = waiting.operands
        kind = type(iterable)
        if not any(special(kind, name) for name in ("__len__", "__length_hint__")):
            begun = specials.told_again(iterable, "__iter__", inside)
            if begun is not None:
                return again(begun, target)
        return again(filling.filling(add, target, iterable, inside, ()), target)

    return filled
