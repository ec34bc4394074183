"""Flows that are edited while they wait."""

from __future__ import annotations

from collections.abc import Iterator

import greenflow
from tests.editing import target_stacks


def shop(total: int) -> object:
    return target_stacks.shop(total)


def sharing() -> object:
    return target_stacks.sharing()


def looping(to: int) -> object:
    return target_stacks.looping(to)


def asking() -> object:
    answer = greenflow.recv(dict, topic="boss", timeout=3600)
    return answer, "asked"


def sleeping() -> object:
    greenflow.sleep(100_000)
    return "slept"


def cleaning() -> Iterator[int]:
    try:
        yield greenflow.suspend("in")
    finally:
        open("cleaned", "w").close()


def waiting_twice(path: str) -> object:
    first = greenflow.suspend(path)
    second = greenflow.suspend("second")
    return first, second


def checkpointed() -> object:
    number = greenflow.checkpoint("here")
    return number, greenflow.suspend(number)
