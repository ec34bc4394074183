"""Type variables, new types and aliases of types that no module holds.

As classes, they are the live ones where the same program runs.
"""

from __future__ import annotations

import gc
import typing
from types import FunctionType
from typing import TYPE_CHECKING, Any, NewType, ParamSpec, TypeVar, TypeVarTuple

from greenflow.continuation import main_module, names, tags
from greenflow.continuation.frames import fields_read, fields_write
from greenflow.continuation.itertools_fields import words

if TYPE_CHECKING:
    from collections.abc import Callable

# --- type variables ---

_KINDS: dict[str, Any] = {
    "TypeVar": TypeVar,
    "ParamSpec": ParamSpec,
    "TypeVarTuple": TypeVarTuple,
}
#: How they are made again; those that this Python does not have are false.
_KEYWORDS = {
    "covariant": "__covariant__",
    "contravariant": "__contravariant__",
    "infer_variance": "__infer_variance__",
    "bound": "__bound__",
}


def reduce_parameter(parameter: Any) -> Any:
    """Reduce a TypeVar, ParamSpec or TypeVarTuple."""
    name = parameter.__name__
    if main_module.is_of_module(parameter, name):
        return NotImplemented
    made_with = {
        keyword: value
        for keyword, attribute in _KEYWORDS.items()
        if (value := getattr(parameter, attribute, None))
    }
    if getattr(parameter, "has_default", bool)():  # from 3.13 on
        made_with["default"] = parameter.__default__
    named = main_module.held_name(parameter, name), name, parameter.__module__
    constraints = getattr(parameter, "__constraints__", ())
    return _parameter, (type(parameter).__name__, *named, constraints, made_with)


def _parameter(
    kind: str,
    held: main_module.Held | None,
    name: str,
    module: str,
    constraints: tuple[Any, ...],
    made_with: dict[str, Any],
) -> Any:
    live = main_module.find_live(*held) if held else None
    if isinstance(live, _KINDS[kind]):
        return live
    made: Any = _KINDS[kind](name, *constraints, **made_with)
    made.__module__ = module
    main_module.keep_held_name(made, held)
    return made


# --- typing.NewType ---


def reduce_new_type(value: Any) -> Any:
    """Reduce what ``NewType()`` returned."""
    path = value.__qualname__
    if main_module.is_of_module(value, path):
        return NotImplemented
    named = value.__name__, path, value.__module__
    held = main_module.held_name(value, path)
    return _new_type, (held, *named), value.__supertype__, None, None, _fill_new_type


def _new_type(
    held: main_module.Held | None, name: str, qualname: str, module: str
) -> Any:
    live = main_module.find_live(*held) if held else None
    if isinstance(live, NewType):
        return live
    make: Any = NewType
    made = make(name, object)
    made.__qualname__, made.__module__ = qualname, module
    main_module.keep_held_name(made, held)
    return made


def _fill_new_type(made: Any, supertype: Any) -> None:
    made.__supertype__ = supertype


# --- `type` statements ---

_ALIAS: Any = getattr(typing, "TypeAliasType", None)  # from 3.12 on
#: Objects/typevarobject.c: name, qualified name (3.15), parameters, the function that
#: tells the value, the value, the module. By the words behind the head.
_ALIAS_FIELDS = {5: "pOOOO", 6: "pOOOOO"}


def reduce_alias(alias: Any) -> Any:
    """Reduce an alias by the function that tells its value: that may be itself."""
    name, module = alias.__name__, alias.__module__
    if main_module.is_of_module(alias, name):
        return NotImplemented
    live = names.find(main_module.live_globals(), name) is alias
    held = (main_module.key(), name) if live else None
    evaluate = [one for one in gc.get_referents(alias) if type(one) is FunctionType]
    more = [alias.__qualname__] if hasattr(alias, "__qualname__") else []  # 3.15
    state = alias.__type_params__, evaluate or alias.__value__, module, *more
    return _alias, (held, name), state, None, None, _fill_alias


def _alias(held: main_module.Held | None, name: str) -> Any:
    live = main_module.find_live(*held) if held else None
    return live if isinstance(live, _ALIAS) else _ALIAS(name, None)


def _fill_alias(alias: Any, state: tuple[Any, ...]) -> None:
    if names.find(main_module.live_globals(), alias.__name__) is alias:
        return
    parameters, value, module, *more = state
    form = _ALIAS_FIELDS[words(_ALIAS)]
    fields = fields_read(alias, form)
    told = ((value[0],), ()) if type(value) is list else ((), (value,))
    ends = *((name,) for name in more), (parameters,), *told, (module,)
    fields_write(alias, form, (*fields[: -len(ends)], *ends))


#: By exact type.
REDUCERS: dict[type, Callable[[Any], Any]] = {
    **dict.fromkeys(_KINDS.values(), reduce_parameter),
    NewType: reduce_new_type,
    **({_ALIAS: reduce_alias} if _ALIAS else {}),
}

tags.register("type_parameter", _parameter)
tags.register("new_type", _new_type)
tags.register("fill_new_type", _fill_new_type)
tags.register("type_alias", _alias)
tags.register("fill_type_alias", _fill_alias)
