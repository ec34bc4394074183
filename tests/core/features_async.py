"""Asynchronous generators, loops and managers, driven by hand."""

from __future__ import annotations

from greenflow import suspend
from tests.core.features import Raised, Throw, feature
from tests.core.features_coroutines import drive, pause


def run(coroutine):
    """Drive one that awaits nothing from outside; return what it returns."""
    yielded, value = drive(coroutine)
    assert yielded == []
    return value


async def countdown(n, log):
    try:
        while n:
            log.append(suspend(("count", n)))
            sent = yield n
            log.append(sent)
            n -= 1
    finally:
        log.append(suspend("finally"))


async def consume(n):
    log, got = [], []
    async for number in countdown(n, log):
        got.append((number, suspend(("body", number))))
    return got, log


@feature(
    sends="abcde",
    asks=[("count", 2), ("body", 2), ("count", 1), ("body", 1), "finally"],
    gives=([(2, "b"), (1, "d")], ["a", None, "c", None, "e"]),
)
def async_for():
    return run(consume(2))


@feature(
    sends=["a", Throw(ValueError, ("out",)), "f"],
    asks=[("count", 2), ("body", 2), "finally"],
    gives=("out", ["a", "f"]),
)
def error_in_the_body():
    async def main():
        log = []
        counting = countdown(2, log)
        try:
            async for number in counting:
                suspend(("body", number))
        except ValueError as error:
            await counting.aclose()
            return str(error), log

    return run(main())


@feature(
    sends=[Throw(ValueError, ("in",)), "f"],
    asks=[("count", 2), "finally"],
    gives=("in", [], ["f"]),
)
def error_in_the_generator():
    async def main():
        log, got = [], []
        try:
            async for number in countdown(2, log):
                got.append(number)
        except ValueError as error:
            return str(error), got, log

    return run(main())


@feature(
    sends=[Throw(StopIteration, ("in",)), "f"],
    asks=[("count", 2), "finally"],
    gives=Raised(RuntimeError, "async generator raised StopIteration"),
)
def stop_iteration_in_the_generator():
    return run(consume(2))


@feature(
    sends=[Throw(StopAsyncIteration, ("in",)), "f"],
    asks=[("count", 2), "finally"],
    gives=Raised(RuntimeError, "async generator raised StopAsyncIteration"),
)
def stop_async_iteration_in_the_generator():
    return run(consume(2))


@feature(
    sends="abcd",
    asks=[("count", 2), "between", ("count", 1), "finally"],
    gives=([2, 1], ["a", "sent", "c", None, "d"]),
)
def sent_into_by_hand():
    async def main():
        log = []
        counting = countdown(2, log)
        got = [await counting.asend(None)]
        suspend("between")
        got.append(await counting.asend("sent"))
        try:
            await counting.asend(None)
        except StopAsyncIteration:
            return got, log

    return run(main())


@feature(
    sends="abc",
    asks=[("count", 2), "held", "finally"],
    gives=(2, ["a", "c"], "ended"),
)
def closed_after_it_was_held():
    async def one(counting):
        return await anext(counting)

    async def close(counting):
        await counting.aclose()
        return await anext(counting, "ended")

    log = []
    counting = countdown(2, log)
    first = run(one(counting))
    suspend("held")
    return first, log, run(close(counting))


@feature(
    sends=["a", Throw(KeyError, ("late",))],
    asks=[("count", 2), "finally"],
    gives=("'late'", "GeneratorExit", ["a"]),
)
def error_while_it_is_closed():
    async def main():
        log = []
        counting = countdown(2, log)
        await anext(counting)
        try:
            await counting.aclose()
        except KeyError as error:
            return str(error), type(error.__context__).__name__, log

    return run(main())


async def stubborn():
    try:
        yield 1
    except GeneratorExit:
        yield suspend("ignored")


@feature(
    sends="x",
    asks=["ignored"],
    gives=Raised(RuntimeError, "async generator ignored GeneratorExit"),
)
def generator_that_ignores_its_end():
    async def main():
        held = stubborn()
        await anext(held)
        await held.aclose()

    return run(main())


@feature(
    sends="ab",
    asks=["caught bad", "again"],
    gives=(1, "a", "b"),
)
def thrown_into():
    async def catching():
        try:
            yield 1
        except ValueError as error:
            yield suspend(f"caught {error}")
        yield suspend("again")

    async def main():
        held = catching()
        first = await anext(held)
        second = await held.athrow(ValueError("bad"))
        return first, second, await anext(held)

    return run(main())


@feature(
    sends="ab",
    asks=[("count", 1), "finally"],
    gives=(1, "none left", ["a", None, "b"]),
)
def anext_with_a_default():
    async def main():
        log = []
        counting = countdown(1, log)
        return await anext(counting), await anext(counting, "none left"), log

    return run(main())


class Numbers:
    def __init__(self, n):
        self.n = n

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.n == 0:
            raise StopAsyncIteration(suspend("end"))
        self.n -= 1
        return suspend(self.n)


@feature(sends="abc", asks=[1, 0, "end"], gives=["a", "b"])
def async_for_over_a_class():
    async def main():
        return [item async for item in Numbers(2)]

    return run(main())


@feature(sends="ab", asks=[0, "end"], gives=("a", "default"))
def anext_with_a_default_of_a_class():
    async def main():
        numbers = Numbers(1)
        return await anext(numbers, "default"), await anext(numbers, "default")

    return run(main())


async def relays(inner, log):
    async for item in inner:
        log.append(await pause(("relay", item)))
        yield item, suspend(("relayed", item))


@feature(
    sends="abcdefg",
    asks=[
        *(("count", 2), ("outside", ("relay", 2)), ("relayed", 2)),
        *(("count", 1), ("outside", ("relay", 1)), ("relayed", 1)),
        "finally",
    ],
    gives=(
        [(2, "c"), (1, "f")],
        ["a", None, "d", None, "g"],
        ["answer to b", "answer to e"],
    ),
)
def generator_that_awaits_what_suspends_outside():
    log, relayed = [], []

    async def main():
        return [item async for item in relays(countdown(2, log), relayed)]

    coroutine, answer = main(), None
    while True:
        try:
            asked = coroutine.send(answer)
        except StopIteration as end:
            return end.value, log, relayed
        answer = f"answer to {suspend(('outside', asked))}"
