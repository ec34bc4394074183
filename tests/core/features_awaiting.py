"""What is awaited as a value, asynchronous managers, and what is inside what."""

from __future__ import annotations

import gc

from greenflow import suspend
from tests.core.features import Raised, feature
from tests.core.features_async import countdown, run
from tests.core.features_coroutines import pause


@feature(
    sends="ab",
    asks=[("outside", "step"), ("running", True)],
    gives=("answer to a", "anext(): asynchronous generator is already running"),
)
def step_that_waits_is_a_value():
    async def waits():
        yield await pause("step")

    async def other(held):
        return await anext(held)

    held = waits()
    step = held.asend(None)
    answer = f"answer to {suspend(('outside', step.send(None)))}"
    suspend(("running", held.ag_running))
    try:
        run(other(held))
    except RuntimeError as error:
        text = str(error)
    try:
        step.send(answer)
    except StopIteration as end:
        return end.value, text


@feature(
    sends="abc",
    asks=["late", ("count", 1), "finally"],
    gives=([1, None], ["b", None, "c"]),
)
def step_that_did_not_begin_is_a_value():
    async def main():
        log = []
        counting = countdown(1, log)
        first = counting.asend(None)
        suspend("late")
        got = await first
        return [got, await anext(counting, None)], log

    return run(main())


@feature(
    sends="a",
    asks=["held"],
    gives="cannot reuse already awaited __anext__()/asend()",
)
def step_that_is_done_is_a_value():
    async def one():
        yield 1

    async def again(step):
        return await step

    held = one()
    step = held.asend(None)
    run(again(step))
    suspend("held")
    try:
        run(again(step))
    except RuntimeError as error:
        return str(error)


@feature(sends="ab", asks=["itself", "after"], gives=(1, "a", "b"))
def generator_that_holds_its_step():
    async def reflects(box):
        yield 1
        yield suspend("itself")
        yield suspend("after"), box

    async def main():
        box = []
        held = reflects(box)
        box.append(held)
        first = await anext(held)
        step = held.asend(None)
        box.append(step)
        second = await step
        third, _ = await anext(held)
        gc.collect()
        return first, second, third

    return run(main())


class Manager:
    async def __aenter__(self):
        return suspend("enter")

    async def __aexit__(self, kind, error, traceback):
        return bool(suspend(("exit", kind and kind.__name__)))


class Plain:
    """Its methods are functions that suspend before there is anything to await."""

    def __aenter__(self):
        return given(suspend("enter"))

    def __aexit__(self, kind, error, traceback):
        return given(bool(suspend(("exit", kind and kind.__name__))))


async def given(value):
    return value


async def managed(manager, error=None):
    async with manager as got:
        inside = suspend("inside")
        if error is not None:
            raise error
        return got, inside
    return got, "swallowed"


@feature(
    sends=["a", "b", ""],
    asks=["enter", "inside", ("exit", None)],
    gives=("a", "b"),
)
def async_with():
    return run(managed(Manager()))


@feature(
    sends=["a", "b", "yes"],
    asks=["enter", "inside", ("exit", "ValueError")],
    gives=("a", "swallowed"),
)
def async_with_swallows():
    return run(managed(Manager(), ValueError("in")))


@feature(
    sends=["a", "b", ""],
    asks=["enter", "inside", ("exit", "ValueError")],
    gives=Raised(ValueError, "in"),
)
def async_with_lets_out():
    return run(managed(Manager(), ValueError("in")))


@feature(
    sends=["a", "b", ""],
    asks=["enter", "inside", ("exit", None)],
    gives=("a", "b"),
)
def async_with_plain_methods():
    return run(managed(Plain()))


@feature(
    sends=["a", "b", "yes"],
    asks=["enter", "inside", ("exit", "ValueError")],
    gives=("a", "swallowed"),
)
def async_with_plain_methods_swallows():
    return run(managed(Plain(), ValueError("in")))


class Wrapping:
    def __init__(self, coroutine):
        self.coroutine = coroutine

    def __await__(self):
        return self.coroutine.__await__()


@feature(sends="ab", asks=["wrapped", "more"], gives=("a", "b"))
def awaited_through_a_wrapper():
    async def asks():
        return suspend("wrapped"), suspend("more")

    async def main():
        return await Wrapping(asks())

    return run(main())


@feature(
    sends="abcd",
    asks=[("count", 1), ("outer", 1), "finally", "end"],
    gives=[(1, "b", "a")],
)
def generators_inside_each_other():
    async def outer(log):
        async for number in countdown(1, log):
            yield number, suspend(("outer", number)), log[0]

    async def main():
        return [item async for item in outer([])], suspend("end")

    return run(main())[0]
