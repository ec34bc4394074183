"""Attributes that suspend when they are looked up, and are called at once."""

from __future__ import annotations

from greenflow import suspend
from tests.core.features import feature
from tests.core.features_classes import Base


class Looked:
    def __getattr__(self, name):
        suspend(name)
        return lambda *args, **more: (name, args, more, suspend("called"))


class Computed:
    @property
    def joined(self):
        return suspend("joined") or "-".join

    @property
    def made(self):
        suspend("made")
        return Base


@feature(sends=[None], asks=["joined"], gives="a-b")
def property_that_is_called():
    return Computed().joined(["a", "b"])


@feature(sends=[None], asks=["made"], gives=[("base init", "x")])
def property_that_is_a_class():
    return Computed().made("x").log


@feature(
    sends=[1, 2, 3, 4],
    asks=["one", "called", "two", "called"],
    gives=[("one", (1, 5), {}, 2), ("two", (), {"key": 3}, 4)],
)
def getattr_that_is_called():
    looked = Looked()
    return [looked.one(1, *[5][:1]), looked.two(key=3)]


@feature(sends=[1, 2, 3, 4], asks=["a", "called", "b", "called"], gives=8)
def getattr_that_is_called_inside_arguments():
    looked = Looked()
    return sum((looked.a(0)[-1], 2, looked.b(0)[-1]))
