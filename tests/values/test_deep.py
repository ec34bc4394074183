"""Deeply nested values are saved, loaded and dropped, and nothing overflows."""

from __future__ import annotations

import contextvars
import pickle
import subprocess
import sys
import threading

import pytest

from greenflow.continuation import deep, frames, pickling
from greenflow.limits import DEEP_STACK_BYTES_MIN
from tests.values.target_deep import KINDS, depth_of, made

DEEP = 100_000


def copy_of(value):
    return pickling.load(pickling.dump(value).data)


def drops_a_deep_deque() -> bool:
    script = f"""
from collections import deque
top = deque()
for _ in range({DEEP}):
    top = deque([top])
del top
"""
    return subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_hundred_thousand_levels_in_a_flow(child, kind: str):
    if kind == "deque" and not drops_a_deep_deque():
        pytest.skip("this Python itself dies when it lets go of so deep a deque")
    assert child("-m", "tests.values.target_deep", kind).stdout == "same"


def test_pickle_alone_cannot():
    with pytest.raises(RecursionError):
        pickle.dumps(made("list", DEEP))


def test_what_is_shared_stays_shared():
    shared = ["shared"]
    top = made("object", DEEP)
    node = top
    while node.below is not None:
        node = node.below
    node.below, node.last = shared, True
    top, again = copy_of((top, shared))
    while not hasattr(top, "last"):
        top = top.below
    assert top.below is again


def test_generators_in_the_deep_are_told():
    def counting():
        yield from range(3)

    inner = counting()
    next(inner)
    value = [inner]
    for _ in range(DEEP):
        value = [value]
    dumped = pickling.dump(value)
    assert any(generator is inner for generator in dumped.generators)
    assert counting.__code__ in dumped.codes
    copied = pickling.load(dumped.data)
    while isinstance(copied, list):
        copied = copied[0]
    assert list(copied) == [1, 2]


VARIABLE = contextvars.ContextVar("VARIABLE", default="default")


class Asks:
    def __reduce__(self):
        return str, (VARIABLE.get(),)


def test_the_context_is_the_caller_s():
    token = VARIABLE.set("mine")
    try:
        copied = copy_of([made("list", DEEP), Asks()])
    finally:
        VARIABLE.reset(token)
    assert copied[1] == "mine"


class Endless:
    def __reduce__(self):
        return Endless, (Endless(),)


class RunsAway:
    def __getstate__(self):
        return self.__getstate__()


@pytest.mark.parametrize("cls", [Endless, RunsAway])
def test_what_never_ends_is_an_error(monkeypatch: pytest.MonkeyPatch, cls):
    monkeypatch.setattr(deep, "DEEP_STACK_BYTES_MAX", DEEP_STACK_BYTES_MIN)
    with pytest.raises(RecursionError):
        pickling.dump([cls()])
    assert copy_of([1]) == [1]


def test_no_room_for_a_stack_is_the_error_it_was(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(deep, "DEEP_STACK_BYTES_MAX", DEEP_STACK_BYTES_MIN - 1)
    with pytest.raises(RecursionError, match="room"):
        pickling.dump(made("list", DEEP))


def test_half_of_it_does_where_there_is_not_more(monkeypatch: pytest.MonkeyPatch):
    real, asked = threading.stack_size, []

    def scarce(size=0):
        asked.append(size)
        if size > DEEP_STACK_BYTES_MIN:
            raise ValueError("size not valid")
        return real(size)

    monkeypatch.setattr(threading, "stack_size", scarce)
    assert depth_of("list", copy_of(made("list", DEEP))) == DEEP
    assert asked[0] == 0
    assert asked[-2:] == [DEEP_STACK_BYTES_MIN, 0]
    assert real() == 0


class Interrupts:
    def __reduce__(self):
        raise KeyboardInterrupt


def test_what_a_value_raises_is_raised():
    with pytest.raises(KeyboardInterrupt):
        pickling.dump([made("list", DEEP), Interrupts()])
    limit = sys.getrecursionlimit()
    with pytest.raises(TypeError, match="lock"):
        pickling.dump([made("list", DEEP), threading.Lock()])
    assert sys.getrecursionlimit() == limit


def test_a_look_outside_of_such_a_thread_is_nothing():
    assert frames.deep_look(None) is None
    for size in (0, 1, 2**63):
        with pytest.raises(ValueError, match="no use"):
            frames.deep_begin(size)
    with pytest.raises((OverflowError, TypeError)):
        frames.deep_begin(-1)
