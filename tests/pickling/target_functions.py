"""A module whose functions are found by name, hidden, or made when it is used."""

from __future__ import annotations

import functools

FACTOR = 2


def plain(x):
    return x * FACTOR


def plain_again(x):
    return x * FACTOR


def decorated_with(function):
    @functools.wraps(function)
    def wrapper(*args):
        return "wrapped", function(*args)

    return wrapper


def replaced_by(function):
    def replacement(*args):
        return "replaced", function(*args)

    return replacement


@decorated_with
@decorated_with
def twice_wrapped(x):
    return x + 1


@replaced_by
def replaced(x):
    return x + 2


@functools.lru_cache(maxsize=7)
def cached(x):
    return [x]


class Thing:
    def __init__(self, n):
        self._n = n

    def method(self):
        return self._n

    @classmethod
    def made(cls, n):
        return cls(n)

    @staticmethod
    def still(n):
        return n

    @property
    def n(self):
        return self._n

    @n.setter
    def n(self, value):
        self._n = value + 1


def adder(n):
    def add(x):
        return plain(x) + n

    return add


def counter():
    count = 0

    def up():
        nonlocal count
        count += 1
        return count

    def down():
        nonlocal count
        count -= 1
        return count

    return up, down


def factorial():
    def fact(n):
        return 1 if n < 2 else n * fact(n - 1)

    return fact


def deep():
    def middle():
        made = [(lambda x: lambda y: x + y + FACTOR) for _ in range(2)]
        return made[1]

    return middle()


def two_from_one_code():
    return [lambda i=i: i for i in range(2)]


squares = lambda x: x * x  # noqa: E731 - a lambda that has no name to be found by
