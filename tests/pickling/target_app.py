"""A program: saves what the code given to it makes, or loads it as ``value``.

Then the code that checks it runs among the program's globals.
"""

import enum
import pathlib
import sys
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from typing import Generic, NamedTuple, TypeVar

from greenflow.continuation import pickling

FACTOR = 10
T = TypeVar("T")


def helper(x):
    return x * FACTOR


def work(x):
    return helper(x) + 1


def adder(n):
    def add(x):
        return helper(x) + n

    return add


def counted():
    global FACTOR
    FACTOR += 1
    return FACTOR


def even(n):
    return n == 0 or odd(n - 1)


def odd(n):
    return n != 0 and even(n - 1)


def decorated(function):
    @wraps(function)
    def wrapper(*args):
        return "wrapped", function(*args)

    return wrapper


@decorated
def nice(x):
    return helper(x)


@lru_cache(maxsize=3)
def cached(x):
    return helper(x)


triple = lambda x: 3 * helper(x)  # noqa: E731 - a function without a name


class Base:
    def who(self):
        return "base", FACTOR


@dataclass
class Item(Base):
    n: int
    tags: list = field(default_factory=list)

    def who(self):
        return super().who(), self.n

    @classmethod
    def two(cls):
        return cls(2)

    @property
    def more(self):
        return Item(self.n + 1)


class Special(Item):
    kind = "special"


class Color(enum.Enum):
    RED = 1

    def other(self):
        return Color.RED


class Pair(NamedTuple):
    x: int
    y: int = 2


class Box(Generic[T]):
    def __init__(self, held: T):
        self.held = held


class Problem(Exception):
    def __init__(self, code):
        super().__init__("problem")
        self.code = code


def generator(n):
    item = Item(n)
    yield item
    yield helper(item.n)


def main():
    what, file, code = sys.argv[1:4]
    path = pathlib.Path(file)
    if what == "save":
        path.write_bytes(pickling.dump(eval(code)).data)
    else:
        data = path.read_bytes()
        exec(code, {**globals(), "data": data, "value": pickling.load(data)})


if __name__ == "__main__":
    main()
