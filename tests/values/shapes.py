"""Functions of an importable module, of every kind that a value may be."""

from __future__ import annotations

import functools


def plain(x):
    return x + 1


def hidden_by(decorated):
    @functools.wraps(decorated)
    def wrapper(*args):
        return "wrapped", decorated(*args)

    return wrapper


@hidden_by
def behind(x):
    return x


class Kind:
    def method(self):
        return "method"

    @classmethod
    def of_class(cls):
        return cls.__name__

    @staticmethod
    def static():
        return "static"

    def with_super(self):
        return super().__repr__()[:5], __class__.__name__


def counter():
    count = 0

    def up():
        nonlocal count
        count += 1
        return count

    def now():
        return count

    return up, now


def recursive():
    def down(n):
        return down(n - 1) + 1 if n else 0

    return down
