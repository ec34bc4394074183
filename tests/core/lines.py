"""Functions to be stepped through; what they do in the end is in `log`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from greenflow import suspend

log: list[object] = []


def ends_everything(value: int) -> tuple[int, list[int]]:
    got = []
    try:
        for number in range(value):
            got.append(middle(number))
    except Exception as error:
        log.append(("except", type(error)))
        raise
    finally:
        log.append("finally")
    return value, got


class Manager:
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        log.append(("exit", error[0]))


def middle(number: int) -> int:
    with Manager():
        for made in makes(number):
            number += made
        return number


def makes(number: int) -> Any:
    try:
        made = number + 1
        made += suspend(number)
        made *= 2
        yield made
    finally:
        log.append("made")


def handled(kind: type[Exception]) -> object:
    first = suspend("begins")
    outside = first
    try:
        inside = outside
        inside += 1
    except kind as error:
        return "caught", repr(error)
    return inside


def generates(kind: type[Exception]) -> Any:
    try:
        outside = suspend("begins")
        yield outside
    except kind as error:
        yield "caught", repr(error)


def consumes(kind: type[Exception]) -> list[object]:
    return [value for value in generates(kind)]  # noqa: C416


def handling() -> object:
    try:
        raise KeyError("first")
    except KeyError:
        got = suspend("begins")
        try:
            got += 1
            raise
        except KeyError as error:
            return got, repr(error)


class Outermost:
    def __init__(self, value: int) -> None:
        self.value = value
        got = suspend("begins")
        self.value += got
        self.more = self.value


def adds(values: list[int]) -> int:
    total = suspend("begins")
    for value in values:
        total += value
    return total


def calls(values: list[int]) -> object:
    got = adds(values)
    return got  # noqa: RET504


def over_lines() -> object:
    first = 1
    second = 2
    suspend("begins")
    return first, second


def turns() -> Any:
    got = 1
    while True:
        try:
            got += 1
            got = suspend("turn")
            got += 1
        finally:
            got -= 1
        yield got


def endless() -> None:
    for _ in turns():
        pass


def outer(count: int) -> tuple[int, list[int]]:
    total, got = 0, []

    def add(value: int) -> int:
        nonlocal total
        total += value
        return total

    try:
        for number in range(count):
            got.append(inner(number, add))
    finally:
        log.append("outer ends")
    return total, got


def inner(number: int, add: Callable[[int], int]) -> int:
    factor = 1
    try:
        value = suspend(number)
    finally:
        log.append("inner ends")
    return add(value * factor)


def walks():
    step = 1
    while True:
        got = suspend(step)
        yield got * step


def consumes_two():
    kept = []
    for value in walks():
        kept.append(value)
        if len(kept) == 2:
            return kept
    return None
