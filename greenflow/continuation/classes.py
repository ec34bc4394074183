"""Classes that no module holds: of ``__main__``, or made inside a function.

cloudpickle takes a class apart and puts it together; here it is decided which class a
stored one is when it is loaded. A class of ``__main__`` is the live one where the same
program runs; elsewhere it is made once in each process, so that a message and a flow
that were loaded apart agree on ``isinstance`` and ``match``.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any
from weakref import WeakSet, WeakValueDictionary

from cloudpickle.cloudpickle import _class_setstate

from greenflow.continuation import main_module, tags

if TYPE_CHECKING:
    from collections.abc import Callable

_made: WeakValueDictionary[tuple[main_module.Key, str], type] = WeakValueDictionary()
_filled: WeakSet[type] = WeakSet()


def is_importable(cls: type) -> bool:
    """Return whether another program finds this very class by its name."""
    module = getattr(cls, "__module__", None)
    if not isinstance(module, str) or module == "__main__":
        return False
    found: Any = sys.modules.get(module)
    for name in cls.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is cls


def reduce_class(cls: type, reduced: tuple[Any, ...]) -> tuple[Any, ...]:
    """Turn cloudpickle's reduction of a class by value into ours."""
    factory, arguments, state, *_ = reduced
    name: tuple[main_module.Key, str] | None = None
    if cls.__module__ == "__main__" and "<" not in cls.__qualname__:
        name = (_key_of(cls), cls.__qualname__)
    return _shell, (name, factory, arguments), (name, state), None, None, _fill


def _key_of(cls: type) -> main_module.Key:
    """The program whose class this is: the running one, or one that was loaded."""
    for (key, _), made in list(_made.items()):
        if made is cls:
            return key
    return main_module.KEY


def _shell(
    name: tuple[main_module.Key, str] | None,
    factory: Callable[..., type],
    arguments: tuple[Any, ...],
) -> type:
    if name is None:
        return factory(*arguments)
    (path, digest), qualname = name
    key = (path, digest)
    live = main_module.find_live(key, qualname)
    if isinstance(live, type):
        return live
    made = _made.get((key, qualname))
    if made is None:
        made = _made[key, qualname] = factory(*arguments)
    return made


def _fill(cls: type, state: tuple[Any, Any]) -> None:
    name, contents = state
    if name is None:
        _class_setstate(cls, contents)
        return
    if main_module.find_live(*name) is cls or cls in _filled:
        return
    _filled.add(cls)
    _class_setstate(cls, contents)


tags.register("class", _shell)
tags.register("fill_class", _fill)
