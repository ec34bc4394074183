"""Calls, iteration and ``with``: how these instructions take a result."""

from __future__ import annotations

import operator
from types import (
    BuiltinMethodType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
)
from typing import Any

from greenflow.continuation.delivery import (
    awaiting,
    builtin_calls,
    calls,
    iterators,
    specials,
)
from greenflow.continuation.delivery.adapters import adapter, initialised
from greenflow.continuation.delivery.answers import (
    CALL_NEXT,
    INIT,
    NEXT,
    PUSH,
    SEND,
    Answer,
    Rule,
    Waiting,
    again,
    taken,
)
from greenflow.continuation.delivery.inside import Inside, special
from greenflow.continuation.frames import WITH_EXIT_IN_SLOT


def call(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of CALL and CALL_KW."""
    value, *arguments = waiting.operands
    names = waiting.keywords()
    count = len(arguments) - len(names)
    args, named = tuple(arguments[:count]), arguments[count:]
    kwargs = dict(zip(names, named, strict=True))
    answer = called(value, args, kwargs, inside)
    if value is operator.call and args:
        value = args[0]
    if answer is None and value is inside.first and not _called_from_c(value):
        # A bound method or a partial() lends this slot to the argument it puts first
        # while it calls (Objects/classobject.c, Modules/_functoolsmodule.c). An object
        # that C code could call is not believed to be such an argument.
        return Answer(PUSH)
    return answer


def _called_from_c(value: Any) -> bool:
    call = special(type(value), "__call__")
    return call is not None and type(call) is not FunctionType


def call_ex(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of a call whose arguments are not known."""
    return called(waiting.operands[0], None, None, inside)


def called(value: Any, args: Any, kwargs: Any, inside: Inside) -> Answer | None:
    """Of calling ``value``, where its result is taken."""
    if calls.is_plain_class(value) and calls.runs_init(value, inside):
        return Answer(INIT, (inside.first,))
    value, args, kwargs = calls.unwrapped(value, args, kwargs)
    advancing = _next(value, args, kwargs, inside)
    return advancing or taken(calls.called(value, args, kwargs, inside))


def _next(value: Any, args: Any, kwargs: Any, inside: Inside) -> Answer | None:
    """Of ``next(iterator[, default])`` and of ``generator.send()`` and its kin."""
    name, owner = _method(value)
    if owner is inside.what and inside.is_generator():
        return Answer(CALL_NEXT) if name in {"send", "throw"} else None
    if not args or kwargs:
        return None
    if name in {"send", "throw"} and args[0] is not inside.what:
        step = args[0] if type(value) is MethodDescriptorType else owner
        return taken(awaiting.stepped(step, inside))
    if value is next:
        adapters = iterators.advanced(args[0], inside)
        return taken(adapters, CALL_NEXT, args[1:])
    if args[0] is inside.what and builtin_calls.advances(value):
        return Answer(CALL_NEXT)
    return None


_METHODS = (BuiltinMethodType, MethodDescriptorType, MethodType, MethodWrapperType)


def _method(value: Any) -> tuple[str, Any]:
    """Return the name of a method, and what it is bound to."""
    if type(value) not in _METHODS:
        return "", None
    return value.__name__, getattr(value, "__self__", None)


# --- iteration ---


def for_iter(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of FOR_ITER."""
    adapters = iterators.advanced(waiting.operands[0], inside)
    return taken(adapters, NEXT)


def send(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of SEND: ``yield from`` and ``await``."""
    operand = waiting.operands[0]
    if operand is inside.what:
        return Answer(SEND)
    if inside.is_method(type(operand), "send"):
        return Answer(SEND)
    adapters = iterators.advanced(operand, inside)
    return taken(adapters, SEND)


def iterated(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of GET_ITER."""
    return again(specials.told_again(waiting.operands[0], "__iter__", inside))


def awaited(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of GET_AWAITABLE."""
    return again(specials.told_again(waiting.operands[0], "__await__", inside))


def async_iterated(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of GET_AITER."""
    return again(specials.told_again(waiting.operands[0], "__aiter__", inside))


def async_next(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of GET_ANEXT."""
    if not inside.is_method(type(waiting.operands[0]), "__anext__"):
        return None
    return Answer(PUSH, adapters=(adapter(awaiting.next_awaited),))


def raised(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of ``raise C``, which makes an exception of the class."""
    cls = waiting.operands[0]
    if not calls.is_plain_class(cls) or not calls.runs_init(cls, inside):
        return None
    return again((adapter(initialised, inside.first),))


# --- with ---


def entering(enter: str, leave: str) -> Rule:
    """Of ``__enter__`` or ``__aenter__``, behind which the other method is kept."""

    def rule(waiting: Waiting, inside: Inside) -> Answer | None:
        operand = waiting.operands[0]
        if WITH_EXIT_IN_SLOT:
            manager = operand.__self__ if type(operand) is MethodType else None
            return Answer(PUSH) if inside.is_method(type(manager), enter) else None
        exit_ = special(type(operand), leave)
        entered = inside.is_method(type(operand), enter)
        if not entered or type(exit_) is not FunctionType:
            return None
        return Answer(PUSH, (), (MethodType(exit_, operand),))

    return rule


def leave(waiting: Waiting, inside: Inside) -> Answer | None:
    """Of ``__exit__`` while an exception is handled."""
    return taken(calls.called(waiting.operands[0], None, None, inside))
