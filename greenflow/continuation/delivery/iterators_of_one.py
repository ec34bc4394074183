"""Steps of iterators made in C that go over one iterator, or call a function."""

from __future__ import annotations

import itertools
from types import FunctionType
from typing import Any

from greenflow.continuation.delivery import merging, stepping
from greenflow.continuation.delivery.adapters import Adapters, adapter, then
from greenflow.continuation.delivery.calls import called, called_with_first
from greenflow.continuation.delivery.inside import Inside, keeps_first, may_be_special
from greenflow.continuation.delivery.iterators import advanced, step_rule
from greenflow.continuation.delivery.sources import (
    may_any_step,
    may_call,
    may_step,
    only,
)
from greenflow.continuation.itertools_state import state_of

_CALLABLE_ITERATOR = type(iter(int, 1))
_SEQUENCE_ITERATOR = type(iter(type("", (), {"__getitem__": None})()))


@step_rule(map)
def _map(iterator: Any, inside: Inside) -> Adapters | None:
    _, (function, *sources), *strict = iterator.__reduce__()
    first, *others = sources
    passed = called_with_first(function, inside) if not others else None
    if passed is None:
        passed = called(function, None, None, inside)
    below = None if strict else advanced(first, inside)
    return only(
        (passed, may_call(function, inside)),
        (
            then(below, stepping.mapped, function)
            if not others
            else then(below, merging.mapped_several, function, tuple(others)),
            may_step(first, inside),
        ),
        (None, may_any_step(others, inside)),
    )


@step_rule(itertools.starmap)
def _starmap(iterator: Any, inside: Inside) -> Adapters | None:
    (function,), (source,) = state_of(iterator)
    below = advanced(source, inside)
    return only(
        (called(function, None, None, inside), may_call(function, inside)),
        (then(below, stepping.star_mapped, function), may_step(source, inside)),
    )


@step_rule(filter)
def _filter(iterator: Any, inside: Inside) -> Adapters | None:
    function, source = iterator.__reduce__()[1]
    return _selected(function, source, inside, True)


@step_rule(itertools.filterfalse)
def _filterfalse(iterator: Any, inside: Inside) -> Adapters | None:
    (function,), (source,) = state_of(iterator)
    return _selected(function, source, inside, False)


def _selected(
    function: Any, source: Any, inside: Inside, wanted: bool
) -> Adapters | None:
    rest = (function, source, wanted)
    item = asked(function, inside)
    return only(
        (
            None if item is None else (adapter(stepping.chosen, *item, *rest),),
            may_call(function, inside),
        ),
        (
            then(advanced(source, inside), stepping.selected, *rest),
            may_step(source, inside),
        ),
    )


def asked(function: Any, inside: Inside) -> tuple[Any] | None:
    """Return what ``function`` was called with, if its frame still has it."""
    if type(function) is not FunctionType or not inside.runs(function):
        return None
    if may_be_special(inside):
        return None  # its result is tested, which may run the same code
    return (inside.first,) if keeps_first(function.__code__) else None


@step_rule(itertools.takewhile)
def _takewhile(iterator: Any, inside: Inside) -> Adapters | None:
    (function,), (source,), stopped = state_of(iterator)
    if stopped:
        return None
    item = asked(function, inside)
    return only(
        (
            None if item is None else (adapter(stepping.let, iterator, *item),),
            may_call(function, inside),
        ),
        (
            then(advanced(source, inside), stepping.taken, iterator, function),
            may_step(source, inside),
        ),
    )


@step_rule(itertools.dropwhile)
def _dropwhile(iterator: Any, inside: Inside) -> Adapters | None:
    (function,), (source,), started = state_of(iterator)
    below = advanced(source, inside)
    if started:
        return below
    item = asked(function, inside)
    return only(
        (
            None if item is None else (adapter(stepping.passed_over, iterator, *item),),
            may_call(function, inside),
        ),
        (then(below, stepping.dropped, iterator), may_step(source, inside)),
    )


@step_rule(enumerate)
def _enumerate(iterator: Any, inside: Inside) -> Adapters | None:
    source, _ = iterator.__reduce__()[1]
    return then(advanced(source, inside), stepping.numbered, iterator)


@step_rule(itertools.islice)
def _islice(iterator: Any, inside: Inside) -> Adapters | None:
    state = state_of(iterator)
    if not state[0]:
        return None
    (source,) = state[0]
    return then(advanced(source, inside), stepping.sliced, iterator, state)


@step_rule(itertools.accumulate)
def _accumulate(iterator: Any, inside: Inside) -> Adapters | None:
    total, (source,), function, _ = state_of(iterator)
    below = then(advanced(source, inside), stepping.added, iterator)
    if not function or not total:
        return below
    passed = called(function[0], None, None, inside)
    return only(
        (
            then(passed, stepping.totalled, iterator),
            may_call(function[0], inside),
        ),
        (below, may_step(source, inside)),
    )


@step_rule(reversed)
def _reversed(iterator: Any, inside: Inside) -> Adapters | None:
    state = iterator.__reduce__()
    if len(state) < 3 or not inside.is_method(type(state[1][0]), "__getitem__"):
        return None
    return (adapter(stepping.reversed_one, iterator, state[2], state[1][0]),)


@step_rule(_SEQUENCE_ITERATOR)
def _sequence(iterator: Any, inside: Inside) -> Adapters | None:
    state = iterator.__reduce__()
    if len(state) < 3 or not inside.is_method(type(state[1][0]), "__getitem__"):
        return None
    return (adapter(stepping.got_one, iterator, state[2]),)


@step_rule(_CALLABLE_ITERATOR)
def _callable(iterator: Any, inside: Inside) -> Adapters | None:
    state = iterator.__reduce__()[1]
    if len(state) != 2:
        return None
    function, sentinel = state
    below = called(function, (), {}, inside)
    return then(below, stepping.until, iterator, sentinel)
