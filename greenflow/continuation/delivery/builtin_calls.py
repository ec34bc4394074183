"""Builtin functions that run Python code, and what they do behind it."""

from __future__ import annotations

import operator
import sys
from functools import partial
from types import CoroutineType, GeneratorType, UnionType
from typing import TYPE_CHECKING, Any

from greenflow.continuation.delivery import attributes, items, iterators, operators
from greenflow.continuation.delivery.adapters import (
    UNCHANGED,
    Adapters,
    adapter,
    checked,
    closed,
    is_true,
    printed,
    searched,
)
from greenflow.continuation.delivery.calls import rule, slot_rule
from greenflow.continuation.delivery.inside import is_a
from greenflow.continuation.delivery.specials import (
    TEXT,
    again_of,
    method_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenflow.continuation.delivery.inside import Inside

Args = tuple[Any, ...]

_OPERATORS = {
    "+": (operator.add, operator.iadd),
    "-": (operator.sub, operator.isub),
    "*": (operator.mul, operator.imul),
    "@": (operator.matmul, operator.imatmul),
    "/": (operator.truediv, operator.itruediv),
    "//": (operator.floordiv, operator.ifloordiv),
    "%": (operator.mod, operator.imod),
    "**": (operator.pow, operator.ipow),
    "<<": (operator.lshift, operator.ilshift),
    ">>": (operator.rshift, operator.irshift),
    "&": (operator.and_, operator.iand),
    "^": (operator.xor, operator.ixor),
    "|": (operator.or_, operator.ior),
}
_COMPARISONS = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
}
_SIGNS = {
    **{id(plain): sign for sign, (plain, _) in _OPERATORS.items()},
    **{id(in_place): f"{sign}=" for sign, (_, in_place) in _OPERATORS.items()},
    **{id(compare): sign for sign, compare in _COMPARISONS.items()},
    id(divmod): "divmod()",
    id(pow): "**",
}


def _binary(sign: str, args: Args, inside: Inside) -> Adapters | None:
    if sign == "**" and len(args) == 3:
        return _pow(args, inside)
    if len(args) != 2:
        return None
    if sign in _COMPARISONS:
        return operators.compared(sign, *args, inside)
    return operators.operated(sign, *args, inside)


def _pow(args: Args, inside: Inside) -> Adapters | None:
    """Of ``pow(base, exp, mod)`` of one object and two numbers."""
    base, *numbers = args
    plain = all(type(number) is int for number in numbers)
    if not plain or not inside.is_method(type(base), "__pow__"):
        return None
    return (again_of(pow, "__pow__", *args),)


def _add_operators() -> None:
    functions = [one for pair in _OPERATORS.values() for one in pair]
    for one in (*functions, *_COMPARISONS.values(), divmod, pow):
        rule(one)(partial(_binary, _SIGNS[id(one)]))


_add_operators()


# --- iterators ---


@rule(any)
def _any(args: Args, inside: Inside) -> Adapters | None:
    return _searched(args, inside, True)


@rule(all)
def _all(args: Args, inside: Inside) -> Adapters | None:
    return _searched(args, inside, False)


def _searched(args: Args, inside: Inside, wanted: bool) -> Adapters | None:
    found = iterators.consumed(args[0], inside) if len(args) == 1 else None
    if found is None:
        return None
    iterator, below = found
    return adapter(searched, iterator, wanted), *below


@rule(operator.contains)
def _contains(args: Args, inside: Inside) -> Adapters | None:
    if len(args) != 2:
        return None
    owner, value = args
    return items.contained(value, owner, inside, True)


# --- attributes ---


@rule(getattr)
def _getattr(args: Args, inside: Inside) -> Adapters | None:
    if len(args) == 3:
        return attributes.got_or(*args, inside)
    return attributes.got(*args, inside) if len(args) == 2 else None


@rule(hasattr)
def _hasattr(args: Args, inside: Inside) -> Adapters | None:
    return attributes.had(*args, inside) if len(args) == 2 else None


@rule(setattr)
def _setattr(args: Args, inside: Inside) -> Adapters | None:
    if len(args) != 3:
        return None
    return attributes.changed_by_call(args[0], args[1], "__setattr__", inside)


