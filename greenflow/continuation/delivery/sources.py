"""Whether C code may run the frame inside in another way than the one that was found.

One function may be called from several places of one step: in ``map(f, filter(f, x))``
nothing tells which of the two calls waits. A rule that found one place asks here about
the others, and what is in doubt is refused.
"""

from __future__ import annotations

import itertools
from types import FunctionType, GeneratorType
from typing import TYPE_CHECKING, Any

from greenflow.continuation.delivery import calls
from greenflow.continuation.delivery.adapters import Adapters
from greenflow.continuation.delivery.inside import (
    Inside,
    is_a,
    may_be_special,
    special,
)
from greenflow.continuation.delivery.specials import is_converter
from greenflow.continuation.frames import Operation
from greenflow.continuation.itertools_state import state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: Iterators that run no Python code, or only in a frame of its own.
_VIEWS: tuple[Any, ...] = ({}.items(), {}.values(), range(1), range(1 << 65))
_PLAIN = {
    *(type(iter(made())) for made in (list, tuple, str, bytes, bytearray, set, dict)),
    *(type(iter(view)) for view in _VIEWS),
    *(type(iter("\u0100")), type(reversed([])), type(reversed({}))),
    *(itertools.count, itertools.repeat),
}

#: What a part of a step makes of the frame inside, and whether it may run it at all.
Part = tuple[Adapters | None, bool]


def only(*parts: Part) -> Adapters | None:
    """Return the one answer, if no other part may run the frame."""
    found = [answer for answer, _ in parts if answer is not None]
    doubtful = any(may for answer, may in parts if answer is None)
    return found[0] if len(found) == 1 and not doubtful else None


def may_call(function: Any, inside: Inside) -> bool:
    """Whether calling ``function`` may run this very frame, with none in between."""
    function, *_ = calls.unwrapped(function, None, None)
    if type(function) in (FunctionType, Operation):
        return inside.runs(function)
    if function is None:
        return False
    if is_converter(function):
        return may_be_special(inside)
    if calls.is_plain_class(function):
        return _may_make(function, inside)
    return True


def _may_make(cls: type, inside: Inside) -> bool:
    new = special(cls, "__new__")
    new = new.__func__ if type(new) is staticmethod else new
    known = type(new) is FunctionType or new is object.__new__
    return not known or inside.runs(new) or inside.is_method(cls, "__init__")


def may_step(iterator: Any, inside: Inside) -> bool:
    """Whether a step of ``iterator`` may run this very frame from C."""
    kind = type(iterator)
    if kind in _PLAIN:
        return False
    if kind is GeneratorType or is_a(iterator, GeneratorType):
        return iterator is inside.what
    if type(special(kind, "__next__")) is FunctionType:
        return inside.is_method(kind, "__next__")
    parts = _PARTS.get(kind)
    if parts is None or may_be_special(inside):
        return True
    functions, iterators = parts(iterator)
    return may_any_step(iterators, inside) or any(
        may_call(one, inside) for one in functions
    )


def may_any_step(iterators: Iterable[Any], inside: Inside) -> bool:
    """Whether a step of one of them may."""
    return any(may_step(one, inside) for one in iterators)


# --- what iterators made in C call, and what they go over ---

_Parts = tuple[tuple[Any, ...], tuple[Any, ...]]


def _reduced(iterator: Any) -> _Parts:
    _, (function, *sources) = iterator.__reduce__()[:2]
    return (function,), tuple(sources)


def _first_two(iterator: Any) -> _Parts:
    function, source, *_ = state_of(iterator)
    return function, source


def _enumerated(iterator: Any) -> _Parts:
    return (), (iterator.__reduce__()[1][0],)


def _zipped(iterator: Any) -> _Parts:
    return (), tuple(iterator.__reduce__()[1])


def _sliced(iterator: Any) -> _Parts:
    return (), state_of(iterator)[0]


def _chained(iterator: Any) -> _Parts:
    source, active = state_of(iterator)
    return (), (*source, *active)


def _accumulated(iterator: Any) -> _Parts:
    _, source, function, _ = state_of(iterator)
    return function, source


_PARTS: dict[type, Callable[[Any], _Parts]] = {
    map: _reduced,
    filter: _reduced,
    enumerate: _enumerated,
    zip: _zipped,
    itertools.accumulate: _accumulated,
    itertools.chain: _chained,
    itertools.dropwhile: _first_two,
    itertools.filterfalse: _first_two,
    itertools.islice: _sliced,
    itertools.starmap: _first_two,
    itertools.takewhile: _first_two,
}
