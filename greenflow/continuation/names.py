"""What is found by a dotted name, and by which name something is found.

A name leads from a module through classes, and through what hides a function: a
decorator that sets ``__wrapped__``, a property, a class method.
"""

from __future__ import annotations

import functools
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LAYERS_MAX = 32
_MISSING = object()

#: Attributes that lead into what hides a function, by its type.
_INNER: tuple[tuple[type | tuple[type, ...], tuple[str, ...]], ...] = (
    ((classmethod, staticmethod), ("__func__",)),
    (property, ("fget", "fset", "fdel")),
    (functools.cached_property, ("func",)),
)


def find(namespace: Mapping[str, Any], path: str) -> Any:
    """Return what the dotted ``path`` leads to, or None.

    Nothing is called on the way: no ``__getattr__``, no property.
    """
    first, *rest = path.split(".")
    found = namespace.get(first)
    for name in rest:
        found = _step(found, name)
    return found


def function_at(namespace: Mapping[str, Any], qualname: str) -> FunctionType | None:
    """Return the function that a definition of that name made, or None.

    A class method, a static method and a property stand for their function.
    """
    found = find(namespace, qualname)
    if isinstance(found, classmethod | staticmethod):
        found = found.__func__
    elif isinstance(found, property):
        found = found.fget
    return found if type(found) is FunctionType else None


def layers(namespace: Mapping[str, Any], qualname: str) -> Iterator[tuple[str, Any]]:
    """Yield (path, object) of that name: what is found, and what it hides."""
    todo = [(qualname, find(namespace, qualname))]
    for _ in range(_LAYERS_MAX):
        if not todo:
            return
        path, found = todo.pop()
        if found is None:
            continue
        yield path, found
        todo.extend(
            (f"{path}.{name}", _step(found, name)) for name in reversed(_inside(found))
        )


def _inside(found: Any) -> tuple[str, ...]:
    for kinds, names in _INNER:
        if isinstance(found, kinds):
            return names
    return ("__wrapped__",)


def _step(holder: Any, name: str) -> Any:
    if name in _inside(holder) and name != "__wrapped__":
        return getattr(holder, name, None)
    try:
        return vars(holder).get(name)
    except TypeError:
        return None
