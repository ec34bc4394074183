"""Functions to jump in: each asks for values, and tells what it does by ``see``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Ask = Callable[[], Any]
See = Callable[[object], None]


class block:
    """Tells that it is entered and left."""

    def __init__(self, see: See, name: str) -> None:
        self.see, self.name = see, name

    def __enter__(self) -> str:
        self.see(f"enter {self.name}")
        return self.name

    def __exit__(self, *error: object) -> None:
        self.see(f"exit {self.name}")


def straight(ask: Ask, see: See) -> object:
    a = 1
    see("a")
    b = ask()
    see("b")
    c = ask() + a
    see("c")
    return a, b, c


def loops(ask: Ask, see: See) -> object:
    total, i, j = 0, 0, 0
    for i in range(3):
        see(("outer", i))
        for j in range(2):
            total += ask()
            see(("inner", i, j))
        see("behind inner")
        total += ask()
    see("behind")
    while total < 20:
        total += ask()
        see(total)
    else:
        see("else")
    return total, i, j


def with_blocks(ask: Ask, see: See) -> object:
    total, b = 0, ""
    see("begin")
    with block(see, "one") as a:
        total += ask()
        see(a)
        with block(see, "two") as b:
            total += ask()
            see(b)
        see("between")
        total += ask()
    with block(see, "three"):
        total += ask()
        see("in three")
    see("end")
    return total


def tries(ask: Ask, see: See) -> object:
    total = 0
    try:
        see("try")
        total += ask()
        if total > 1:
            raise ValueError(total)
        see("no error")
    except ValueError as error:
        see("except")
        total += ask()
        see(str(error))
    else:
        see("else")
        total += ask()
    finally:
        see("finally")
        total += ask()
        see("end of finally")
    see("behind")
    total += ask()
    return total


def nested(ask: Ask, see: See) -> object:
    total, item = 0, 0
    for item in (1, 2):
        try:
            with block(see, f"in {item}"):
                see("body")
                total += ask()
                if item == 2:
                    see("two")
                    raise KeyError(item)
            see("behind with")
            total += ask()
        except KeyError:
            see("handler")
            total += ask()
            continue
        finally:
            see("finally")
        see("end of loop")
    see("behind")
    return total


def branches(ask: Ask, see: See) -> object:
    kind = ask()
    if kind > 5:
        see("large")
        value = ask()
    elif kind > 2:
        see("middle")
        value = ask() * 2
    else:
        see("small")
        value = -ask()
    see(value)
    other = ask() if kind else None
    see(other)
    return value, other


def expression(ask: Ask, see: See) -> object:
    first = 10
    see("begin")
    whole = (
        first,
        [
            ask(),
            ask() + first,
        ],
        {"key": ask()},
    )
    see("end")
    return whole


def shared(ask: Ask, see: See) -> object:
    count = 0

    def add(amount: int) -> int:
        nonlocal count
        count += amount
        return count

    see(add(1))
    add(ask())
    for item in range(2):
        see((count, item))
        add(ask())
    return count


SAMPLES = {
    function.__name__: function
    for function in (
        straight,
        loops,
        with_blocks,
        tries,
        nested,
        branches,
        expression,
        shared,
    )
}
