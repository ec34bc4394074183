"""Builtin objects that pickle cannot save, or would save as something else.

And greenflow's own public names, as such: where they are defined may change.
"""

from __future__ import annotations

import dataclasses
import functools
import io
import socket
import sys
from importlib import import_module
from types import (
    GetSetDescriptorType,
    MappingProxyType,
    MethodType,
    ModuleType,
)
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import (
    CallableProxyType,
    ProxyType,
    WeakKeyDictionary,
    WeakSet,
    WeakValueDictionary,
)

import greenflow
from greenflow.continuation import closed, iterators, main_module, names, tags
from greenflow.continuation.frames import Index, Operation

if TYPE_CHECKING:
    from collections.abc import Callable

_OWN_MODULES = "greenflow."
_STREAMS = ("stdin", "stdout", "stderr", "__stdin__", "__stdout__", "__stderr__")
_SENTINELS = {
    id(getattr(dataclasses, name)): name
    for name in (
        *("MISSING", "KW_ONLY", "_HAS_DEFAULT_FACTORY"),
        *("_FIELD", "_FIELD_CLASSVAR", "_FIELD_INITVAR"),
    )
}
_LRU_CACHE = type(functools.lru_cache(lambda: None))


def reducer_of(kind: type) -> Callable[[Any], Any] | None:
    """Return what reduces objects of exactly this builtin type; None if pickle does."""
    if kind in closed.FILE_TYPES or issubclass(kind, io.TextIOWrapper):
        return _stream
    return _REDUCERS.get(kind)


def reduce_public(value: Any) -> Any:
    """Reduce a public function or class of greenflow; NotImplemented for any other."""
    module = getattr(value, "__module__", None)
    if isinstance(module, str) and module.startswith(_OWN_MODULES):
        name = value.__name__
        if name in greenflow.__all__ and _public(name) is value:
            return _public, (name,)
    return NotImplemented


def _public(name: str) -> Any:
    return getattr(greenflow, name)


def _operation(operation: Operation) -> Any:
    name = operation.__name__
    if name in greenflow.__all__ and _public(name) is operation:
        return _public, (name,)
    module = operation.__wrapped__.__module__
    if _global(module, name) is operation:
        return _held, (module, name)
    raise TypeError(f"cannot pickle the operation {name!r}: no module holds it")


def _held(module: str, name: str) -> Any:
    return getattr(import_module(module), name)


def _is_of_module(value: Any, path: str) -> bool:
    """Whether another program finds this very object by its name."""
    module = value.__module__
    return module not in main_module.NAMES and _global(module, path) is value


def _global(module: object, path: str) -> Any:
    found = sys.modules.get(module) if isinstance(module, str) else None
    return None if found is None else names.find(found.__dict__, path)


# --- what is refused ---


def _proxy(value: Any) -> Any:
    # Asked how it is to be saved, it answers for the object that it stands for.
    raise TypeError(f"cannot pickle {type(value).__qualname__!r} object")


def _stream(stream: Any) -> Any:
    """A standard stream by its name; any other open file is refused."""
    for name in _STREAMS:
        if getattr(sys, name) is stream:
            return getattr, (sys, name)
    if type(stream) in closed.FILE_TYPES:
        return closed.reduce_file(stream)
    return NotImplemented  # pickle refuses it, unless its class can do it


def _index(index: Index) -> tuple[Any, ...]:
    return _new_index, (int(index),)


def _new_index(number: int) -> Index:
    return Index(number)


# --- functions in other clothes ---


def _method(method: MethodType) -> tuple[Any, ...]:
    return MethodType, (method.__func__, method.__self__)


def _wrapper(wrapper: classmethod[Any, Any, Any] | staticmethod[Any, Any]) -> Any:
    return type(wrapper), (wrapper.__func__,)


def _property(value: property) -> tuple[Any, ...]:
    return type(value), (value.fget, value.fset, value.fdel, value.__doc__)


def _cached_property(value: functools.cached_property[Any]) -> tuple[Any, ...]:
    return type(value), (value.func,), value.attrname, None, None, _set_attrname


def _set_attrname(value: functools.cached_property[Any], attrname: str | None) -> None:
    value.attrname = attrname


def _lru_cache(cached: Any) -> Any:
    if _is_of_module(cached, cached.__qualname__):
        return NotImplemented
    held = main_module.held_name(cached, cached.__qualname__)
    parameters = cached.cache_parameters()
    attributes = {
        key: value for key, value in vars(cached).items() if key != "__wrapped__"
    }
    arguments = (cached.__wrapped__, parameters["maxsize"], parameters["typed"])
    return _new_lru_cache, (held, *arguments), attributes, None, None, _fill_lru


