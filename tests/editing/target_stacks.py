"""Functions that wait in all kinds of frames, to be edited."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from greenflow import suspend


class Order:
    def __init__(self, total: int) -> None:
        self.total, self.lines = total, [1, 2]


def ask(order: Order) -> object:
    limit = 500
    answer = suspend("ask")
    return answer, limit, order.total


def approve(order: Order) -> object:
    given = ask(order)
    return given, order.total


def shop(total: int) -> object:
    order, result = Order(total), []
    for number in range(3):
        result.append((approve(order), number))
    return result, order.total


def sharing() -> object:
    count, log = 0, []

    def add(amount: int) -> None:
        nonlocal count
        log.append(count)
        count += amount

    def wait(step: int) -> None:
        add(step)
        suspend(count)
        add(step)

    wait(10)
    return count, log


def counting(to: int) -> Iterator[int]:
    number = 0
    while number < to:
        suspend(number)
        yield number
        number += 1


def plain_numbers(to: int) -> Iterator[int]:
    at, name = 0, "numbers"
    while at < to:
        yield at
        at += 1
    assert name


def summing(to: int) -> object:
    found = []
    for number in _through(counting(to)):
        found += [number]
    return found, "end"


def _through(numbers: Iterator[int]) -> Iterator[int]:
    yield from numbers


def looping(to: int) -> object:
    found, left = [], plain_numbers(5)
    next(left)
    for number in counting(to):
        found.append(number)
    return found, list(left)


def nexting(to: int) -> object:
    numbers = counting(to)
    found = next(numbers, "default")
    try:
        found = found, next(numbers)
    except StopIteration as end:
        found = found, "ended", end.value
    return found, list(numbers)


def delegating() -> object:
    def inner() -> Iterator[int]:
        yield 1
        suspend("inner")
        yield 2
        return "result"

    def outer() -> Any:
        got = yield from inner()
        yield got

    return list_of(outer())


def list_of(items: Any) -> list[Any]:
    found = []
    for item in items:
        found.append(item)
    return found


async def fetched(number: int) -> int:
    await nothing()
    return number + suspend("fetched")


async def nothing() -> None:
    pass


async def ticks(to: int) -> AsyncIterator[int]:
    for number in range(to):
        suspend(("tick", number))
        yield number


async def awaiting() -> object:
    first = await fetched(10)
    second = await fetched(20)
    return first, second


async def iterating() -> object:
    found = []
    async for number in ticks(3):
        found.append(number)
    return found


def run(coroutine: Any) -> object:
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise RuntimeError("it yielded")


def driven(name: str) -> object:
    return run(globals()[name]())


def handled() -> object:
    return type(sys.exc_info()[1]).__name__


def in_handlers() -> object:
    told = []
    try:
        raise KeyError("outer")
    except KeyError:
        try:
            got = failing(told)
        except ValueError as error:
            got = repr(error)
        told.append(("caller", handled(), got))
        try:
            raise
        except KeyError as error:
            told.append(repr(error))
    told.append(handled())
    return told


def failing(told: list[Any]) -> object:
    try:
        raise ZeroDivisionError("inner")
    except ZeroDivisionError:
        told.append(("before", handled()))
        got = suspend("handling")
        told.append(("after", handled()))
        return got


class Number:
    def __init__(self, value: int) -> None:
        self.value = value

    @property
    def doubled(self) -> int:
        return 2 * suspend("property")

    def __add__(self, other: object) -> Any:
        got = suspend("add")
        return NotImplemented if got is None else got

    def __bool__(self) -> bool:
        return bool(suspend("bool"))

    def __setitem__(self, key: str, value: int) -> None:
        suspend("set")
        self.value = value


class Right:
    def __radd__(self, other: object) -> object:
        return "radd"


def through_c() -> object:
    number = Number(1)
    found: list[object] = [number.doubled]
    found.append(number + Right())
    found.append("true" if number else "false")
    number["key"] = 5
    found.append(number.value)
    return found


def comprehension(limit: int) -> object:
    found = [(suspend(item), item, limit) for item in range(3)]
    closures = [(lambda: (item, limit)) for item in (suspend("c"), 2)]  # noqa: B023
    return found, [each() for each in closures], limit


def with_arguments(a: int, *rest: int, key: str = "k", **more: int) -> object:
    local = a + 1

    def inner() -> object:
        return a, local

    a += 100
    suspend("waits")
    return a, rest, key, more, inner()


def calling(function: Callable[..., object], *args: int, **kwargs: int) -> object:
    return function(*args, **kwargs), "called"
