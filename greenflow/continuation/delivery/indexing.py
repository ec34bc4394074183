"""Where C code asks ``__index__`` of one of several operands or arguments.

It runs once more, with an object in that place whose ``__index__`` gives the same. That
is right where it converts before it does anything else, and nothing else in Python.
"""

from __future__ import annotations

import collections
import operator
from types import FunctionType
from typing import TYPE_CHECKING, Any

from greenflow.continuation.delivery.adapters import (
    Adapters,
    adapter,
    call,
    echo,
    named,
    registered,
)
from greenflow.continuation.delivery.inside import Inside, special

if TYPE_CHECKING:
    from collections.abc import Callable

Args = tuple[Any, ...]

_INDEX = "__index__"
#: Their places are found by an index.
_SEQUENCES = (list, tuple, str, bytes, bytearray, range, memoryview, collections.deque)
_TEXTS = (str, bytes, bytearray)
_CALLED: dict[int, Any] = {
    id(one): one
    for one in (
        *(bin, bytearray, bytes, chr, hex, int, oct, range, round),
        *(list.insert, list.pop, bytearray.insert, bytearray.pop),
        *(getattr(kind, n) for kind in _TEXTS for n in ("center", "ljust", "rjust")),
        *(getattr(kind, "zfill") for kind in _TEXTS),  # noqa: B009
    )
}


@registered
def again_among(
    operate: Callable[..., Any], before: Args, kind: tuple[str, str, str], after: Args
) -> Any:
    """Let C code go on with what ``__index__`` of one of its operands gave."""
    value = call()
    return operate(*before, echo("__index__", kind, value), *after)


def indexed(operate: Callable[..., Any], args: Args, inside: Inside) -> Adapters | None:
    """Of ``operate(*args)``, if one argument alone has an ``__index__`` in Python."""
    places = [
        place
        for place, value in enumerate(args)
        if type(special(type(value), _INDEX)) is FunctionType
    ]
    if len(places) != 1 or not inside.is_method(type(args[places[0]]), _INDEX):
        return None
    (place,) = places
    kind = named(type(args[place]))
    rest = args[:place], kind, args[place + 1 :]
    return (adapter(again_among, operate, *rest),)


def called(value: Any, args: Args, inside: Inside) -> Adapters | None:
    """Of a builtin that takes numbers."""
    return indexed(value, args, inside) if id(value) in _CALLED else None


def _is_indexed(owner: Any, name: str) -> bool:
    found = special(type(owner), name)
    return any(name in vars(kind) and found is vars(kind)[name] for kind in _SEQUENCES)


def item_got(owner: Any, key: Any, inside: Inside) -> Adapters | None:
    """Of ``owner[key]``."""
    if not _is_indexed(owner, "__getitem__"):
        return None
    return indexed(operator.getitem, (owner, key), inside)


def item_set(owner: Any, key: Any, value: Any, inside: Inside) -> Adapters | None:
    """Of ``owner[key] = value``."""
    if not _is_indexed(owner, "__setitem__") or not _is_indexed(owner, "__getitem__"):
        return None
    fixed = type(special(type(value), _INDEX)) is not FunctionType
    return indexed(operator.setitem, (owner, key, value), inside) if fixed else None


def item_deleted(owner: Any, key: Any, inside: Inside) -> Adapters | None:
    """Of ``del owner[key]``."""
    if not _is_indexed(owner, "__delitem__"):
        return None
    return indexed(operator.delitem, (owner, key), inside)


def repeated(sign: str, left: Any, right: Any, inside: Inside) -> Adapters | None:
    """Of ``left * right`` of a sequence and a number."""
    operate = {"*": operator.mul, "*=": operator.imul}.get(sign)
    if operate is None or not any(_is_indexed(one, "__mul__") for one in (left, right)):
        return None
    return indexed(operate, (left, right), inside)
