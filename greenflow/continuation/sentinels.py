"""Objects that are nothing but themselves, and that a module holds: found by name.

``MISSING = object()`` is compared by ``is``; a copy of it would be another value. So it
is with an object of a class of one's own that has no state.
"""

from __future__ import annotations

import builtins
import sys
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any

from greenflow.continuation import main_module, tags
from greenflow.errors import CodeMissing

if TYPE_CHECKING:
    from collections.abc import Callable

#: Where one was found: itself, module and dotted path.
_places: dict[int, tuple[Any, str, str]] = {}
#: Those of other programs, ``__main__``; one for each name.
_copies: dict[main_module.Held, Any] = {}
#: sentinel("MISSING") of 3.15.
_NAMED: Any = getattr(builtins, "sentinel", None)
_PLAIN = ("__eq__", "__reduce__", "__reduce_ex__", "__getstate__")


def reduce_object(value: Any) -> Any:
    """Reduce an ``object()``: to its name if a module has it."""
    copy = _known_copy(value)
    if copy is not None:
        return copy
    known = _places.get(id(value))
    if known is None or main_module.find_global(*known[1:]) is not value:
        found = (place for place in main_module.named() if place[2] is value)
        module, path, _ = next(found, (None, None, None))
        if module is None or path is None:
            return NotImplemented
        known = _places[id(value)] = value, module, path
    return _named(*known)


def _known_copy(value: Any) -> Any:
    for held, copy in _copies.items():
        if copy is value:
            return _sentinel_of_program, (held, type(value))
    return None


def reducer_of(kind: type) -> Callable[[Any], Any] | None:
    """Return what reduces objects of a class, if its module holds one without state."""
    module = getattr(sys.modules.get(kind.__module__), "__dict__", {})
    if not any(type(held) is kind for held in list(module.values())):
        return None
    if any(getattr(kind, name) is not getattr(object, name) for name in _PLAIN):
        return None
    return lambda value: _reduce_instance(value, kind.__module__)


def _reduce_instance(value: Any, module: str) -> Any:
    if _has_state(value):
        return NotImplemented
    copy = _known_copy(value)
    if copy is not None:
        return copy
    for name, held in list(vars(sys.modules[module]).items()):
        if held is value:
            return _named(value, module, name)
    return NotImplemented


def _has_state(value: Any) -> bool:
    if getattr(value, "__dict__", None):
        return True
    for cls in type(value).__mro__:
        for name, held in vars(cls).items():
            if isinstance(held, MemberDescriptorType) and hasattr(value, name):
                return True
    return False


def _reduce_named(value: Any) -> Any:
    copy = _known_copy(value)
    if copy is not None:
        return copy
    name, module = value.__name__, value.__module__
    if main_module.is_of_module(value, name):
        return NotImplemented
    if main_module.find_global(module, name) is value:
        return _named(value, module, name)
    return _NAMED, (name,)


def _named(value: Any, module: str, path: str) -> Any:
    if module in main_module.NAMES:
        return _sentinel_of_program, ((main_module.key(), path), type(value))
    return _sentinel, (module, path)


def _sentinel(module: str, path: str) -> Any:
    __import__(module)
    found = main_module.find_global(module, path)
    if found is None:
        raise CodeMissing(
            f"the object {path} is not in the module {module}",
            hint="bring it back there, under that name",
        )
    return found


def _sentinel_of_program(held: main_module.Held, kind: type) -> Any:
    program, path = held
    held = (program[0], program[1]), path
    found = main_module.find_live(*held)
    if type(found) is kind:
        return found
    copy = kind(path) if kind is _NAMED else object.__new__(kind)
    return _copies.setdefault(held, copy)


#: By exact type.
REDUCERS: dict[type, Callable[[Any], Any]] = {
    object: reduce_object,
    **({_NAMED: _reduce_named} if _NAMED else {}),
}

tags.register("sentinel", _sentinel)
tags.register("sentinel_of_program", _sentinel_of_program)
