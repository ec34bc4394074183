"""``attrgetter`` and its kin of operator, and a property that is called by hand."""

from __future__ import annotations

import operator
from types import FunctionType
from typing import TYPE_CHECKING, Any

from greenflow.continuation.delivery import attributes, items
from greenflow.continuation.delivery.adapters import (
    UNCHANGED,
    Adapters,
    adapter,
    instead,
)
from greenflow.continuation.delivery.calls import rule, type_rule
from greenflow.continuation.delivery.inside import Inside, special

if TYPE_CHECKING:
    Args = tuple[Any, ...]


@type_rule(operator.attrgetter)
def _attribute(getter: Any, args: Args, inside: Inside) -> Adapters | None:
    """Of one attribute: of several, the first ones are in variables of C."""
    names = getter.__reduce__()[1]
    if len(args) != 1 or len(names) != 1 or "." in names[0]:
        return None
    return attributes.got(args[0], names[0], inside)


@type_rule(operator.itemgetter)
def _item(getter: Any, args: Args, inside: Inside) -> Adapters | None:
    keys = getter.__reduce__()[1]
    if len(args) != 1 or len(keys) != 1:
        return None
    return items.got(args[0], keys, inside)


@type_rule(operator.methodcaller)
def _method(caller: Any, args: Args, inside: Inside) -> Adapters | None:
    if len(args) != 1:
        return None
    made, given = caller.__reduce__()
    name = given[0] if made is operator.methodcaller else made.args[0]
    method = special(type(args[0]), name)
    method = getattr(method, "__func__", None) if type(method) in _WRAPPED else method
    is_hook = inside.is_method(type(args[0]), "__getattr__") or inside.is_method(
        type(args[0]), "__getattribute__"
    )
    if type(method) is FunctionType and inside.runs(method) and not is_hook:
        return UNCHANGED
    return None


_WRAPPED = (classmethod, staticmethod)


@rule(vars(property)["__get__"])
def _property_got(args: Args, inside: Inside) -> Adapters | None:
    return UNCHANGED if attributes.is_got(args[0], inside) else None


@rule(vars(property)["__set__"])
def _property_set(args: Args, inside: Inside) -> Adapters | None:
    return (adapter(instead, None),) if inside.runs(args[0].fset) else None


@rule(vars(property)["__delete__"])
def _property_deleted(args: Args, inside: Inside) -> Adapters | None:
    return (adapter(instead, None),) if inside.runs(args[0].fdel) else None
