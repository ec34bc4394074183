"""Calls of every kind: what of them is left to do behind the frame inside."""

from __future__ import annotations

import dis
import inspect
import operator
from functools import partial
from types import (
    CodeType,
    FunctionType,
    MethodType,
    MethodWrapperType,
    WrapperDescriptorType,
)
from typing import TYPE_CHECKING, Any

from greenflow.continuation.delivery.adapters import (
    UNCHANGED,
    Adapters,
    adapter,
    created,
    initialised,
)
from greenflow.continuation.delivery.inside import Inside, special
from greenflow.continuation.delivery.specials import converted
from greenflow.continuation.frames import Operation

if TYPE_CHECKING:
    from collections.abc import Callable

    #: (arguments, the frame inside) -> what is left to do. Calls with arguments that
    #: are not known are not told, of those with keywords print() alone is.
    Rule = Callable[..., Adapters | None]


_rules: dict[int, tuple[Any, Rule]] = {}
_slots: dict[str, Rule] = {}


def rule(*called: Any) -> Callable[[Rule], Rule]:
    """Make a function the rule of these builtins, compared by identity."""

    def add(function: Rule) -> Rule:
        _rules.update((id(one), (one, function)) for one in called)
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
    if isinstance(value, Operation | FunctionType):
        return UNCHANGED if inside.runs(value) else None
    if isinstance(value, type) and type(value).__call__ is type.__call__:
        made = constructed(value, args, kwargs, inside)
        if made is not None:
            return made
    elif inside.is_method(type(value), "__call__"):
        return UNCHANGED
    found = _rule_of(value)
    if args is None or kwargs is None or (kwargs and value is not print):
        return None
    answer = None if found is None else found(args, inside, **kwargs)
    return converted(value, args, inside) if answer is None else answer


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
        elif (value is operator.call and args) or (
            _calls_a_type(value) and args and isinstance(args[0], type)
        ):
            value, *rest = args
            args = tuple(rest)
        else:
            return value, args, kwargs


def _unbound(value: Any) -> Any:
    if type(value) is MethodType:
        return value.__func__
    return special(value.__objclass__, value.__name__)


def _calls_a_type(value: Any) -> bool:
    return value is vars(type)["__call__"]


def _rule_of(value: Any) -> Rule | None:
    kept = _rules.get(id(value))
    if kept is not None:
        return kept[1]
    if type(value) is WrapperDescriptorType and value.__objclass__ in (object, type):
        return _slots.get(value.__name__)
    return None


# --- classes ---


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
    if not inside.is_method(cls, "__init__") or not isinstance(inside.first, cls):
        return False
    return keeps_first(inside.what.__code__)


def keeps_first(code: CodeType) -> bool:
    """Whether the first argument of a frame of ``code`` is what it was called with."""
    if code.co_argcount == 0 and not code.co_flags & inspect.CO_VARARGS:
        return False
    first = 0 if code.co_argcount else code.co_kwonlyargcount
    return not rebinds(code, code.co_varnames[first])


def rebinds(code: CodeType, name: str) -> bool:
    """Whether ``code``, or code nested in it, may give another value to ``name``."""
    for instruction in dis.get_instructions(code):
        stores = instruction.opname.startswith(("STORE_", "DELETE_", "LOAD_FAST_AND"))
        if stores and instruction.argval == name:
            return True
    return any(
        rebinds(nested, name)
        for nested in code.co_consts
        if isinstance(nested, CodeType) and name in nested.co_freevars
    )
