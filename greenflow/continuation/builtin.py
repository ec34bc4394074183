"""Builtin objects that pickle cannot save, or would save as something else.

And greenflow's own public names, as such: where they are defined may change.
"""

from __future__ import annotations

import dataclasses
import io
import re
import socket
import sys
from array import array
from importlib import import_module
from operator import attrgetter
from types import (
    MappingProxyType,
    ModuleType,
)
from typing import TYPE_CHECKING, Any

import greenflow
from greenflow.continuation import (
    arrays,
    awaitables,
    closed,
    context,
    iterators,
    itertools_state,
    list_iterators,
    main_module,
    matches,
    parsers,
    reopened,
    sentinels,
    standard,
    tags,
    type_parameters,
    wrapped,
)
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


def reducer_of(kind: type) -> Callable[[Any], Any] | None:
    """Return what reduces objects of exactly this builtin type; None if pickle does."""
    known = _REDUCERS.get(kind)
    for of_others in (arrays, parsers, closed):
        known = known or of_others.reducer_of(kind)
    if issubclass(kind, ModuleType):  # also one that is loaded when it is used
        return _module
    is_file = kind in closed.FILE_TYPES or issubclass(kind, io.TextIOWrapper)
    return _stream if is_file and known is None else known


def reduce_public(value: Any) -> Any:
    """Reduce a public function or class of greenflow; NotImplemented for any other."""
    module = getattr(value, "__module__", None)
    if isinstance(module, str) and module.startswith(_OWN_MODULES):
        name = value.__name__
        if name in greenflow.__all__ and _public(name) is value:
            return _public, (name,)
    return NotImplemented


def _public(path: str) -> Any:
    return attrgetter(path)(greenflow)


def _operation(operation: Operation) -> Any:
    name, path = operation.__name__, operation.__qualname__
    if path.partition(".")[0] in greenflow.__all__ and _public(path) is operation:
        return _public, (path,)
    module = operation.__wrapped__.__module__
    if main_module.find_global(module, name) is operation:
        return _held, (module, name)
    raise TypeError(f"cannot pickle the operation {name!r}: no module holds it")


def _held(module: str, name: str) -> Any:
    return getattr(import_module(module), name)


# --- what is refused ---


def _stream(stream: Any) -> Any:
    """A standard stream by its name; any other open file is refused."""
    for name in _STREAMS:
        whole = getattr(sys, name)
        if whole is stream:
            return getattr, (sys, name)
        if getattr(whole, "buffer", None) is stream:
            return getattr, (whole, "buffer")
    if type(stream) in closed.FILE_TYPES:
        return closed.reduce_file(stream)
    return NotImplemented  # pickle refuses it, unless its class can do it


def _index(index: Index) -> tuple[Any, ...]:
    return _new_index, (int(index),)


def _new_index(number: int) -> Index:
    return Index(number)


# --- modules, and what they hold ---


def _module(module: ModuleType) -> tuple[Any, ...]:
    # Asked itself, one that is imported when it is used would be.
    name = ModuleType.__getattribute__(module, "__name__")
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
    if name is not None:
        return getattr, (dataclasses, name)
    more = sentinels.REDUCERS.get(type(value))  # in 3.15 some are of a builtin type
    return NotImplemented if more is None else more(value)


_REDUCERS: dict[type, Callable[[Any], Any]] = {
    Operation: _operation,
    Index: _index,
    **sentinels.REDUCERS,
    **wrapped.REDUCERS,
    socket.socket: closed.reduce_socket,
    **dict.fromkeys((io.BytesIO, io.StringIO), closed.reduce_in_memory),
    array: arrays.reduce_builtin,
    ModuleType: _module,
    **type_parameters.REDUCERS,
    re.Match: matches.reduce_match,
    MappingProxyType: iterators.reduce_proxy,
    **standard.REDUCERS,
    **reopened.REDUCERS,
    **awaitables.REDUCERS,
    **context.REDUCERS,
    **dict.fromkeys(iterators.VIEWS, iterators.reduce_view),
    **dict.fromkeys(iterators.DICT_ITERATORS, iterators.reduce_dict_iterator),
    iterators.ORDERED_ITERATOR: iterators.reduce_ordered_iterator,
    iterators.SET_ITERATOR: iterators.reduce_set_iterator,
    **dict.fromkeys(iterators.DEQUE_ITERATORS, iterators.reduce_deque_iterator),
    **dict.fromkeys(list_iterators.TYPES, list_iterators.reduce_list_iterator),
    **dict.fromkeys(itertools_state.ITERTOOLS, itertools_state.reduce_iterator),
    **{type(getattr(dataclasses, name)): _sentinel for name in _SENTINELS.values()},
}

tags.register("public", _public)
tags.register("held", _held)
tags.register("index", _new_index)
tags.register("main", main_module.live_module)
tags.register("fill_module", _fill_module)
