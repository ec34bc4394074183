"""Attributes and items: how these instructions take a result."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from greenflow.continuation.delivery import attributes, items
from greenflow.continuation.delivery.adapters import adapter, instead, set_aside
from greenflow.continuation.delivery.answers import (
    PUSH,
    Answer,
    Rule,
    Waiting,
    again,
    taken,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.continuation.delivery.inside import Inside


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


def item_changed(hook: str, tops: Callable[[], tuple[Any, ...]]) -> Rule:
    """Return the rule of an instruction that sets or deletes an item."""

    def changed(waiting: Waiting, inside: Inside) -> Answer | None:
        if not items.changed(waiting.operands[0], hook, inside):
            return None
        return again((adapter(instead, None),), *tops())

    return changed
