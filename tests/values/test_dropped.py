"""Dropping a saved state runs nothing of the user's, but `__del__` of what is gone."""

from __future__ import annotations

import gc
import types
import warnings
from collections import Counter

import pytest

from greenflow import Continuation, NotRestorable, suspend

LOG: list[str] = []
EVERY = {
    "generator": 2,
    "coroutine": 1,
    "async generator": 1,
    "exit in a generator": 1,
    "delegated": 1,
    "delegating": 1,
}
ONCE = {**EVERY, "generator": 1}
GONE = {"__del__": 1}


class Loud:
    def __del__(self):
        LOG.append("__del__")


class Manager:
    def __init__(self, name):
        self.name = name

    def __enter__(self):
        return self

    def __exit__(self, *error):
        LOG.append(self.name)


class Refuses:
    def __reduce__(self):
        return refuse, ()


def refuse():
    raise ValueError("not here")


@types.coroutine
def pause():
    yield


def generator():
    try:
        yield from range(3)
    finally:
        LOG.append("generator")


async def coroutine():
    try:
        await pause()
    finally:
        LOG.append("coroutine")


async def async_generator():
    try:
        yield 1
    finally:
        LOG.append("async generator")


def managed():
    with Manager("exit in a generator"):
        yield


def delegated():
    try:
        yield
    finally:
        LOG.append("delegated")


def delegating():
    try:
        yield from delegated()
    finally:
        LOG.append("delegating")


def begun():
    """Return one of each kind of what has a ``finally`` to run."""
    made = [generator(), managed(), delegating(), coroutine()]
    for each in made:
        each.send(None)
    step = async_generator().asend(None)
    with pytest.raises(StopIteration):
        step.send(None)
    return [*made, step]


def flow(cycle, refuses=None):
    held = begun()
    held.append(Loud())
    if cycle:
        held.append(held)
    try:
        with Manager("exit"):
            for _ in generator():
                suspend()
    finally:
        LOG.append("finally")


def takes(held):
    suspend()
    return held


def dropped(holder):
    """Drop what the list holds, and return what ran."""
    holder.clear()
    gc.collect()
    gc.collect()
    ran, LOG[:] = Counter(LOG), []
    return ran


@pytest.fixture(autouse=True)
def all_is_quiet():
    LOG.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    gc.collect()


def start(cycle):
    return Continuation.start(flow, cycle)


def saved(cycle):
    k = start(cycle)
    data = k.dumps()
    holder = [k]
    del k
    assert dropped(holder) == GONE
    return data


WAYS = {
    "saved": lambda cycle: [saved_now(start(cycle))],
    "saved twice": lambda cycle: [saved_now(saved_now(start(cycle)))],
    "gone on, saved": lambda cycle: [saved_now(start(cycle).resume())],
    "loaded": lambda cycle: [Continuation.loads(saved(cycle))],
    "loaded, saved": lambda cycle: [saved_now(Continuation.loads(saved(cycle)))],
    "loaded, gone on, saved": lambda cycle: [
        saved_now(Continuation.loads(saved(cycle)).resume())
    ],
    "saved, gone on, saved": lambda cycle: [
        saved_now(saved_now(start(cycle)).resume())
    ],
    "discarded": lambda cycle: [discarded(saved_now(start(cycle)))],
    "loaded, discarded": lambda cycle: [discarded(Continuation.loads(saved(cycle)))],
    "looked at": lambda cycle: [looked_at(Continuation.loads(saved(cycle)))],
}


def saved_now(k):
    k.dumps()
    return k


def discarded(k):
    k.discard()
    gc.collect()
    assert LOG == ["__del__"]  # it is gone by now
    LOG.clear()
    return [k, Loud()]


def looked_at(k):
    assert k.value is None
    assert repr(k).startswith("<Continuation suspended")
    return k


@pytest.mark.parametrize("cycle", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_saved_states(way, cycle):
    holder = WAYS[way](cycle)
    assert LOG == []
    assert dropped(holder) == GONE


@pytest.mark.parametrize("way", WAYS)
def test_in_a_cycle_of_their_own(way):
    holder = WAYS[way](False)
    holder.append([holder[0]])
    holder[1].append(holder[1])
    assert dropped(holder) == GONE


def test_bytes():
    holder = [saved(False)]
    assert dropped(holder) == {}


@pytest.mark.parametrize("cycle", [False, True])
def test_one_that_goes_on_ends_as_it_would(cycle):
    k = Continuation.loads(saved(cycle))
    for _ in range(3):
        k.resume()
    assert k.done
    assert dropped([k]) == {**EVERY, **GONE, "exit": 1, "finally": 1}


@pytest.mark.parametrize("cycle", [False, True])
def test_one_that_was_never_saved(cycle):
    """Nothing of it is left: its generators end as any do, its frames do not go on."""
    assert dropped([start(cycle)]) == {**EVERY, **GONE}


def test_two_loaded_from_the_same_bytes():
    data = saved(False)
    first, second = Continuation.loads(data), Continuation.loads(data)
    holder = [first]
    del first
    assert dropped(holder) == GONE
    for _ in range(3):
        second.resume()
    assert Counter(LOG)["finally"] == 1
    assert dropped([second])["exit"] == 1


def test_a_call_that_has_not_begun():
    call = Continuation.new(takes, (begun(),))
    data = call.dumps()
    holder = [call]
    del call
    assert dropped(holder) == {}
    holder = [Continuation.loads(data)]
    assert dropped(holder) == {}
    holder = [Continuation.loads(data).resume()]
    assert LOG == []
    assert dropped(holder) == ONCE


def test_a_result():
    k = Continuation.start(takes, begun()).resume()
    data = k.dumps()
    holder = [k]
    del k
    assert dropped(holder) == {}
    holder = [Continuation.loads(data)]
    assert dropped(holder) == {}
    held = Continuation.loads(data).value  # it is the caller's
    assert next(held[0]) == 1
    assert dropped(held) == ONCE


def test_a_state_that_could_not_be_loaded():
    holder = [Continuation.start(flow, True, Refuses())]
    data = holder[0].dumps()
    assert dropped(holder) == GONE
    with pytest.raises(NotRestorable, match="not here"):
        Continuation.loads(data)
    assert set(dropped([])) <= {"__del__"}


def test_a_continuation_in_another():
    inner = start(False)
    k = Continuation.start(takes, inner)
    data = k.dumps()
    holder = [k, inner]
    del k, inner
    assert dropped(holder) == GONE
    holder = [Continuation.loads(data)]
    assert dropped(holder) == GONE
    inner = Continuation.loads(data).resume().value
    for _ in range(3):
        inner.resume()
    assert Counter(LOG)["finally"] == 1
