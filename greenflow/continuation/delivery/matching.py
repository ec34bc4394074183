"""Class patterns: what MATCH_CLASS does behind ``__instancecheck__`` or an attribute.

As Python/ceval.c (match_class) does it, the same from CPython 3.11 to 3.15.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenflow.continuation.delivery import attributes
from greenflow.continuation.delivery.adapters import (
    Adapters,
    adapter,
    call,
    registered,
    then,
)
from greenflow.continuation.delivery.inside import is_a, special

if TYPE_CHECKING:
    from greenflow.continuation.delivery.inside import Inside

_MATCH_SELF = 1 << 22
Names = tuple[str, ...]


@registered
def class_matched(subject: Any, cls: Any, names: Names, count: int) -> Any:
    """Finish a class pattern behind ``isinstance(subject, cls)``."""
    value = call()
    if not value:
        return None
    found, left = positional(subject, cls, count)
    return attributes_matched(subject, cls, (*left, *names), found, ())


@registered
def attribute_matched(subject: Any, cls: Any, names: Names) -> Any:
    """Finish a class pattern behind its first attribute."""
    try:
        value = call()
    except AttributeError:
        return None
    return attributes_matched(subject, cls, names[1:], (value,), names[:1])


@registered
def attributes_matched(
    subject: Any, cls: Any, names: Names, found: tuple[Any, ...], seen: Names
) -> Any:
    """Look up what is left of the attributes; None if one is not there."""
    for name in names:
        if name in seen:
            kind = cls.__name__
            raise TypeError(
                f"{kind}() got multiple sub-patterns for attribute {name!r}"
            )
        try:
            value = getattr(subject, name)
        except AttributeError:
            return None
        seen, found = (*seen, name), (*found, value)
    return found


@registered
def positional(subject: Any, cls: Any, count: int) -> tuple[tuple[Any, ...], Names]:
    """Return the subject itself if a pattern is for it, or the attributes they name."""
    if not count:
        return (), ()
    by_itself = False
    try:
        names = cls.__match_args__
    except AttributeError:
        names, by_itself = (), bool(cls.__flags__ & _MATCH_SELF)
    if type(names) is not tuple:
        given = type(names).__name__
        raise TypeError(f"{cls.__name__}.__match_args__ must be a tuple (got {given})")
    allowed = 1 if by_itself else len(names)
    if allowed < count:
        many = "" if allowed == 1 else "s"
        raise TypeError(
            f"{cls.__name__}() accepts {allowed} positional sub-pattern{many} "
            f"({count} given)"
        )
    if by_itself:
        return (subject,), ()
    for name in names[:count]:
        if type(name) is not str:
            given = type(name).__name__
            raise TypeError(f"__match_args__ elements must be strings (got {given})")
    return (), names[:count]


# --- the rule ---


def matched(
    subject: Any, cls: Any, names: Names, count: int, inside: Inside
) -> Adapters | None:
    """Of a class pattern: of its attributes the first ones are in variables of C."""
    if not is_a(cls, type):
        return None
    checks = inside.is_method(type(cls), "__instancecheck__")
    if count:
        by_position = special(cls, "__match_args__")
        if type(by_position) is not tuple or len(by_position) < count:
            return None if not checks else _checked(subject, cls, names, count)
        left = (*by_position[:count], *names)
    else:
        left = names
    known = all(type(name) is str for name in left)
    running = [n for n in left if attributes.got(subject, n, inside) is not None]
    if checks:
        return _checked(subject, cls, names, count) if not running else None
    if not known or len(set(left)) != len(left) or running != list(left[:1]):
        return None
    below = attributes.got(subject, left[0], inside)
    return then(below, attribute_matched, subject, cls, left)


def _checked(subject: Any, cls: Any, names: Names, count: int) -> Adapters:
    return (adapter(class_matched, subject, cls, names, count),)