@rule(delattr)
def _delattr(args: Args, inside: Inside) -> Adapters | None:
    if len(args) != 2:
        return None
    return attributes.changed_by_call(*args, "__delattr__", inside)


@slot_rule("__getattribute__")
def _own_getattribute(args: Args, inside: Inside) -> Adapters | None:
    return attributes.found_directly(*args, inside) if len(args) == 2 else None


@slot_rule("__setattr__", "__delattr__")
def _own_setattr(args: Args, inside: Inside) -> Adapters | None:
    hook = "__setattr__" if len(args) == 3 else "__delattr__"
    return attributes.changed_by_call(args[0], args[1], hook, inside)


@slot_rule("__ne__")
def _own_ne(args: Args, inside: Inside) -> Adapters | None:
    return operators.unequal(args[0], inside) if len(args) == 2 else None


# --- items ---


@rule(operator.getitem)
def _getitem(args: Args, inside: Inside) -> Adapters | None:
    return items.got(args[0], args[1:], inside) if len(args) == 2 else None


@rule(operator.setitem)
def _setitem(args: Args, inside: Inside) -> Adapters | None:
    return items.item_set(*args, inside) if len(args) == 3 else None


@rule(operator.delitem)
def _delitem(args: Args, inside: Inside) -> Adapters | None:
    return items.item_deleted(*args, inside) if len(args) == 2 else None


# --- classes ---


@rule(isinstance)
def _isinstance(args: Args, inside: Inside) -> Adapters | None:
    return _checked(isinstance, args, "__instancecheck__", inside)


@rule(issubclass)
def _issubclass(args: Args, inside: Inside) -> Adapters | None:
    return _checked(issubclass, args, "__subclasscheck__", inside)


def _checked(check: Any, args: Args, name: str, inside: Inside) -> Adapters | None:
    if len(args) != 2:
        return None
    classes = tuple(_flat(args[1]))
    places = [i for i, one in enumerate(classes) if inside.is_method(type(one), name)]
    if len(places) > 1:
        places = [place for place in places if classes[place] is inside.first]
    if len(places) != 1:
        return None
    (place,) = places
    if place + 1 == len(classes):
        return (adapter(is_true, True),)
    return (adapter(checked, check, args[0], classes[place + 1 :]),)


def _flat(classes: Any) -> Iterator[Any]:
    """Give one class after the other, as they are asked."""
    if is_a(classes, tuple):
        for one in tuple.__iter__(classes):
            yield from _flat(one)
    elif type(classes) is UnionType:
        yield from classes.__args__
    else:
        yield classes


# --- text ---


@rule(print)
def _print(
    args: Args,
    inside: Inside,
    sep: str | None = None,
    end: str | None = None,
    file: Any = None,
    flush: bool = False,
) -> Adapters | None:
    """Only where it is certain which argument is at its turn."""
    file = sys.stdout if file is None else file
    turns = [
        number
        for number, value in enumerate(args)
        if method_of(value, TEXT, inside) is not None
    ]
    if len(turns) > 1:
        turns = [number for number in turns if args[number] is inside.first]
    if len(turns) != 1 or file is None or type(flush) is not bool:
        return None
    name = method_of(args[turns[0]], TEXT, inside) or ""
    sep, end = " " if sep is None else sep, "\n" if end is None else end
    rest = (args[turns[0] + 1 :], sep, end, file, flush)
    return adapter(printed, *rest), again_of(str, name, args[turns[0]])


# --- generators ---


@rule(next)
def _next(args: Args, inside: Inside) -> Adapters | None:
    return iterators.advanced(args[0], inside) if len(args) == 1 else None


_GENERATORS = (GeneratorType, CoroutineType)
_ADVANCING = [
    vars(kind)[name]
    for kind in _GENERATORS
    for name in ("send", "throw", "__next__")
    if name in vars(kind)
]


def advances(called: Any) -> bool:
    """Whether this is a generator's method that takes one step."""
    return any(called is method for method in _ADVANCING)


@rule(*_ADVANCING)
def _sent(args: Args, inside: Inside) -> Adapters | None:
    return UNCHANGED if args and args[0] is inside.what else None


@rule(*(vars(kind)["close"] for kind in _GENERATORS))
def _closed(args: Args, inside: Inside) -> Adapters | None:
    return (adapter(closed),) if args and args[0] is inside.what else None
