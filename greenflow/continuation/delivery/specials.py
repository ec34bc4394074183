"""C code that calls one special method and checks or converts what that gives.

It runs once more on an object whose special method gives the same: so every check, and
the text of every error, is the interpreter's own.
"""

from __future__ import annotations

import math
import operator
import os
from functools import partial
from types import FunctionType
from typing import Any

from greenflow.continuation.delivery.adapters import (
    Adapter,
    Adapters,
    adapter,
    again,
    call,
    echoed,
    named,
    registered,
    truth,
)
from greenflow.continuation.delivery.inside import Inside, special

TRUTH = ("__bool__", "__len__")
TEXT = ("__str__", "__repr__")
FORMAT = ("__format__", *TEXT)
ITERATION = ("__iter__",)
_INDEX = ("__index__",)

#: {what is called: the special methods that it looks for in its only argument, in this
#: order}. Behind one that is object's own, the next one is what that calls.
SPECIALS: dict[Any, tuple[str, ...]] = {
    abs: ("__abs__",),
    ascii: ("__repr__",),
    bin: _INDEX,
    bool: TRUTH,
    bytes: ("__bytes__",),
    chr: _INDEX,
    complex: ("__complex__", "__float__", *_INDEX),
    dir: ("__dir__",),
    enumerate: ITERATION,
    float: ("__float__", *_INDEX),
    format: FORMAT,
    hash: ("__hash__",),
    hex: _INDEX,
    int: ("__int__", *_INDEX, "__trunc__"),
    iter: ITERATION,
    len: ("__len__",),
    math.ceil: ("__ceil__",),
    math.floor: ("__floor__",),
    math.trunc: ("__trunc__",),
    operator.abs: ("__abs__",),
    oct: _INDEX,
    operator.index: _INDEX,
    operator.length_hint: ("__length_hint__",),
    os.fspath: ("__fspath__",),
    operator.inv: ("__invert__",),
    operator.invert: ("__invert__",),
    operator.neg: ("__neg__",),
    operator.not_: TRUTH,
    operator.pos: ("__pos__",),
    operator.truth: TRUTH,
    repr: ("__repr__",),
    reversed: ("__reversed__",),
    round: ("__round__",),
    str: TEXT,
}
#: Those that take a second argument, and look at the first alone.
_TAKES_MORE = {id(enumerate), id(format), id(round)}
_PLAIN = (int, str, type(None))
#: Those of math with one argument, which they make a float.
_FLOAT = ("__float__", *_INDEX)
SPECIALS.update(
    (getattr(math, name), _FLOAT)
    for name in (
        *("acos", "acosh", "asin", "asinh", "atan", "atanh", "cbrt", "cos", "cosh"),
        *("degrees", "erf", "erfc", "exp", "exp2", "expm1", "fabs", "frexp", "gamma"),
        *("isfinite", "isinf", "isnan", "lgamma", "log1p", "modf", "radians"),
        *("sin", "sinh", "sqrt", "tan", "tanh"),
    )
)
_BY_ID = {id(called): names for called, names in SPECIALS.items()}


def is_converter(called: Any) -> bool:
    """Whether it is one of :data:`SPECIALS`: it calls special methods and no others."""
    return id(called) in _BY_ID


def converted(called: Any, args: tuple[Any, ...], inside: Inside) -> Adapters | None:
    """Of a builtin of :data:`SPECIALS`."""
    names = _BY_ID.get(id(called))
    if names is None or not args:
        return None
    if len(args) > 1 and not (id(called) in _TAKES_MORE and type(args[1]) in _PLAIN):
        return None
    name = method_of(args[0], names, inside)
    return None if name is None else (again_of(called, name, *args),)


#: They call iter() of their first argument before anything else.
_CONSUMERS = {
    id(one): one
    for one in (all, any, frozenset, list, max, min, set, sorted, sum, tuple)
}
#: These ask it for its length, too.
_MEASURING = {id(list), id(sorted), id(tuple)}


def consuming(
    called: Any, args: tuple[Any, ...], kwargs: dict[str, Any], inside: Inside
) -> Adapters | None:
    """Of a builtin that takes all of an iterable: of ``__iter__`` alone."""
    if id(called) not in _CONSUMERS or not args:
        return None
    kind = type(args[0])
    lengths = [special(kind, name) for name in ("__len__", "__length_hint__")]
    measures = id(called) in _MEASURING and lengths != [None, None]
    alone = len(args) == 1 or called is sum
    if measures or not alone or not inside.is_method(kind, "__iter__"):
        return None
    operate = partial(called, **kwargs) if kwargs else called
    return (again_of(operate, "__iter__", *args),)


def again_of(operate: Any, name: str, value: Any, *rest: Any) -> Adapter:
    """Return what checks and converts what the special method of ``value`` gives."""
    return adapter(again, operate, name, named(type(value)), rest)


def method_of(value: Any, names: tuple[str, ...], inside: Inside) -> str | None:
    """Return which of the special methods of ``value`` runs, if it is the right one."""
    for name in names:
        method = special(type(value), name)
        if method is None or (names is not TRUTH and method is vars(object).get(name)):
            continue
        return name if inside.runs(method) and type(method) is FunctionType else None
    return None


@registered
def formatted(spec: Any) -> str:
    """Finish an f-string's replacement behind its conversion."""
    text = call()
    return format(text, spec)


def tested(value: Any, inside: Inside, wanted: bool) -> Adapters | None:
    """Of an instruction that tests whether ``value`` is as true as ``wanted``."""
    name = method_of(value, TRUTH, inside)
    return None if name is None else (adapter(truth, name, named(type(value)), wanted),)


def told_again(value: Any, name: str, inside: Inside) -> Adapters | None:
    """Of an instruction that runs again on an object with this special method."""
    if not inside.is_method(type(value), name):
        return None
    return (adapter(echoed, name, named(type(value))),)
