"""Calls of every kind: what of them is left to do behind the frame inside."""

from __future__ import annotations

import operator
from functools import partial
from types import (
    BuiltinMethodType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    WrapperDescriptorType,
)
from typing import TYPE_CHECKING, Any

from greenflow.continuation.delivery import indexing
from greenflow.continuation.delivery.adapters import (
    UNCHANGED,
    Adapters,
    adapter,
    created,
    initialised,
)
from greenflow.continuation.delivery.inside import (
    Inside,
    is_a,
    keeps_first,
    special,
)
from greenflow.continuation.delivery.specials import (
    consuming,
    converted,
    is_converter,
)
from greenflow.continuation.frames import Operation

if TYPE_CHECKING:
    from collections.abc import Callable

    #: (arguments, the frame inside) -> what is left to do. Calls with arguments that
    #: are not known are not told, of those with keywords print() alone is.
    Rule = Callable[..., Adapters | None]


_rules: dict[int, tuple[Any, Rule]] = {}
_slots: dict[str, Rule] = {}
_types: dict[type, Rule] = {}


def rule(*called: Any) -> Callable[[Rule], Rule]:
    """Make a function the rule of these builtins, compared by identity."""

    def add(function: Rule) -> Rule:
        _rules.update((id(one), (one, function)) for one in called)
        return function

    return add


def type_rule(kind: type) -> Callable[[Rule], Rule]:
    """Make a function the rule of calling objects of exactly this type."""

    def add(function: Rule) -> Rule:
        _types[kind] = function
        return function

    return add


def slot_rule(*names: str) -> Callable[[Rule], Rule]:
    """Make a function the rule of object's and type's own special methods."""

    def add(function: Rule) -> Rule:
        _slots.update(dict.fromkeys(names, function))
        return function

    return add


def called(
    value: Any,
    args: tuple[Any, ...] | None,
    kwargs: dict[str, Any] | None,
    inside: Inside,
) -> Adapters | None:
    """Of ``value(*args, **kwargs)``; None for what of these is not known."""
    value, args, kwargs = unwrapped(value, args, kwargs)
    if type(value) is Operation or type(value) is FunctionType:
        return UNCHANGED if inside.runs(value) else None
    if is_plain_class(value):
        made = constructed(value, args, kwargs, inside)
        if made is not None:
            return made
    elif inside.is_method(type(value), "__call__"):
        return UNCHANGED
    if args is None or kwargs is None:
        return None
    value, args = _with_receiver(value, args)
    return _by_rules(value, *_by_position(value, args, kwargs), inside)


def _by_rules(
    value: Any, args: tuple[Any, ...], kwargs: dict[str, Any], inside: Inside
) -> Adapters | None:
    if type(value) in _types:
        return None if kwargs else _types[type(value)](value, args, inside)
    if kwargs and value is not print:
        return consuming(value, args, kwargs, inside)
    found = _rule_of(value)
    answer = None if found is None else found(args, inside, **kwargs)
    if answer is None:
        answer = converted(value, args, inside)
    if answer is None:
        answer = indexing.called(value, args, inside)
    return consuming(value, args, {}, inside) if answer is None else answer


def called_with_first(value: Any, inside: Inside) -> Adapters | None:
    """Of calling C code with one argument, which the frame inside has for its first."""
    code = getattr(inside.what, "__code__", None)
    if code is None or not (is_converter(value) or type(value) in _types):
        return None
    return called(value, (inside.first,), {}, inside) if keeps_first(code) else None


def unwrapped(
    value: Any, args: tuple[Any, ...] | None, kwargs: dict[str, Any] | None
) -> tuple[Any, tuple[Any, ...] | None, dict[str, Any] | None]:
    """Return what a bound method or partial() really calls, and with what."""
    while True:
        if type(value) is MethodType or type(value) is MethodWrapperType:
            args = None if args is None else (value.__self__, *args)
            value = _unbound(value)
        elif type(value) is partial:
            args = None if args is None else (*value.args, *args)
            kwargs = None if kwargs is None else {**value.keywords, **kwargs}
            value = value.func
        elif type(value) is staticmethod:
            value = value.__func__
        elif args and (value is operator.call or _is_call_of(value, args[0])):
            value, *rest = args
            args = tuple(rest)
        else:
            return value, args, kwargs


def _with_receiver(value: Any, args: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """Return the method of a C type that is bound, and its arguments."""
    if type(value) is not BuiltinMethodType:
        return value, args
    owner, name = value.__self__, value.__name__
    method = special(type(owner), name)
    if type(method) is MethodDescriptorType and method.__get__(owner) == value:
        return method, (owner, *args)
    return value, args


def _by_position(
    value: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return a builtin's arguments by position, as far as they follow each other."""
    left = dict(kwargs)
    for name in _NAMES.get(id(value), ())[len(args) :]:
        if name not in left:
            break
        args = (*args, left.pop(name))
    return args, left


#: The names of what some builtins take.
_NAMES = {
    id(enumerate): ("iterable", "start"),
    id(int): ("", "base"),
    id(pow): ("base", "exp", "mod"),
    id(round): ("number", "ndigits"),
    id(str): ("object",),
    id(sum): ("", "start"),
}


def _unbound(value: Any) -> Any:
    if type(value) is MethodType:
        return value.__func__
    return special(value.__objclass__, value.__name__)


def _is_call_of(value: Any, called: Any) -> bool:
    """Whether it is the ``__call__`` made in C that calling ``called`` is."""
    if type(value) is not WrapperDescriptorType or value.__name__ != "__call__":
        return False
    return special(type(called), "__call__") is value


def _rule_of(value: Any) -> Rule | None:
    kept = _rules.get(id(value))
    if kept is not None:
        return kept[1]
    if type(value) is WrapperDescriptorType and value.__objclass__ in (object, type):
        return _slots.get(value.__name__)
    return None


# --- classes ---


def is_plain_class(value: Any) -> bool:
    """Whether it is a class that type.__call__ makes objects of."""
    if not is_a(value, type):
        return False
    return special(type(value), "__call__") is vars(type)["__call__"]


def constructed(
    cls: type,
    args: tuple[Any, ...] | None,
    kwargs: dict[str, Any] | None,
    inside: Inside,
) -> Adapters | None:
    """Of ``type.__call__``: ``__new__`` and ``__init__``."""
    if runs_init(cls, inside):
        return (adapter(initialised, inside.first),)
    new = special(cls, "__new__")
    new = new.__func__ if type(new) is staticmethod else new
    if inside.runs(new) and args is not None and kwargs is not None:
        return (adapter(created, cls, args, kwargs),)
    return None


def runs_init(cls: type, inside: Inside) -> bool:
    """Whether ``__init__`` runs, and its first argument is still the new instance."""
    if not inside.is_method(cls, "__init__") or not is_a(inside.first, cls):
        return False
    return keeps_first(inside.what.__code__)
