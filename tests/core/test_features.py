"""Every feature of the corpus: plainly called, and as a continuation."""

from __future__ import annotations

import itertools
from contextlib import ExitStack

import pytest

from tests.core import driving
from tests.core.features import load, run_plainly

FEATURES = load()
CARRIES = {"in_memory": driving.in_memory, "over_bytes": driving.over_bytes}

each_feature = pytest.mark.parametrize("name", FEATURES)
each_carry = pytest.mark.parametrize("carry", CARRIES)


@each_feature
def test_the_model_is_what_the_table_says(name: str):
    item = FEATURES[name]
    with driving.room_for(item):
        assert run_plainly(item) == item.expected


@each_carry
@each_feature
def test_cold(name: str, carry: str):
    driving.make_cold(FEATURES[name])
    driving.check(FEATURES[name], CARRIES[carry])


@each_carry
@each_feature
def test_warm(name: str, carry: str):
    item = FEATURES[name]
    driving.make_warm(item)
    driving.check(item, CARRIES[carry])


@pytest.mark.parametrize("instrument", sorted(driving.INSTRUMENTS.keys() - {"nothing"}))
@each_carry
@each_feature
def test_watched(name: str, carry: str, instrument: str):
    item = FEATURES[name]
    with driving.watching(instrument, item) as events:
        driving.check(item, CARRIES[carry])
    if events is not None:
        assert item.function.__code__ in events.codes
    # The interpreter tells of calls which the limit forbids, and not of their returns.
    if events is not None and "recursion" not in name:
        assert not events.unbalanced
        assert not events.stack


@each_carry
@each_feature
def test_a_tracer_that_comes_and_goes(name: str, carry: str):
    turns = itertools.count()
    with ExitStack() as tracing:

        def carried(k):
            if next(turns) % 2 == 0:
                tracing.close()
            else:
                tracing.enter_context(driving.traced())
            return CARRIES[carry](k)

        tracing.enter_context(driving.traced())
        driving.check(FEATURES[name], carried)
