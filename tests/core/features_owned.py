"""Dictionaries of objects in variables, and methods of C types by super()."""

from __future__ import annotations

from greenflow import suspend
from tests.core.features import feature


class Bare:
    """Nothing is in it at first."""


@feature(
    sends=[1, 2, 3],
    asks=["before", "between", "after"],
    gives=(1, 2, ["first", "second", "third"], True),
)
def dictionary_of_an_object():
    owner = Bare()
    held = vars(owner)
    held["first"] = suspend("before")
    held["second"] = suspend("between")
    owner.third = suspend("after")
    return owner.first, owner.second, sorted(held), vars(owner) is held


@feature(
    sends=["a", "b"],
    asks=["kept", "told"],
    gives=(1, ["a"], ("b",)),
)
def c_methods_by_super():
    class Kept(list):
        def append(self, value):
            method = super().append
            method(suspend(value))
            return len(self)

    class Told(Exception):
        def __init__(self, value):
            super().__init__(suspend(value))

    kept = Kept()
    return kept.append("kept"), list(kept), Told("told").args