def _new_lru_cache(
    held: main_module.Held | None,
    function: Callable[..., Any],
    maxsize: int | None,
    typed: bool,
) -> Any:
    live = main_module.find_live(*held) if held else None
    if type(live) is _LRU_CACHE:
        return live
    made = functools.lru_cache(maxsize, typed)(function)
    main_module.keep_held_name(made, held)
    return made


def _fill_lru(cached: Any, attributes: dict[str, Any]) -> None:
    vars(cached).update(attributes)


def _super(value: Any) -> tuple[Any, ...]:
    # Asked how it is to be saved, it answers for the object that it is bound to.
    return super, (value.__thisclass__, value.__self__)


def _descriptor(value: GetSetDescriptorType) -> tuple[Any, ...]:
    return _held_descriptor, (value.__objclass__, value.__name__)


def _held_descriptor(cls: type, name: str) -> Any:
    return vars(cls)[name]


# --- modules, and what they hold ---


def _module(module: ModuleType) -> tuple[Any, ...]:
    name = module.__name__
    if module is sys.modules.get("__main__"):
        return main_module.live_module, (main_module.key(),)
    if sys.modules.get(name) is module:
        return import_module, (name,)
    held = {key: value for key, value in vars(module).items() if key != "__builtins__"}
    return ModuleType, (name,), held, None, None, _fill_module


def _fill_module(module: ModuleType, held: dict[str, Any]) -> None:
    vars(module).update(held)


def _sentinel(value: object) -> Any:
    name = _SENTINELS.get(id(value))
    return NotImplemented if name is None else (getattr, (dataclasses, name))


def _type_variable(variable: TypeVar) -> Any:
    name = variable.__name__
    if _is_of_module(variable, name):
        return NotImplemented
    return _new_type_variable, (
        main_module.held_name(variable, name),
        name,
        variable.__constraints__,
        variable.__bound__,
        variable.__covariant__,
        variable.__contravariant__,
    )


def _new_type_variable(
    held: main_module.Held | None,
    name: str,
    constraints: tuple[Any, ...],
    bound: Any,
    *variance: bool,
) -> Any:
    live = main_module.find_live(*held) if held else None
    if isinstance(live, TypeVar):
        return live
    covariant, contravariant = variance
    made: Any = TypeVar(  # type: ignore[misc]
        name,
        *constraints,
        bound=bound,
        covariant=covariant,
        contravariant=contravariant,
    )
    main_module.keep_held_name(made, held)
    return made


def _weak_set(value: WeakSet[Any]) -> tuple[Any, ...]:
    return WeakSet, (), list(value), None, None, _update


def _weak_dict(value: Any) -> tuple[Any, ...]:
    return type(value), (), dict(value), None, None, _update


def _update(collection: Any, held: Any) -> None:
    collection.update(held)


_REDUCERS: dict[type, Callable[[Any], Any]] = {
    Operation: _operation,
    Index: _index,
    socket.socket: closed.reduce_socket,
    ProxyType: _proxy,
    CallableProxyType: _proxy,
    MethodType: _method,
    classmethod: _wrapper,
    staticmethod: _wrapper,
    property: _property,
    functools.cached_property: _cached_property,
    _LRU_CACHE: _lru_cache,
    super: _super,
    GetSetDescriptorType: _descriptor,
    ModuleType: _module,
    TypeVar: _type_variable,
    WeakSet: _weak_set,
    WeakKeyDictionary: _weak_dict,
    WeakValueDictionary: _weak_dict,
    MappingProxyType: iterators.reduce_proxy,
    **dict.fromkeys(iterators.VIEWS, iterators.reduce_view),
    **dict.fromkeys(iterators.DICT_ITERATORS, iterators.reduce_dict_iterator),
    **dict.fromkeys(iterators.ITERTOOLS, iterators.reduce_iterator),
    **{type(getattr(dataclasses, name)): _sentinel for name in _SENTINELS.values()},
}

tags.register("public", _public)
tags.register("held", _held)
tags.register("index", _new_index)
tags.register("attrname", _set_attrname)
tags.register("lru_cache", _new_lru_cache)
tags.register("fill_lru_cache", _fill_lru)
tags.register("descriptor", _held_descriptor)
tags.register("main", main_module.live_module)
tags.register("fill_module", _fill_module)
tags.register("update", _update)
tags.register("type_variable", _new_type_variable)
