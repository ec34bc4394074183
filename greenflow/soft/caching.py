"""lru_cache() and cache(): the call of what they wrap is a call from Python."""

from __future__ import annotations

import functools
import sys
from collections import OrderedDict
from types import MethodType
from typing import TYPE_CHECKING, Any, NamedTuple

from greenflow.soft.naming import Missing

if TYPE_CHECKING:
    from collections.abc import Callable


class CacheInfo(NamedTuple):
    """What ``cache_info()`` tells."""

    hits: int
    misses: int
    maxsize: int | None
    currsize: int


class _Key:
    """Arguments, hashed once; in another process they have another hash."""

    __slots__ = ("_hash", "arguments")

    def __init__(self, arguments: tuple[Any, ...]) -> None:
        self.arguments = arguments
        self._hash = hash(arguments)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.arguments == other.arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return _Key, (self.arguments,)


def _key(args: tuple[Any, ...], kwargs: dict[str, Any], typed: bool) -> Any:
    if kwargs:
        arguments = [*args, Missing]
        for item in kwargs.items():
            arguments += item
    else:
        arguments = [*args]
        if not typed and len(args) == 1 and type(args[0]) in (int, str):
            return args[0]
    if typed:
        arguments += [type(value) for value in args]
        arguments += [type(value) for value in kwargs.values()]
    return _Key(tuple(arguments))


class _Cached:
    """A function that remembers its results."""

    __wrapped__: Any

    def __init__(self, function: Any, maxsize: int | None, typed: bool) -> None:
        self._maxsize = maxsize
        self._typed = typed
        self._hits = self._misses = 0
        #: (the key that is in it, the result), the latest used one last
        self._results: OrderedDict[Any, tuple[Any, Any]] = OrderedDict()
        functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._maxsize == 0:
            self._misses += 1
            return self.__wrapped__(*args, **kwargs)
        key = _key(args, kwargs, self._typed)
        found = self._results.get(key)
        if found is not None:
            self._hits += 1
            self._results.move_to_end(found[0])
            return found[1]
        self._misses += 1
        result = self.__wrapped__(*args, **kwargs)
        if key not in self._results:  # a call of the same meanwhile
            if self._maxsize is not None and len(self._results) >= self._maxsize:
                self._results.popitem(last=False)
            self._results[key] = key, result
        return result

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def cache_info(self) -> CacheInfo:
        """Return how often it knew the result, and how many results it has."""
        counted = self._hits, self._misses, self._maxsize, len(self._results)
        return CacheInfo(*counted)

    def cache_clear(self) -> None:
        """Forget all results."""
        self._results.clear()
        self._hits = self._misses = 0

    def cache_parameters(self) -> dict[str, Any]:
        """Return what lru_cache() was given."""
        return {"maxsize": self._maxsize, "typed": self._typed}

    def __copy__(self) -> _Cached:
        return self

    def __deepcopy__(self, memo: Any) -> _Cached:
        return self

    def __reduce__(self) -> Any:
        from greenflow.continuation import main_module, names

        module, name = vars(self).get("__module__"), vars(self).get("__qualname__", "")
        namespace = vars(sys.modules.get(module, object)) if module else {}
        if module not in main_module.NAMES and names.find(namespace, name) is self:
            return name
        held = main_module.held_name(self, name)
        return _shell, (held,), vars(self), None, None, _fill


def _shell(held: Any) -> _Cached:
    from greenflow.continuation import main_module

    live = main_module.find_live(*held) if held else None
    if type(live) is _Cached:
        return live
    made = _Cached.__new__(_Cached)
    main_module.keep_held_name(made, held)
    return made


def _fill(cached: _Cached, state: dict[str, Any]) -> None:
    if not vars(cached):  # else it is the one of this program
        vars(cached).update(state)


def lru_cache(maxsize: Any = 128, typed: bool = False) -> Any:
    """Decorate a function: ``functools.lru_cache``.

    A flow may suspend in the function. The cache of a function that a module holds is
    that of its process; of any other, it is saved with the flow.
    """
    if callable(maxsize) and isinstance(typed, bool):
        return _Cached(maxsize, 128, typed)
    if maxsize is not None and not isinstance(maxsize, int):
        raise TypeError("Expected first argument to be an integer, a callable, or None")
    size = None if maxsize is None else max(maxsize, 0)

    return functools.partial(_decorated, size, typed)


def _decorated(maxsize: int | None, typed: bool, function: Any) -> _Cached:
    if not callable(function):
        raise TypeError("the first argument must be callable")
    return _Cached(function, maxsize, typed)


def cache(user_function: Callable[..., Any], /) -> Any:
    """Decorate a function: ``functools.cache``."""
    return lru_cache(maxsize=None)(user_function)
