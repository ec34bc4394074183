"""Weak references: to an object that is saved too, or dead.

What only they refer to is not saved. Which objects are, is known at the end only: so a
value in which weak references are met is dumped again, until no more are found to be
saved. The first time all of them are dead.
"""

from __future__ import annotations

import weakref
from types import FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any, cast

from greenflow.continuation import tags

if TYPE_CHECKING:
    from collections.abc import Callable

    Dictionary = (
        weakref.WeakKeyDictionary[Any, Any] | weakref.WeakValueDictionary[Any, Any]
    )

_PROXIES = (weakref.ProxyType, weakref.CallableProxyType)
#: These are there in every process, however they are held.
_LASTING = (type, FunctionType, ModuleType)


class Weak:
    """What is known of the objects that weak references lead to, in one dump."""

    def __init__(self) -> None:
        self._saved: set[int] = set()
        #: Kept, so that their ids stay theirs.
        self._met: dict[int, Any] = {}

    def __bool__(self) -> bool:
        return bool(self._met)

    def found_more(self, saved: Any) -> bool:
        """Take the ids of what was saved; return whether that revives any."""
        more = {one for one in self._met if one in saved} - self._saved
        self._saved |= more
        return bool(more)

    def alive(self, referent: Any) -> bool:
        """Return whether the object is saved by whatever else refers to it."""
        if isinstance(referent, _LASTING):
            return True
        self._met[id(referent)] = referent
        return id(referent) in self._saved

    # --- how each kind is reduced ---

    def reference(self, ref: weakref.ref[Any]) -> Any:
        """Reduce a reference, also of a subclass."""
        referent = ref()
        if isinstance(ref, weakref.WeakMethod):
            return self._method(ref)
        # Whatever it takes: how its own __init__ was called is in its attributes.
        state = object.__getstate__(ref)
        if referent is None or not self.alive(referent):
            return _dead, (type(ref), _hash(ref)), state
        return _reference, (type(ref), referent, ref.__callback__), state

    def _method(self, ref: weakref.WeakMethod[Any]) -> Any:
        method: Any = ref()
        if method is None or not self.alive(method.__self__):
            return _dead_method, (type(ref),)
        held = method.__func__, method.__self__
        return _method, (type(ref), *held)

    def proxy(self, proxy: Any) -> Any:
        """Reduce a proxy; it answers for its object, except by a bound method."""
        try:
            referent = proxy.__sizeof__.__self__
        except ReferenceError:
            return _dead_proxy, (type(proxy) is weakref.CallableProxyType,)
        except AttributeError:
            referent = proxy
        if type(referent) in _PROXIES:
            raise TypeError(f"cannot pickle {type(referent).__qualname__!r} object")
        if not self.alive(referent):
            return _dead_proxy, (type(proxy) is weakref.CallableProxyType,)
        return weakref.proxy, (referent,)

    def set(self, weak: weakref.WeakSet[Any]) -> Any:
        """Reduce a set to what of it is saved."""
        held = [item for item in weak if self.alive(item)]
        return type(weak), (), held, None, None, _update

    def dictionary(self, weak: Dictionary) -> Any:
        """Reduce a dictionary to those entries whose weak side is saved."""
        side = 0 if isinstance(weak, weakref.WeakKeyDictionary) else 1
        held = {pair[0]: pair[1] for pair in weak.items() if self.alive(pair[side])}
        return type(weak), (), held, None, None, _update


class _Gone:
    """What a dead reference referred to."""

    __slots__ = ("__weakref__", "_hash")

    def __init__(self, value: int | None) -> None:
        self._hash = value

    def __hash__(self) -> int:
        return id(self) if self._hash is None else self._hash

    def __call__(self) -> None:
        """Nothing: some proxies can be called."""


class _GoneObject(_Gone):
    __slots__ = ()
    __call__ = None  # type: ignore[assignment]


def _hash(ref: Any) -> int | None:
    # A reference that was hashed while its object lived is found by that for ever.
    try:
        return hash(ref)
    except TypeError:
        return None


def _reference(cls: Any, referent: Any, callback: Any) -> Any:
    return weakref.ref.__new__(cls, referent, callback)


def _dead(cls: Any, value: int | None) -> Any:
    gone = _Gone(value)
    made = _reference(cls, gone, None)
    if value is not None:
        hash(made)
    return made


def _method(cls: Any, function: Any, owner: Any) -> Any:
    # It keeps no function alive: one that was loaded beside that of the class would go.
    own = getattr(type(owner), function.__name__, None)
    if isinstance(own, FunctionType) and own.__code__ == function.__code__:
        function = own
    return cls(MethodType(function, owner))


def _dead_method(cls: Any) -> Any:
    return cls(MethodType(_nothing, _Gone(None)))


def _nothing(owner: object) -> None:
    """Stands for the function of a dead method."""


def _dead_proxy(callable_: bool) -> Any:
    return weakref.proxy((_Gone if callable_ else _GoneObject)(None))


def _update(collection: Any, held: Any) -> None:
    collection.update(held)


#: By exact type; subclasses of a reference are reduced as such too.
REDUCERS: dict[Any, Callable[[Weak, Any], Any]] = {
    weakref.ref: Weak.reference,
    **dict.fromkeys(_PROXIES, cast("Callable[[Weak, Any], Any]", Weak.proxy)),
    weakref.WeakSet: Weak.set,
    weakref.WeakKeyDictionary: Weak.dictionary,
    weakref.WeakValueDictionary: Weak.dictionary,
}

tags.register("weak_reference", _reference)
tags.register("dead_reference", _dead)
tags.register("weak_method", _method)
tags.register("dead_method", _dead_method)
tags.register("dead_proxy", _dead_proxy)
tags.register("update", _update)
