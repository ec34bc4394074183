"""Values that are made inside functions, and what is true of them in every process."""

from __future__ import annotations

import csv
import dataclasses
import enum
import io
import itertools
import json
import os
import struct
import sys
import types
import typing
import urllib.parse
import weakref
from decimal import Decimal
from pathlib import Path

from greenflow.continuation import pickling
from tests.values import made_modern

MISSING = object()


class Stateless:
    """A class whose objects are told apart by ``is`` alone."""


class Slotted:
    __slots__ = ("value",)


UNSET = Stateless()
UNSET_SLOTTED = Slotted()


class Outer:
    INNER = object()


def sentinels():
    return MISSING, Outer.INNER, UNSET, UNSET_SLOTTED, [object()] * 2, Stateless()


def sentinels_are_right(missing, inner, unset, slotted, pair, another):
    assert missing is MISSING
    assert inner is Outer.INNER
    assert unset is UNSET
    assert slotted is UNSET_SLOTTED
    assert pair[0] is pair[1]
    assert pair[0] not in (missing, inner)
    assert type(another) is Stateless
    assert another is not UNSET


def enumerations():
    class Letter(bytes, enum.Enum):
        def __new__(cls, code, label):
            made = bytes.__new__(cls, [code])
            made._value_ = code
            made.label = label
            return made

        A = (97, "first")
        B = (98, "second")
        ALSO_B = (98, "again")

    class Planet(enum.Enum):
        EARTH = (5.9, 6.3)

        def __init__(self, mass, radius):
            self.mass = mass
            self.made = [self]

        @classmethod
        def _missing_(cls, value):
            return cls.EARTH

    class Right(enum.Flag):
        READ = enum.auto()
        WRITE = enum.auto()
        BOTH = READ | WRITE

    class Wide(enum.IntFlag, boundary=enum.KEEP):
        LOW = 1

    class Pair(tuple, enum.Enum):
        ONE = (1, 2)

    @dataclasses.dataclass
    class Content:
        x: int

    class Mixed(Content, enum.Enum):
        FIRST = 1

    return Letter.B, Planet.EARTH, Right.READ, Wide(9), Pair.ONE, Mixed.FIRST


def enumerations_are_right(letter, planet, right, wide, pair, mixed):
    kind = type(letter)
    assert (kind(98), kind["ALSO_B"], bytes(letter)) == (letter, letter, b"b")
    assert [one.label for one in kind] == ["first", "second"]
    assert kind.A in kind
    assert planet.mass == 5.9
    assert planet.made[0] is type(planet)("anything") is planet
    assert (right | type(right).WRITE) is type(right).BOTH
    assert (~right, len(type(right))) == (type(right).WRITE, 2)
    assert (wide + 0, type(wide)(9) == wide, type(wide).LOW in wide) == (9, True, True)
    assert (tuple(pair), type(pair)((1, 2)) is pair) == ((1, 2), True)
    assert (mixed.x, type(mixed)["FIRST"] is mixed) == (1, True)


def slots():
    class Private:
        __slots__ = ("__hidden", "shown")

        def __init__(self):
            self.__hidden = self.shown = 1

        def tell(self):
            return self.__hidden

    return (Private(),)


def slots_are_right(one):
    assert (one.tell(), type(one)().shown, hasattr(one, "__dict__")) == (1, 1, False)


def type_parameters():
    parameters = (
        typing.TypeVar("T", bound=int),
        typing.TypeVar("C", int, str),
        typing.TypeVar("V", covariant=True),
        typing.ParamSpec("P"),
        typing.TypeVarTuple("Ts"),
    )
    return *parameters, parameters[0], typing.NewType("Id", int)


def type_parameters_are_right(t, c, v, p, ts, same, new_type):
    assert t is same
    assert (t.__bound__, c.__constraints__) == (int, (int, str))
    told = [repr(one) for one in (t, c, v, p, ts)]
    assert told == [repr(one) for one in type_parameters()[:5]]
    assert {one.__module__ for one in (t, c, v, p, ts)} == {__name__}
    assert (new_type(3), new_type.__supertype__) == (3, int)
    assert new_type.__module__ == __name__


def parsers():
    rows = csv.reader(io.StringIO('a,"b\nc"\nd,e\nf,g\n'), delimiter=",")
    next(rows)
    named = csv.DictReader(iter(["x;y", "1;2", "3;4"]), delimiter=";")
    next(named)
    text = io.StringIO()
    writer = csv.writer(text, csv.excel_tab)
    writer.writerow([1, 2])
    decoder = json.JSONDecoder(parse_float=Decimal, object_pairs_hook=list)
    numbers = struct.iter_unpack("<H", b"\1\0\2\0\3\0")
    next(numbers)
    url = urllib.parse.urlparse("http://a/b?c")
    return rows, named, text, writer, decoder, numbers, url


def parsers_are_right(rows, named, text, writer, decoder, numbers, url):
    assert rows.line_num == 2
    assert list(rows) == [["d", "e"], ["f", "g"]]
    assert rows.line_num == 4
    assert (named.line_num, list(named)) == (2, [{"x": "3", "y": "4"}])
    writer.writerow(["x", None])
    assert text.getvalue() == "1\t2\r\nx\t\r\n"
    assert decoder.decode('{"a": 1.50}') == [("a", Decimal("1.50"))]
    assert list(numbers) == [(2,), (3,)]
    assert (url.netloc, url.geturl()) == ("a", "http://a/b?c")


def of_the_process():
    closed = (io.BytesIO(b"x"), io.StringIO("x"))
    for each in closed:
        each.close()
    with Path(__file__).open(encoding="utf-8") as file:
        file.read(1)
    return sys.flags, sys.float_info, os.environb, sys.__stdout__.buffer, file, *closed


def of_the_process_is_right(flags, floats, environb, buffer, *closed):
    assert flags is sys.flags
    assert floats is sys.float_info
    assert environb is os.environb
    assert buffer is sys.__stdout__.buffer
    assert all(each.closed for each in closed)
    assert (closed[0].name, closed[0].mode) == (__file__, "r")


def others():
    class Local:
        def method(self):
            return "called"

    one = Local()
    module = types.ModuleType("made")
    module.x = [module]
    descriptors = type.__dict__["__mro__"], Slotted.__dict__["value"]
    return one, weakref.WeakMethod(one.method), module, *descriptors


def others_are_right(one, method, module, mro, member):
    assert method()() == "called"
    assert module.x[0] is module
    assert mro.__get__(bool) == (bool, int, object)
    assert member is Slotted.__dict__["value"]


def iterator_types():
    held = [iter("é€"), iter(int, 0), reversed({}), reversed({}.items())]
    return tuple(map(type, [*held, iter(memoryview(b"")), itertools.count()]))


def iterator_types_are_right(*kinds):
    assert kinds == iterator_types()


MAKERS = {
    maker.__name__: (maker, check)
    for maker, check in (
        (sentinels, sentinels_are_right),
        (enumerations, enumerations_are_right),
        (slots, slots_are_right),
        (type_parameters, type_parameters_are_right),
        (parsers, parsers_are_right),
        (of_the_process, of_the_process_is_right),
        (others, others_are_right),
        (iterator_types, iterator_types_are_right),
        *made_modern.MAKERS,
    )
}


def load_all(place):
    """Check all values that were saved, and save them again."""
    for name, (_, check) in MAKERS.items():
        path = Path(place, name)
        values = pickling.load(path.read_bytes())
        path.write_bytes(pickling.dump(values).data)
        check(*values)


if __name__ == "__main__":
    from tests.values import target_made

    target_made.load_all(sys.argv[1])
