"""The flows of the golden stores. This file is never edited: they wait in it."""

from __future__ import annotations

import datetime
import decimal
import enum
from contextlib import contextmanager
from dataclasses import dataclass, field

import greenflow

WHEN = datetime.datetime(2024, 2, 29, 12, 30, tzinfo=datetime.UTC)


class Colour(enum.Enum):
    RED = 1


@dataclass
class Order:
    number: int
    lines: list[str] = field(default_factory=list)


class Failed(Exception):
    pass


def plain(n):
    order = Order(n, ["a", "b"])
    again = order
    got = greenflow.recv()
    again.lines.append(got)
    return order.lines, order is again


def values(n):
    held = {
        "numbers": [n, 1.5, 2j, 1 << 80, decimal.Decimal("1.10")],
        "texts": ("\xe9", b"\x00\xff", bytearray(b"x")),
        "sets": ({1, 2}, frozenset({3})),
        "others": [None, True, ..., range(3), WHEN, Colour.RED],
    }
    held["itself"] = held
    got = greenflow.recv()
    return held["itself"] is held, repr(sorted(held)), repr(held["others"]), got


def loops(n):
    found = []
    for index, name in enumerate("ab"):
        for number in range(n):
            found.append((index, name, number, greenflow.recv()))
    return found


@contextmanager
def block(told):
    told.append("enter")
    yield told
    told.append("exit")


def blocks(n):
    told = []
    with block(told) as same, block(told):
        try:
            raise Failed("first")
        except Failed as error:
            same.append(greenflow.recv())
            same.append(str(error))
        finally:
            same.append(greenflow.recv())
    return told


def numbers(n):
    for number in range(n):
        got = yield number
        greenflow.recv()
        yield got


def generators(n):
    waiting = numbers(n)
    found = [next(waiting), waiting.send("sent")]
    found.extend(each for each in waiting if each is not None)
    return found


def closures(n):
    count = 0

    def ask():
        nonlocal count
        got = greenflow.recv()
        count += n
        return got

    pending = [lambda x: (x, count)]
    return max(1, n), ask(), pending[0](ask()), count


def deep(n):
    return greenflow.recv() if n == 0 else (n, deep(n - 1))


def large(n):
    data = bytes(range(256)) * 1024
    many = {f"key {number}": number for number in range(3000)}
    got = greenflow.recv()
    return len(data), data[-1], len(many), many["key 2999"], got


def parent(n):
    child = greenflow.spawn(plain, n)
    greenflow.checkpoint("spawned")
    return greenflow.recv(), isinstance(child.id, str)


def payload(n):
    return greenflow.suspend({"asked": n})


def ended(n):
    return Order(n)


def broken(n):
    raise Failed(f"number {n}")


OTHERS = (
    "[None, True, Ellipsis, range(0, 3), datetime.datetime(2024, 2, 29, 12, "
    "30, tzinfo=datetime.timezone.utc), <Colour.RED: 1>]"
)
#: How many messages each takes, and what it returns then: "m0", "m1", ... are sent.
DONE = {
    "plain": (1, (["a", "b", "m0"], True)),
    "values": (
        1,
        (
            True,
            "['itself', 'numbers', 'others', 'sets', 'texts']",
            OTHERS,
            "m0",
        ),
    ),
    "loops": (
        4,
        [(0, "a", 0, "m0"), (0, "a", 1, "m1"), (1, "b", 0, "m2"), (1, "b", 1, "m3")],
    ),
    "blocks": (2, ["enter", "enter", "m0", "first", "m1", "exit", "exit"]),
    "generators": (2, [0, "sent", 1]),
    "closures": (2, (2, "m0", ("m1", 4), 4)),
    "deep": (1, (2, (1, "m0"))),
    "large": (1, (262144, 255, 3000, 2999, "m0")),
    "parent": (1, ("m0", True)),
}
