"""Iterators: one step of them, and what takes all that they give.

Of an iterator made in C, a step is finished only where all that it has done so far can
be told. That is so as long as nothing that it took before is in a variable of C.
"""

from __future__ import annotations

from types import FunctionType, GeneratorType
from typing import TYPE_CHECKING, Any

from greenflow.continuation.delivery import stepping
from greenflow.continuation.delivery.adapters import UNCHANGED, Adapters
from greenflow.continuation.delivery.awaiting import stepped
from greenflow.continuation.delivery.inside import Inside, special

if TYPE_CHECKING:
    from collections.abc import Callable

    Rule = Callable[[Any, Inside], Adapters | None]

_CO_GENERATOR = 0x20

_steps: dict[type, Rule] = {}


def step_rule(kind: type) -> Callable[[Rule], Rule]:
    """Make a function the rule of a step of iterators of exactly this type."""

    def add(function: Rule) -> Rule:
        _steps[kind] = function
        return function

    return add


def _iter_itself(self: Any) -> Any:
    return self


def advanced(iterator: Any, inside: Inside) -> Adapters | None:
    """Of one step of ``iterator``."""
    if iterator is inside.what and isinstance(inside.what, GeneratorType):
        return UNCHANGED
    if inside.is_method(type(iterator), "__next__"):
        return UNCHANGED
    awaited = stepped(iterator, inside)
    if awaited is not None:
        return awaited
    finish = _steps.get(type(iterator))
    if finish is None or not stepping.are_known():
        return None
    return finish(iterator, inside)


def consumed(iterable: Any, inside: Inside) -> tuple[Any, Adapters] | None:
    """Return the iterator that C code has of ``iterable``, and the rest of its step."""
    cls = type(iterable)
    iterate = special(cls, "__iter__")
    if type(iterate) is FunctionType:
        # The iterator is in a variable of C; a generator of this very code is it.
        code = getattr(inside.what, "gi_code", None)
        generates = iterate.__code__.co_flags & _CO_GENERATOR
        if generates and iterate.__code__ is code:
            return inside.what, UNCHANGED
        itself = iterate.__code__.co_code == _iter_itself.__code__.co_code
        if itself and inside.is_method(cls, "__next__"):
            return iterable, UNCHANGED
        return None
    if special(cls, "__next__") is None:
        return None
    below = advanced(iterable, inside)
    return None if below is None else (iterable, below)
