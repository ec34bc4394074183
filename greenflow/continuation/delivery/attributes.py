"""Attributes: what looks them up, sets and deletes them, in Python code of classes.

As Objects/typeobject.c (slot_tp_getattro, slot_tp_getattr_hook, type_getattro,
super_getattro) and Objects/object.c (PyObject_GenericGetAttr) do it.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

from greenflow.continuation.delivery.adapters import (
    UNCHANGED,
    Adapters,
    adapter,
    instead,
    is_there,
    looked_up,
)
from greenflow.continuation.delivery.inside import (
    Inside,
    attribute_above,
    is_a,
    special,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def got(owner: Any, name: str, inside: Inside) -> Adapters | None:
    """Of ``owner.name``."""
    left = _hook_left(owner, name, inside)
    if left is None:
        return None
    return (adapter(looked_up, owner, name, True, ()),) if left else UNCHANGED


def got_or(owner: Any, name: str, default: Any, inside: Inside) -> Adapters | None:
    """Of ``getattr(owner, name, default)``."""
    left = _hook_left(owner, name, inside)
    if left is None:
        return None
    return (adapter(looked_up, owner, name, left, (default,)),)


def had(owner: Any, name: str, inside: Inside) -> Adapters | None:
    """Of ``hasattr(owner, name)``."""
    left = _hook_left(owner, name, inside)
    return None if left is None else (adapter(is_there, owner, name, left),)


def _hook_left(owner: Any, name: str, inside: Inside) -> bool | None:
    """Whether ``__getattr__`` is called after an AttributeError; None if in doubt."""
    cls = type(owner)
    hook = special(cls, "__getattr__")
    if inside.runs(hook):
        return False
    if cls is ModuleType:
        return False if inside.runs(vars(owner).get("__getattr__")) else None
    own = inside.is_method(cls, "__getattribute__")
    return hook is not None if own or _is_found(owner, name, inside) else None


def found_directly(owner: Any, name: str, inside: Inside) -> Adapters | None:
    """Of ``object.__getattribute__(owner, name)``."""
    return UNCHANGED if _is_found(owner, name, inside) else None


def _is_found(owner: Any, name: str, inside: Inside) -> bool:
    return any(is_got(one, inside) for one in _descriptors(owner, name))


def changed(owner: Any, name: str, hook: str, inside: Inside) -> bool:
    """Whether ``__setattr__``, ``__delattr__`` or a descriptor of ``owner`` runs."""
    if inside.is_method(type(owner), hook):
        return True
    return any(_changes(one, hook, inside) for one in _descriptors(owner, name))


def changed_by_call(
    owner: Any, name: str, hook: str, inside: Inside
) -> Adapters | None:
    """Of ``setattr()``, ``delattr()`` and what they call: they return None."""
    return (adapter(instead, None),) if changed(owner, name, hook, inside) else None


def _descriptors(owner: Any, name: str) -> Iterator[Any]:
    cls = type(owner)
    if cls is super:
        yield attribute_above(owner.__self_class__, owner.__thisclass__, name)
        return
    yield special(cls, name)
    if is_a(owner, type):
        yield special(owner, name)


def is_got(descriptor: Any, inside: Inside) -> bool:
    """Whether looking up this class attribute in an object runs the frame inside."""
    if type(descriptor) is property:
        return inside.runs(descriptor.fget)
    return inside.is_method(type(descriptor), "__get__")


def _changes(descriptor: Any, hook: str, inside: Inside) -> bool:
    sets = hook == "__setattr__"
    if type(descriptor) is property:
        return inside.runs(descriptor.fset if sets else descriptor.fdel)
    return inside.is_method(type(descriptor), "__set__" if sets else "__delete__")
