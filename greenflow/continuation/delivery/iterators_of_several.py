"""Steps of iterators made in C that go over several iterators, or make them."""

from __future__ import annotations

import itertools
from typing import Any

from greenflow.continuation.delivery import merging, stepping
from greenflow.continuation.delivery.adapters import Adapters, adapter, named, then
from greenflow.continuation.delivery.inside import Inside, keeps_first, may_be_special
from greenflow.continuation.delivery.iterators import advanced, step_rule
from greenflow.continuation.delivery.iterators_of_one import asked
from greenflow.continuation.delivery.sources import (
    may_any_step,
    may_call,
    may_step,
    only,
)
from greenflow.continuation.itertools_state import state_of


@step_rule(zip)
def _zip(iterator: Any, inside: Inside) -> Adapters | None:
    _, (first, *others), *strict = iterator.__reduce__()
    if (strict and others) or may_any_step(others, inside):
        return None
    return then(advanced(first, inside), stepping.zipped, tuple(others))


@step_rule(itertools.zip_longest)
def _zip_longest(iterator: Any, inside: Inside) -> Adapters | None:
    state = state_of(iterator)
    sources = [(place, held[0]) for place, held in enumerate(state[1]) if held]
    if not state[0] or not sources:
        return None
    (place, first), *others = sources
    if may_any_step((one for _, one in others), inside):
        return None
    return then(advanced(first, inside), merging.longest, iterator, state, place)


@step_rule(itertools.chain)
def _chain(iterator: Any, inside: Inside) -> Adapters | None:
    source, active = state_of(iterator)
    if active:
        below = advanced(active[0], inside)
        return then(below, merging.chained_on, iterator, source)
    if not source:
        return None
    kind = named(type(inside.first))
    iterates = inside.is_method(type(inside.first), "__iter__")
    kept = iterates and keeps_first(inside.what.__code__)
    return only(
        (
            (adapter(merging.chain_opened, iterator, source, kind),) if kept else None,
            may_be_special(inside),
        ),
        (
            then(advanced(source[0], inside), merging.chain_supplied, iterator, source),
            may_step(source[0], inside),
        ),
    )


@step_rule(itertools.cycle)
def _cycle(iterator: Any, inside: Inside) -> Adapters | None:
    source, *_ = state_of(iterator)
    if not source:
        return None
    return then(advanced(source[0], inside), merging.cycled, iterator)


@step_rule(itertools.compress)
def _compress(iterator: Any, inside: Inside) -> Adapters | None:
    (data,), (selectors,) = state_of(iterator)
    if may_step(selectors, inside) or may_be_special(inside):
        return None
    return then(advanced(data, inside), merging.compressed, data, selectors)


@step_rule(itertools.pairwise)
def _pairwise(iterator: Any, inside: Inside) -> Adapters | None:
    source, old = state_of(iterator)
    if not source:
        return None
    return then(advanced(source[0], inside), merging.paired, iterator, source, old)


# --- groups ---


@step_rule(itertools.groupby)
def _groupby(iterator: Any, inside: Inside) -> Adapters | None:
    return _grouped(iterator, iterator, merging.grouped, merging.keyed, inside)


@step_rule(vars(itertools)["_grouper"])
def _grouper(iterator: Any, inside: Inside) -> Adapters | None:
    (parent,), _ = state_of(iterator)
    finish = merging.group_stepped, merging.group_keyed
    return _grouped(iterator, parent, *finish, inside)


def _grouped(
    iterator: Any, parent: Any, stepped: Any, keyed: Any, inside: Inside
) -> Adapters | None:
    (source,), (function,), *_ = state_of(parent)
    item = None if function is None else asked(function, inside)
    below = then(advanced(source, inside), stepped, iterator)
    return only(
        (
            None if item is None else (adapter(keyed, iterator, *item),),
            may_call(function, inside),
        ),
        (None if may_be_special(inside) else below, may_step(source, inside)),
    )
