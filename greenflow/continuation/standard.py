"""Objects of the standard library that pickle cannot save, or would copy."""

from __future__ import annotations

import decimal
import functools
import gc
import os
import random
import struct
import sys
import weakref
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from greenflow.continuation import tags

if TYPE_CHECKING:
    from collections.abc import Callable

# --- with decimal.localcontext() ---

_LOCAL_CONTEXT: Any = type(decimal.localcontext())


def _local_context(manager: Any) -> Any:
    return _new_local_context, copy_context().run(_both_contexts, manager)


def _both_contexts(manager: Any) -> tuple[Any, Any]:
    # In a context that is thrown away: nothing else tells what it holds.
    local = manager.__enter__()
    manager.__exit__(None, None, None)
    return decimal.getcontext(), local


def _new_local_context(outside: decimal.Context, local: decimal.Context) -> Any:
    def make() -> Any:
        decimal.setcontext(outside)
        return decimal.localcontext(local)

    return copy_context().run(make)


# --- and the rest ---

_KEY: Any = functools.cmp_to_key(lambda one, other: 0)


def _key(key: Any) -> Any:
    held = getattr(key, "obj", _KEY)
    # Types made in C refer to their type, too.
    others = [one for one in gc.get_referents(key) if one is not type(key)]
    compare = others[0]
    return _new_key, (compare, *([] if held is _KEY else [held]))


def _new_key(compare: Callable[[Any, Any], int], *held: Any) -> Any:
    key = functools.cmp_to_key(compare)
    return key(*held) if held else key


def _environment(environment: Any) -> Any:
    # What is in it is the process's, and may be secret.
    for name in ("environ", "environb"):
        if environment is getattr(os, name, None):
            return getattr, (os, name)
    return NotImplemented


def _structure(structure: struct.Struct) -> Any:
    return struct.Struct, (structure.format,)


def _system_random(source: random.SystemRandom) -> Any:
    return random.SystemRandom, ()


def _finalizer(finalizer: weakref.finalize[Any, Any]) -> Any:
    if finalizer.alive:
        # Its object is watched in this process; a copy would do nothing.
        raise TypeError("cannot pickle a 'finalize' object that is alive")
    return NotImplemented


def _is_told(value: Any) -> bool:
    return isinstance(value, tuple) and type(value).__module__ == "sys"


def _of_sys(value: Any) -> Any:
    name = type(value).__name__
    found = getattr(sys, name, None)
    return (getattr, (sys, name)) if found is value else NotImplemented


#: By exact type.
REDUCERS: dict[Any, Callable[[Any], Any]] = {
    _LOCAL_CONTEXT: _local_context,
    type(_KEY): _key,
    type(os.environ): _environment,
    struct.Struct: _structure,
    random.SystemRandom: _system_random,
    weakref.finalize: _finalizer,
    **dict.fromkeys(map(type, filter(_is_told, vars(sys).values())), _of_sys),
}

tags.register("local_decimal_context", _new_local_context)
tags.register("comparing_key", _new_key)
