"""Values that hold another one, each in a way of its own."""

from __future__ import annotations

import contextvars
from typing import Any

from greenflow import suspend

HELD: contextvars.ContextVar[Any] = contextvars.ContextVar("HELD")


def closure(held):
    def inner():
        return held

    return inner


def uses_a_global(held):
    namespace = {"held": held, "other": 1}
    exec("def uses(): return held, other", namespace)
    return namespace["uses"]


def default(held, x=None):
    def inner(a=1, b=held, *, c=2):
        return a, b, c

    return inner


def generator(held):
    yield held
    yield held


def begun(held):
    made = generator(held)
    next(made)
    return made


def delegating(held):
    def outer(inner):
        yield from inner.pop()

    made = outer([begun(held)])
    next(made)
    return made


def waits(held):
    suspend()
    return held


def in_a_context(held):
    context = contextvars.Context()
    context.run(HELD.set, held)
    return context


def error(held):
    return ValueError("x", held)


def caused(held):
    made = ValueError("x")
    made.__cause__ = KeyError(held)
    return made


def local_class(held):
    class Local:
        attribute = held

    return Local
