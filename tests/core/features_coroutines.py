"""Coroutines that are driven by hand: the flow suspends inside of them."""

from __future__ import annotations

import types

from greenflow import suspend
from tests.core.features import Throw, feature


def drive(coroutine):
    """Run a coroutine to its end; return what it yielded and what it returned."""
    yielded, answer = [], None
    while True:
        try:
            yielded.append(coroutine.send(answer))
        except StopIteration as end:
            return yielded, end.value
        answer = f"answer {len(yielded)}"


@types.coroutine
def pause(value):
    got = yield value
    return got


async def leaf(name):
    kept = [name]
    before = suspend(("leaf", name))
    got = await pause(name)
    kept.append(suspend(("leaf after", got)))
    return before, kept


async def middle(name):
    result = await leaf(name)
    return "middle", result


@feature(
    sends=["b", "k"],
    asks=[("leaf", "n"), ("leaf after", "answer 1")],
    gives=(["n"], ("b", ["n", "k"])),
)
def one_coroutine():
    return drive(leaf("n"))


@feature(
    sends=["b", "k"],
    asks=[("leaf", "n"), ("leaf after", "answer 1")],
    gives=(["n"], ("middle", ("b", ["n", "k"]))),
)
def await_chain():
    return drive(middle("n"))


async def deep(n):
    if n == 0:
        return suspend("deep")
    return await deep(n - 1), n


@feature(sends=["d"], asks=["deep"], gives=([], (((("d", 1), 2), 3), 4)))
def await_chain_of_five():
    return drive(deep(4))


@feature(
    sends=["now", "b", "k"],
    asks=["half-way", ("leaf", "n"), ("leaf after", "late")],
    gives=("now", "first", ("b", ["n", "k"])),
)
def half_way_as_a_local():
    async def waits():
        await pause("first")
        return await leaf("n")

    coroutine = waits()
    first = coroutine.send(None)
    got = suspend("half-way")
    coroutine.send(None)
    try:
        coroutine.send("late")
    except StopIteration as end:
        return got, first, end.value


class Gate:
    def __init__(self, log):
        self.log = log

    async def __aenter__(self):
        self.log.append(("enter", suspend("aenter")))
        return self

    async def __aexit__(self, kind, error, trace):
        self.log.append(("exit", kind and kind.__name__, suspend("aexit")))
        return kind is ValueError


@feature(
    sends=["e", "b", "x"],
    asks=["aenter", "body", "aexit"],
    gives=([], ("done", [("enter", "e"), "b", ("exit", None, "x")])),
)
def async_with():
    async def run():
        log = []
        async with Gate(log) as gate:
            gate.log.append(suspend("body"))
        return "done", log

    return drive(run())


@feature(
    sends=["e", Throw(ValueError, ("v",)), "x"],
    asks=["aenter", "body", "aexit"],
    gives=([], ("swallowed", [("enter", "e"), ("exit", "ValueError", "x")])),
)
def async_with_that_swallows():
    async def run():
        log = []
        async with Gate(log):
            log.append(suspend("body"))
        return "swallowed", log

    return drive(run())


class Countdown:
    def __init__(self, count):
        self.count = count

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.count == 0:
            raise StopAsyncIteration
        self.count -= 1
        return suspend(self.count)


@feature(sends=["a", "b"], asks=[1, 0], gives=([], (["a", "b"], "else")))
def async_for_over_an_iterator_of_ones_own():
    async def run():
        got = []
        async for value in Countdown(2):
            got.append(value)
        else:
            end = "else"
        return got, end

    return drive(run())


@feature(sends=["a", "b"], asks=[1, 0], gives=([], {"a": 1, "b": 1}))
def async_comprehension():
    async def run():
        return {value: len(value) async for value in Countdown(2)}

    return drive(run())


@feature(
    sends=[Throw(KeyError, ("k",)), "c"],
    asks=["inner", "caught k"],
    gives=([], ("c", "k")),
)
def error_through_an_await():
    async def inner():
        return suspend("inner")

    async def outer():
        try:
            return await inner()
        except KeyError as error:
            return suspend(f"caught {error.args[0]}"), error.args[0]

    return drive(outer())


class Awaited:
    """An object with __await__: a generator, walked by the await."""

    def __init__(self, name):
        self.name = name

    def __await__(self):
        got = yield self.name
        return got, suspend(self.name)


@feature(sends=["s"], asks=["obj"], gives=(["obj"], ("answer 1", "s")))
def await_of_an_object():
    async def run():
        return await Awaited("obj")

    return drive(run())


@feature(sends=["b", "c"], asks=["in", "out"], gives=("b", "c", "closed"))
def coroutine_closed_half_way():
    async def run():
        try:
            await pause(suspend("in"))
        finally:
            closed.append("closed")

    closed: list[str] = []
    coroutine = run()
    got = coroutine.send(None)
    more = suspend("out")
    coroutine.close()
    return got, more, closed[0]


@feature(sends=["n"], asks=["agen"], gives=([0, 1, 2], "n"))
def half_consumed_async_generator():
    async def numbers():
        for i in range(3):
            yield i

    def step(walker):
        try:
            walker.asend(None).send(None)
        except StopIteration as end:
            return end.value

    walker = numbers()
    got = [step(walker)]
    answer = suspend("agen")
    got += [step(walker), step(walker)]
    return got, answer


@feature(sends=["t"], asks=["before"], gives=("t", "ValueError", "sent in"))
def throw_into_a_waiting_coroutine():
    async def run():
        try:
            await pause("p")
        except ValueError as error:
            return type(error).__name__, str(error)

    coroutine = run()
    coroutine.send(None)
    got = suspend("before")
    try:
        coroutine.throw(ValueError("sent in"))
    except StopIteration as end:
        return got, *end.value
