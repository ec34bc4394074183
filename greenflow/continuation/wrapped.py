"""Functions in other clothes: methods, properties, caches, descriptors."""

from __future__ import annotations

import functools
from types import (
    BuiltinMethodType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    WrapperDescriptorType,
)
from typing import TYPE_CHECKING, Any

from greenflow.continuation import main_module, tags

if TYPE_CHECKING:
    from collections.abc import Callable

_LRU_CACHE = type(functools.lru_cache(lambda: None))


def _method(method: MethodType) -> tuple[Any, ...]:
    return MethodType, (method.__func__, method.__self__)


def _bound(method: Any) -> Any:
    """Reduce a bound method of a C type.

    Pickle looks it up by its name again, and finds another one if it came from super(),
    or if the object gives its attributes by itself.
    """
    owner, name = method.__self__, method.__name__
    bases = type(owner).__mro__
    holding = [base for base in bases if name in vars(base)]
    for base in holding:
        found = vars(base)[name]
        if type(found) in _C_METHODS and found.__get__(owner) == method:
            plain = base is holding[0] and not _gives_its_own(owner, name)
            return NotImplemented if plain else (_bind, (base, name, owner))
    return NotImplemented


_C_METHODS = (MethodDescriptorType, WrapperDescriptorType)


def _gives_its_own(owner: Any, name: str) -> bool:
    get = next(
        vars(base)["__getattribute__"]
        for base in type(owner).__mro__
        if "__getattribute__" in vars(base)
    )
    return type(get) is FunctionType or name in getattr(owner, "__dict__", ())


def _bind(base: type, name: str, owner: Any) -> Any:
    return vars(base)[name].__get__(owner)


def _wrapper(wrapper: classmethod[Any, Any, Any] | staticmethod[Any, Any]) -> Any:
    return type(wrapper), (wrapper.__func__,)


def _property(value: property) -> tuple[Any, ...]:
    return type(value), (value.fget, value.fset, value.fdel, value.__doc__)


def _cached_property(value: functools.cached_property[Any]) -> tuple[Any, ...]:
    return type(value), (value.func,), value.attrname, None, None, _set_attrname


def _set_attrname(value: functools.cached_property[Any], attrname: str | None) -> None:
    value.attrname = attrname


def _lru_cache(cached: Any) -> Any:
    if main_module.is_of_module(cached, cached.__qualname__):
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


def _descriptor(value: GetSetDescriptorType | MemberDescriptorType) -> tuple[Any, ...]:
    cls, name = value.__objclass__, value.__name__
    if vars(cls).get(name) is not value:  # 3.15: __dict__ of a class is not its own
        raise TypeError(f"cannot pickle the descriptor {name!r}")
    return _held_descriptor, (cls, name)


def _held_descriptor(cls: type, name: str) -> Any:
    return vars(cls)[name]


#: By exact type.
REDUCERS: dict[type, Callable[[Any], Any]] = {
    MethodType: _method,
    BuiltinMethodType: _bound,
    MethodWrapperType: _bound,
    classmethod: _wrapper,
    staticmethod: _wrapper,
    property: _property,
    functools.cached_property: _cached_property,
    _LRU_CACHE: _lru_cache,
    super: _super,
    GetSetDescriptorType: _descriptor,
    MemberDescriptorType: _descriptor,
}

tags.register("attrname", _set_attrname)
tags.register("lru_cache", _new_lru_cache)
tags.register("fill_lru_cache", _fill_lru)
tags.register("bind", _bind)
tags.register("descriptor", _held_descriptor)
