"""Iterators: one step of them, and what takes all that they give.

Of an iterator made in C, a step is finished only where all that it has done so far can
be told. That is so as long as nothing that it took before is in a variable of C.
"""

from __future__ import annotations

import itertools
from types import FunctionType, GeneratorType
from typing import TYPE_CHECKING, Any

from greenflow.continuation.delivery import stepping
from greenflow.continuation.delivery.adapters import UNCHANGED, Adapters, adapter, then
from greenflow.continuation.delivery.awaiting import stepped
from greenflow.continuation.delivery.calls import called, keeps_first
from greenflow.continuation.delivery.inside import Inside, special
from greenflow.continuation.itertools_state import state_of

if TYPE_CHECKING:
    from collections.abc import Callable

_CO_GENERATOR = 0x20
#: Iterators that run no Python code, or only in a frame of its own.
_VIEWS: tuple[Any, ...] = ({}.items(), {}.values(), range(1), range(1 << 65))
_PLAIN = {
    *(type(iter(made())) for made in (list, tuple, str, bytes, bytearray, set, dict)),
    *(type(iter(view)) for view in _VIEWS),
    *(itertools.count, itertools.repeat),
}
_CALLABLE_ITERATOR = type(iter(int, 1))
_SEQUENCE_ITERATOR = type(iter(type("", (), {"__getitem__": None})()))


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
    finish = _STEPS.get(type(iterator))
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


# --- iterators made in C ---


def _map(iterator: Any, inside: Inside) -> Adapters | None:
    _, (function, *sources) = iterator.__reduce__()[:2]
    passed = called(function, None, None, inside)
    if passed is not None:
        return passed
    if len(sources) != 1:
        return None
    return then(advanced(sources[0], inside), stepping.mapped, function)


def _starmap(iterator: Any, inside: Inside) -> Adapters | None:
    (function,), (source,) = state_of(iterator)
    passed = called(function, None, None, inside)
    if passed is not None:
        return passed
    return then(advanced(source, inside), stepping.star_mapped, function)


def _filter(iterator: Any, inside: Inside) -> Adapters | None:
    function, source = iterator.__reduce__()[1]
    return _selected(function, source, inside, True)


def _filterfalse(iterator: Any, inside: Inside) -> Adapters | None:
    (function,), (source,) = state_of(iterator)
    return _selected(function, source, inside, False)


def _selected(
    function: Any, source: Any, inside: Inside, wanted: bool
) -> Adapters | None:
    rest = (function, source, wanted)
    below = advanced(source, inside)
    if below is not None:
        return (adapter(stepping.selected, *rest), *below)
    item = _asked(function, inside)
    return None if item is None else (adapter(stepping.chosen, *item, *rest),)


def _asked(function: Any, inside: Inside) -> tuple[Any] | None:
    """Return what ``function`` was called with, if its frame still has it."""
    if type(function) is not FunctionType or not inside.runs(function):
        return None
    return (inside.first,) if keeps_first(function.__code__) else None


def _takewhile(iterator: Any, inside: Inside) -> Adapters | None:
    (function,), (source,), stopped = state_of(iterator)
    if stopped:
        return None
    below = advanced(source, inside)
    if below is not None:
        return (adapter(stepping.taken, iterator, function), *below)
    item = _asked(function, inside)
    return None if item is None else (adapter(stepping.let, iterator, *item),)


def _dropwhile(iterator: Any, inside: Inside) -> Adapters | None:
    (function,), (source,), started = state_of(iterator)
    below = advanced(source, inside)
    if below is not None:
        return below if started else (adapter(stepping.dropped, iterator), *below)
    item = _asked(function, inside)
    if started or item is None:
        return None
    return (adapter(stepping.passed_over, iterator, *item),)


def _enumerate(iterator: Any, inside: Inside) -> Adapters | None:
    source, _ = iterator.__reduce__()[1]
    return then(advanced(source, inside), stepping.numbered, iterator)


def _zip(iterator: Any, inside: Inside) -> Adapters | None:
    _, (first, *others), *strict = iterator.__reduce__()
    if (strict and others) or any(_may_run(one, inside) for one in others):
        return None
    return then(advanced(first, inside), stepping.zipped, tuple(others))


def _may_run(iterator: Any, inside: Inside) -> bool:
    """Whether a step of ``iterator`` may run this very frame from C."""
    if type(iterator) in _PLAIN or isinstance(iterator, GeneratorType):
        return iterator is inside.what
    own = type(special(type(iterator), "__next__")) is FunctionType
    return not own or inside.is_method(type(iterator), "__next__")


def _chain(iterator: Any, inside: Inside) -> Adapters | None:
    _, active = state_of(iterator)
    if not active or active[0] is not inside.what:
        return None  # one that ended must end again
    return (adapter(stepping.chained, iterator),)


def _islice(iterator: Any, inside: Inside) -> Adapters | None:
    state = state_of(iterator)
    if not state[0]:
        return None
    (source,) = state[0]
    return then(advanced(source, inside), stepping.sliced, iterator, state)


def _accumulate(iterator: Any, inside: Inside) -> Adapters | None:
    total, (source,), function, _ = state_of(iterator)
    below = advanced(source, inside)
    if below is not None:
        return (adapter(stepping.added, iterator), *below)
    if not function or not total:
        return None
    below = called(function[0], None, None, inside)
    return then(below, stepping.totalled, iterator)


def _reversed(iterator: Any, inside: Inside) -> Adapters | None:
    state = iterator.__reduce__()
    if len(state) < 3 or not inside.is_method(type(state[1][0]), "__getitem__"):
        return None
    return (adapter(stepping.reversed_one, iterator, state[2], state[1][0]),)


def _sequence(iterator: Any, inside: Inside) -> Adapters | None:
    state = iterator.__reduce__()
    if len(state) < 3 or not inside.is_method(type(state[1][0]), "__getitem__"):
        return None
    return (adapter(stepping.got_one, iterator, state[2]),)


def _callable(iterator: Any, inside: Inside) -> Adapters | None:
    state = iterator.__reduce__()[1]
    if len(state) != 2:
        return None
    function, sentinel = state
    below = called(function, (), {}, inside)
    return then(below, stepping.until, iterator, sentinel)


_STEPS: dict[type, Callable[[Any, Inside], Adapters | None]] = {
    map: _map,
    filter: _filter,
    enumerate: _enumerate,
    zip: _zip,
    reversed: _reversed,
    itertools.accumulate: _accumulate,
    itertools.chain: _chain,
    itertools.dropwhile: _dropwhile,
    itertools.filterfalse: _filterfalse,
    itertools.islice: _islice,
    itertools.starmap: _starmap,
    itertools.takewhile: _takewhile,
    _CALLABLE_ITERATOR: _callable,
    _SEQUENCE_ITERATOR: _sequence,
}
