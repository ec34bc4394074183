"""Objects of classes whose own ways would make something else of them, or nothing.

Pickle makes an object by calling ``cls.__new__(cls)``, or with the value of the builtin
base, whatever ``__new__`` takes; and it sets attributes last, so that an object in a
set which it refers to is hashed before it has any.
"""

from __future__ import annotations

import copyreg
import dataclasses
import inspect
from enum import Enum
from types import FunctionType
from typing import TYPE_CHECKING, Any

from greenflow.continuation import sentinels, tags

if TYPE_CHECKING:
    from collections.abc import Callable

_HEAP_TYPE = 1 << 9
_VALUES = (tuple, int, str, bytes, float, complex, frozenset)
_SET_REDUCES = (set.__reduce__, frozenset.__reduce__)
_MAKING = ("__new__", "__init__")
_ATOMS = (type(None), bool, int, float, complex, str, bytes)
_FROZEN_SETSTATE = getattr(dataclasses, "_dataclass_setstate", None)


def reducer_of(kind: type) -> Callable[[Any], Any] | None:
    """Return what reduces objects of exactly this class; None if pickle does it well.

    A class that says how it is pickled (``__reduce__``, ``__getnewargs__``) is right.
    """
    if not kind.__flags__ & _HEAP_TYPE or issubclass(kind, type | Enum | BaseException):
        return None
    if not _is_plain(kind, "__reduce_ex__"):
        return None
    if kind.__reduce__ in _SET_REDUCES:
        return _set if any(_in_python(kind, name) for name in _MAKING) else None
    if not _is_plain(kind, "__reduce__"):
        return None
    make = _maker(kind)
    if make is not None:
        return lambda obj: _made(obj, make)
    if _hashes_attributes(kind):
        return _with_early
    return sentinels.reducer_of(kind) if _base(kind) is object else None


def _is_plain(kind: type, name: str) -> bool:
    return getattr(kind, name) is getattr(object, name)


def _in_python(kind: type, name: str) -> FunctionType | None:
    """Return the method of that name, if it is written in Python."""
    for base in kind.__mro__:
        if name in vars(base):
            found = vars(base)[name]
            found = getattr(found, "__func__", found)
            return found if isinstance(found, FunctionType) else None
    return None


# --- how it is made ---


def _maker(kind: type) -> Callable[..., Any] | None:
    new = _in_python(kind, "__new__")
    if new is None or any(
        _in_python(kind, name) for name in ("__getnewargs__", "__getnewargs_ex__")
    ):
        return None
    if issubclass(kind, _VALUES):
        return _value
    return _empty if _takes_more(new) else None


def _takes_more(new: FunctionType) -> bool:
    # With nothing but the class, pickle's call fails: when all is lost, on loading.
    try:
        inspect.signature(new).bind(object)
    except TypeError:
        return True
    except ValueError:
        return False
    return False


def _made(obj: Any, make: Callable[..., Any]) -> Any:
    if type(obj) in copyreg.dispatch_table:
        return NotImplemented
    _, arguments, *rest = obj.__reduce_ex__(5)
    return make, arguments, *rest


def _base(cls: type) -> Any:
    """Return the nearest base whose ``__new__`` is not written in Python."""
    for base in cls.__mro__:
        new = vars(base).get("__new__")
        if new is not None and not isinstance(new, staticmethod | FunctionType):
            return base
    return object


def _empty(cls: type) -> Any:
    return _base(cls).__new__(cls)


def _value(cls: type, value: Any) -> Any:
    # It may keep one object for each value; or count in another unit than it is given.
    try:
        made = cls.__new__(cls, value)
        if type(made) is cls and _same(made, value):
            return made
    except Exception:
        made = None
    return _base(cls).__new__(cls, value)


def _same(made: Any, value: Any) -> bool:
    if isinstance(value, tuple):
        pairs = zip(tuple.__iter__(made), value, strict=True)
        return all(one is other for one, other in pairs)
    equal: Any = type(value).__eq__
    return equal(made, value) is True


def _set(obj: Any) -> Any:
    """Reduce a set whose class may take other arguments than its items."""
    if type(obj) in copyreg.dispatch_table:
        return NotImplemented
    _, _, state = obj.__reduce__()
    if isinstance(obj, frozenset):
        return _value, (type(obj), frozenset(obj)), state
    return _empty, (type(obj),), (set(obj), state), None, None, _fill_set


def _fill_set(made: Any, content: tuple[Any, Any]) -> None:
    items, state = content
    set.update(made, items)
    attributes, slots = state if type(state) is tuple else (state, None)
    if attributes:
        made.__dict__.update(attributes)
    for name, held in (slots or {}).items():
        setattr(made, name, held)


# --- what its hash may need ---


def _hashes_attributes(kind: type) -> bool:
    if _in_python(kind, "__hash__") is None:
        return False
    setstate = _in_python(kind, "__setstate__")
    return setstate is _FROZEN_SETSTATE or (
        setstate is None and _in_python(kind, "__getstate__") is None
    )


def _with_early(obj: Any) -> Any:
    """Reduce it so that it has its plain attributes as soon as it is made."""
    if type(obj) in copyreg.dispatch_table:
        return NotImplemented
    make, arguments, state, *rest = obj.__reduce_ex__(5)
    attributes, slots = _attributes(obj, state)
    early = {name: held for name, held in attributes.items() if _is_atom(held)}
    early_slots = {name: held for name, held in slots.items() if _is_atom(held)}
    if len(early) + len(early_slots) in (0, len(attributes) + len(slots)):
        return NotImplemented  # there is nothing plain, or nothing that leads back
    return _early, (make, arguments, early, early_slots), state, *rest


def _attributes(obj: Any, state: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    if type(state) is list:
        names = [field.name for field in dataclasses.fields(obj)]
        return {}, dict(zip(names, state, strict=False))
    attributes, slots = state if type(state) is tuple else (state, None)
    return attributes or {}, slots or {}


def _is_atom(value: Any) -> bool:
    return type(value) in _ATOMS or (type(value) is tuple and all(map(_is_atom, value)))


def _early(
    make: Callable[..., Any],
    arguments: tuple[Any, ...],
    attributes: dict[str, Any],
    slots: dict[str, Any],
) -> Any:
    made = make(*arguments)
    if attributes:
        made.__dict__.update(attributes)
    for name, held in slots.items():
        object.__setattr__(made, name, held)
    return made


tags.register("empty_instance", _empty)
tags.register("value_instance", _value)
tags.register("fill_set", _fill_set)
tags.register("early", _early)
