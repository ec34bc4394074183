"""Enumerations that no module holds: their members as they are, not as they were made.

The ``__new__`` and ``__init__`` of an enumeration need not take the values that its
members have now, and must not run again: each member is given what it held.
"""

from __future__ import annotations

import copyreg
from types import FunctionType
from typing import TYPE_CHECKING, Any, cast

from cloudpickle import cloudpickle

if TYPE_CHECKING:
    from enum import Enum

#: What makes members here, and is not the enumeration's own.
_MAKING = ("__init__", "__new_member__")


def making(cls: type[Enum]) -> tuple[Any, ...]:
    """Return what :func:`make` takes."""
    members = {
        name: (member.value, _plain(member)) for name, member in cls.__members__.items()
    }
    boundary = getattr(cls, "_boundary_", None)
    names = cls.__name__, cls.__qualname__, cls.__module__
    return type(cls), cls.__bases__, *names, members, boundary


def state(cls: type[Enum]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the attributes of the class, and of its members."""
    attributes, _ = cloudpickle._enum_getstate(cls)  # noqa: SLF001 - no public name
    for name, member in cls.__members__.items():
        if attributes.get(name) is member:
            del attributes[name]  # an alias
    return attributes, {member.name: _own(member) for member in _all(cls)}


def make(
    metaclass: Any,
    bases: tuple[type, ...],
    name: str,
    qualname: str,
    module: str,
    members: dict[str, tuple[Any, tuple[Any, ...]]],
    boundary: Any,
) -> type:
    """Return the enumeration with its members, and nothing else of its own."""
    content = metaclass.__prepare__(name, bases)
    content["__new__"], content["__init__"] = _new_member, _begin_member
    for member, (value, plain) in members.items():
        content[member] = _Given(value, plain)
    made = metaclass.__new__(metaclass, name, bases, content, boundary=boundary)
    made.__module__, made.__qualname__ = module, qualname
    return cast("type", made)


def fill(
    cls: Any, attributes: dict[str, Any], members: dict[str, dict[str, Any]]
) -> None:
    """Take back what made the members, and give them their attributes."""
    for name in _MAKING:
        if name not in attributes and name in vars(cls):
            type.__delattr__(cls, name)
    for name, own in members.items():
        cls[name].__dict__.update(own)


class _Given:
    """The value of a member, and what it is made of as an object of its base."""

    def __init__(self, value: Any, plain: tuple[Any, ...]) -> None:
        self.value, self.plain = value, plain


def _new_member(cls: Any, given: Any) -> Any:
    if type(given) is tuple:  # of an enumeration of tuples
        (given,) = given
    made = _base(cls).__new__(cls, *given.plain)
    made._value_ = given.value
    return made


def _begin_member(self: object, given: object) -> None:
    """What ``__init__`` did is among the attributes."""


def _plain(member: Any) -> tuple[Any, ...]:
    kind = type(member)._member_type_
    if _base(kind) is object:
        return ()
    own: Any = getattr(kind, "__getnewargs__", None)
    if own is not None:
        return tuple(own(member))
    function, arguments, *_ = kind.__reduce_ex__(member, 2)
    new: Any = getattr(copyreg, "__newobj__")  # noqa: B009 - typeshed has no such name
    return tuple(arguments[1:] if function is new else arguments)


def _base(cls: Any) -> Any:
    """Return the nearest base whose ``__new__`` is not written in Python."""
    for base in cls.__mro__:
        new = vars(base).get("__new__")
        if new is not None and not isinstance(new, staticmethod | FunctionType):
            return base
    return object


def _all(cls: type[Enum]) -> list[Enum]:
    return list({id(member): member for member in cls.__members__.values()}.values())


def _own(member: Enum) -> dict[str, Any]:
    return {
        name: value
        for name, value in vars(member).items()
        if not (name.startswith("_") and name.endswith("_"))
    }
