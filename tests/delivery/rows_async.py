"""Rows: what is awaited."""

from __future__ import annotations

import types

from tests.delivery.rows import act, row


def run(coroutine):
    """Drive it; what it awaits from outside is answered at once."""
    answer = None
    while True:
        try:
            answer = ("answer to", coroutine.send(answer))
        except StopIteration as end:
            return end.value


@types.coroutine
def pause(value):
    return (yield value)


async def numbers():
    got = yield act("first")
    try:
        yield act(("second", got))
    except (ValueError, GeneratorExit) as error:
        if act(type(error).__name__):
            yield "once more"


async def closes():
    try:
        yield 1
    finally:
        act("closes")


async def waits():
    yield await pause(act("waits"))
    yield act("more")


@row("async for", "over an async generator", outcomes="StopIteration")
def stepped():
    async def main():
        return [item async for item in numbers()]

    return run(main())


@row("async for", "over an async generator that awaits")
def stepped_and_waited():
    async def main():
        return [item async for item in waits()]

    return run(main())


@row("async for", "`asend(value)`")
def sent():
    async def main():
        held = numbers()
        got = await held.asend(None), await held.asend("sent")
        return *got, await anext(held, "ended")

    return run(main())


@row("async for", "`athrow(error)`")
def thrown():
    async def main():
        held = numbers()
        await anext(held)
        await anext(held)
        return await held.athrow(ValueError("thrown"))

    return run(main())


@row("async for", "`aclose()`", outcomes="StopIteration")
def closed():
    async def main():
        held = closes()
        await anext(held)
        return await held.aclose(), await anext(held, "ended")

    return run(main())


@row("async for", "`aclose()` of one that yields once more")
def closed_in_vain():
    async def main():
        held = numbers()
        await anext(held)
        await anext(held)
        return await held.aclose()

    return run(main())


@row("async for", "`anext(iterator, default)`", outcomes="StopIteration")
def with_default():
    async def main():
        held = numbers()
        return [await anext(held, "default") for _ in range(4)]

    return run(main())


@row("async for", "`asend().send()` by hand")
def by_hand():
    try:
        return "awaited", waits().asend(None).send(None)
    except StopIteration as end:
        return end.value


class Async:
    def __aiter__(self):
        return act("aiter")

    def __anext__(self):
        return awaitable(act("anext"))

    def __aenter__(self):
        return awaitable(act("enter"))

    def __aexit__(self, kind, error, traceback):
        return awaitable(act(("exit", kind and kind.__name__)))


def awaitable(value):
    return Given(value) if isinstance(value, int) else value


@types.coroutine
def given(value):
    return value
    yield


class Given:
    """Awaited, it gives what it has."""

    def __init__(self, value):
        self.value = value

    def __await__(self):
        return given(self.value)


@row("async for", "`__aiter__`", gives=[1], outcomes="wrong type")
def iterated():
    async def main():
        return [item async for item in Async()]

    return run(main())


class Itself(Async):
    def __aiter__(self):
        return self


@row("async for", "`__anext__`, no coroutine", gives=8, outcomes="wrong type")
def advanced():
    async def main():
        async for item in Itself():
            return item
        return None

    return run(main())


@row("async with", "`__aenter__`, then `__aexit__`, no coroutines", gives=8)
def entered():
    async def main():
        async with Async() as got:
            return got

    return run(main())


@row("async with", "`__aexit__` while an exception is handled", gives=8)
def left_by_error():
    async def main():
        async with Async():
            raise ValueError("inside")
        return "swallowed"

    return run(main())
