"""Classes that are made when it is used."""

from __future__ import annotations

import abc
import enum
from dataclasses import dataclass, field
from functools import cached_property
from typing import Generic, NamedTuple, Protocol, TypedDict, TypeVar

T = TypeVar("T")


class Base:
    def greet(self):
        return "base"


def local_class(start):
    class Local(Base):
        """Told."""

        count = start

        def greet(self):
            return super().greet(), type(self).count, start

        @classmethod
        def up(cls):
            cls.count += 1
            return cls.count

        @staticmethod
        def still():
            return start

        @property
        def twice(self):
            return 2 * start

        @cached_property
        def once(self):
            return [start]

        def __eq__(self, other):
            return type(other) is Local

        __hash__ = None

    return Local


def local_dataclass():
    @dataclass(order=True)
    class Data:
        a: int
        b: list = field(default_factory=list)
        c: str = "c"

    @dataclass
    class More(Data):
        d: int = 4

    return Data, More


def local_slots():
    class Slots:
        __slots__ = ("a", "b")

        def __init__(self, a):
            self.a = a

    class SlotsToo(Slots):
        __slots__ = "c"

    return Slots, SlotsToo


def local_frozen():
    @dataclass(frozen=True, slots=True)
    class Frozen:
        a: int

    return Frozen


def local_enum():
    class Level(enum.IntEnum):
        LOW = 1
        HIGH = 2
        TOP = 2

        def up(self):
            return Level(self + 1)

    class Planet(enum.Enum):
        EARTH = (5.9, 6.3)
        MARS = (0.6, 3.3)

        def __init__(self, mass, radius):
            self.mass = mass
            self.radius = radius

    class Bits(enum.Flag):
        A = enum.auto()
        B = enum.auto()

    return Level, Planet, Bits


def local_namedtuple():
    class Pair(NamedTuple):
        x: int
        y: int = 7

        def total(self):
            return self.x + self.y

    return Pair


def local_typed_dict():
    class Options(TypedDict, total=False):
        name: str
        size: int

    return Options


def local_protocol():
    class Named(Protocol):
        name: str

        def call(self) -> int: ...

    class Impl(Named):
        name = "impl"

        def call(self) -> int:
            return 1

    return Named, Impl


def local_abstract():
    class Shape(abc.ABC):
        @abc.abstractmethod
        def area(self): ...

    class Square(Shape):
        def area(self):
            return 1

    class Other:
        pass

    Shape.register(Other)
    return Shape, Square, Other


def local_generic():
    class Box(Generic[T]):
        def __init__(self, held: T):
            self.held = held

    class IntBox(Box[int]):
        pass

    return Box, IntBox


def local_meta():
    class Meta(type):
        def __call__(cls, *args):
            made = super().__call__(*args)
            made.by = cls.tag
            return made

    class Made(metaclass=Meta):
        tag = "meta"

    return Made


def local_nested():
    class Outer:
        class Inner:
            def outer(self):
                return Outer

        def inner(self):
            return self.Inner()

    return Outer


def local_hooks():
    seen = []

    class Hooked:
        def __init_subclass__(cls, *, tag, **kwargs):
            super().__init_subclass__(**kwargs)
            seen.append((cls.__name__, tag))

    class Sub(Hooked, tag="t"):
        x = 3

    return Sub, seen
