"""Large plain data is written in a way of its own, and comes back as from pickle."""

from __future__ import annotations

import gc
import math
import pickle
import random
import struct
import sys
import threading
from collections import OrderedDict
from enum import IntEnum
from typing import Any, NamedTuple

import pytest

from greenflow import _plain
from greenflow.continuation import pickling, plain
from greenflow.inspect.unpickle import unpickle
from tests.pickling.copies import copy_of


class Number(IntEnum):
    ONE = 1


class Pair(NamedTuple):
    a: int
    b: int


class Text(str):
    __slots__ = ()


def fresh(text: str) -> str:
    """Return equal text, not interned, of which there is no other reference."""
    return "".join([text[:1], text[1:]])


def filler(count: int = 20_000) -> list[Any]:
    """Return so much plain data that it is more than a pickler's frame."""
    return [[number, float(number), fresh(f"text {number}")] for number in range(count)]


def is_plain(value: Any) -> bool:
    return _plain.dumps(value) is not None


def loaded(value: Any) -> Any:
    data, holes = _plain.dumps(value)
    return plain._Filling(data, holes).load()


def shape(value: Any, seen: dict[int, int]) -> Any:
    """A description in which all that may be shared has a number: who is who."""
    if type(value) is float:
        return struct.pack("d", value)
    if type(value) is str and not value.startswith("t"):
        return value  # what the tests share begins with a t
    if not isinstance(value, list | tuple | dict | str | set) or value == ():
        return type(value), value
    if id(value) in seen:
        return "again", seen[id(value)]
    seen[id(value)] = len(seen)
    if isinstance(value, dict):
        return dict, [(shape(k, seen), shape(v, seen)) for k, v in value.items()]
    if isinstance(value, str | set):
        return type(value), value
    return type(value), [shape(item, seen) for item in value]


ATOMS = [
    *(None, True, False, 0, 1, -1, 255, 256, 65535, 65536, 2**31 - 1, 2**31, -(2**31)),
    *(-(2**31) - 1, 2**63 - 1, -(2**63), 0.0, -0.0, 1e308, math.inf, -math.inf),
    *(
        "",
        "a",
        "\xe9",
        "\u20ac",
        "\U0001f600",
        "\ud800",
        "\x00",
        b"",
        b"b",
        b"\x00" * 256,
    ),
    *("x" * 255, "x" * 256, "\xe9" * 127, "\xe9" * 128, b"y" * 255, ()),
]


@pytest.mark.parametrize("number", range(len(ATOMS)))
def test_numbers_and_text(number):
    value = [ATOMS[number], {"k": ATOMS[number]}, (ATOMS[number],)]
    back = loaded(value)
    assert shape(back, {}) == shape(value, {})
    assert type(back[0]) is type(ATOMS[number])


def test_nan_and_numbers_above_64_bits():
    back = loaded([math.nan, 2**64, -(2**63) - 1, 2**1000])
    assert math.isnan(back[0])
    assert back[1:] == [2**64, -(2**63) - 1, 2**1000]


@pytest.mark.parametrize(
    "size", [0, 1, 2, 3, 4, 5, 63, 64, 999, 1000, 1001, 2000, 2001]
)
def test_sizes(size):
    for value in (list(range(size)), tuple(range(size)), dict.fromkeys(range(size))):
        assert loaded(value) == value
        assert type(loaded(value)) is type(value)


def test_what_is_left_to_the_pickler():
    for other in (set(), frozenset(), 1j, Number.ONE, Pair(1, 2), Text("a"), object()):
        assert not is_plain([other])
        assert not is_plain({"k": [other]})
    assert not is_plain(OrderedDict())
    assert not is_plain(["x" * 65536])
    assert not is_plain([b"x" * 65536])
    assert not is_plain([bytearray()])
    deep: list[Any] = []
    for _ in range(102):
        deep = [deep]
    assert not is_plain(deep)


def test_what_leads_back_is_left_to_the_pickler():
    value: list[Any] = [1]
    value.append(value)
    assert not is_plain(value)
    value[1] = [value]
    assert not is_plain(value)
    row = {"all": value}
    value[1] = row
    assert not is_plain(value)
    value[1] = None
    assert is_plain(value)


def test_what_is_shared_within():
    text, data = fresh("text"), bytes(bytearray(b"some bytes"))
    value = [text, {"k": text}, data, (data, text)]
    del text, data
    _, holes = _plain.dumps(value)
    assert holes == []
    back = loaded(value)
    assert back[0] is back[1]["k"] is back[3][1]
    assert back[2] is back[3][0]


def test_what_is_referred_to_from_outside_is_a_hole():
    rows = filler(100)
    row, text = rows[3], rows[4][2]
    _, holes = _plain.dumps(rows)
    assert [*map(id, holes)] in ([id(text), id(row)], [id(row), id(text)])
    assert loaded(rows) == rows
    many = filler(100)
    kept = many[:70]
    assert not is_plain(many)
    assert kept[0] is many[0]


def test_a_hole_that_is_large_itself():
    rows = filler(100)
    rows[3] = outside = filler(2000)
    assert not is_plain(rows)
    rows[3] = outside = filler(100)
    _, holes = _plain.dumps(rows)
    assert holes[0] is outside


ALIASED = {
    "the row that a loop is at": lambda rows: [rows, rows[7]],
    "that row first": lambda rows: [rows[7], rows],
    "text of a row": lambda rows: [rows, rows[7][2]],
    "text of a row first": lambda rows: [rows[7][2], rows],
    "all of it twice": lambda rows: [rows, rows],
    "in two values": lambda rows: [rows, {"rows": rows}, (rows, [rows])],
    "rows of two tables": lambda rows: [rows, rows[::1000]],
    "half of the rows": lambda rows: [rows, rows[::2]],
    "an iterator": lambda rows: [rows, iter(rows)],
    "an iterator of a row": lambda rows: [rows, iter(rows[5])],
    "itself": lambda rows: [rows.append(rows), rows],
    "itself in a row": lambda rows: [rows[5].append(rows), rows],
    "itself in a row that is held": lambda rows: [rows[5].append(rows), rows[5], rows],
    "a set in a row": lambda rows: [rows[5].append({1}), rows],
    "a large row": lambda rows: [rows[5].extend(filler(100)), rows, rows[5]],
}


@pytest.mark.parametrize("name", ALIASED)
def test_who_is_who(name):
    value = ALIASED[name](filler())
    if "iterator" in name:
        back = copy_of(value)
        assert back[0] == value[0]
        step = next(back[1])
        assert step is (back[0] if name == "an iterator" else back[0][5])[0]
        return
    assert shape(copy_of(value), {}) == shape(value, {})


def test_the_way_is_taken(monkeypatch):
    """Without it the tests above would say nothing."""
    rows = filler()
    row = rows[7]
    dumped = pickling.dump([rows, row])
    asked = []
    load = plain._Unpickler.persistent_load

    def noted(unpickler, known):
        asked.append(type(known))
        return load(unpickler, known)

    monkeypatch.setattr(plain._Unpickler, "persistent_load", noted)
    back = pickling.load(dumped.data)
    assert asked == [tuple]
    assert back[1] is back[0][7]
    assert len(pickling.dump([rows, rows]).data) < len(dumped.data) + 100


class Maker:
    """Makes plain data, and other data in it, some of which is in several places."""

    def __init__(self, seed: int, size: int) -> None:
        self.chance = random.Random(seed)
        self.made: list[Any] = []
        self.size = size

    def value(self) -> Any:
        chance, kind = self.chance, self.chance.random()
        if self.made and chance.random() < 0.02:
            return chance.choice(self.made)
        if kind < 0.5:
            return chance.choice(
                [
                    chance.randrange(-(10**12), 10**12),
                    fresh(f"t{chance.random()}"),
                    chance.choice(ATOMS),
                ]
            )
        return {chance.random()} if kind < 0.501 else self.container(kind)

    def container(self, kind: float) -> Any:
        count = self.chance.choice([0, 1, 2, 3, 4, 5, 70])
        if len(self.made) > self.size:
            count = 0
        new: list[Any] = []
        if kind > 0.6:
            self.made.append(new)
        for _ in range(count):
            new.append(self.value())
        if kind > 0.85:
            return dict(enumerate(new))
        return tuple(new) if kind > 0.75 else new

    def graph(self) -> list[Any]:
        value = [self.value() for _ in range(self.size)]
        if self.made and self.chance.random() < 0.3:
            self.chance.choice(self.made).append(value)
        return [value, *self.made[-3:]]


@pytest.mark.parametrize("seed", range(60))
def test_random_graphs(seed):
    value = Maker(seed, 400).graph()
    value.append(filler(4000))
    assert shape(copy_of(value), {}) == shape(value, {})


def test_it_is_shown_as_what_it_is():
    rows = filler()
    dumped = pickling.dump({"rows": rows, "row": rows[7], "again": rows}).data
    root = unpickle(dumped).root
    found = dict(root.pairs)
    assert found["rows"].kind == "list"
    assert found["rows"] is found["again"]
    assert found["rows"].items[7] is found["row"]
    assert found["row"].items == [7, 7.0, "text 7"]


def test_two_threads_and_one_within_another():
    """What a pickler asks about is its own, whoever else writes meanwhile."""

    class Slow:
        def __init__(self, rows):
            self.rows = rows

        def __reduce__(self):
            inner = pickling.dump([self.rows, filler(4000)])
            go.wait(10)
            return list, ((len(inner.data), self.rows),)

    go = threading.Barrier(2)
    tables = [filler(), filler(15_000)]
    results: list[Any] = [None, None]

    def work(number: int) -> None:
        value = [tables[number], Slow(tables[number]), tables[number]]
        results[number] = pickling.load(pickling.dump(value).data)

    threads = [threading.Thread(target=work, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for table, back in zip(tables, results, strict=True):
        assert back[0] == table
        assert back[0] is back[2] is back[1][1]


@pytest.mark.parametrize("is_on", [True, False])
def test_the_collector_is_left_as_it_was(is_on):
    data = pickling.dump(filler()).data
    (gc.enable if is_on else gc.disable)()
    try:
        pickling.load(data)
        assert gc.isenabled() is is_on
    finally:
        gc.enable()


def test_nothing_leaks():
    rows = filler(3000)
    row = rows[5]

    def once() -> None:
        pickling.load(pickling.dump([rows, row, rows]).data)
        _plain.dumps([object()])
        _plain.dumps([rows, rows])

    once()
    gc.collect()
    before = sys.getallocatedblocks(), sys.getrefcount(row), sys.getrefcount(rows)
    for _ in range(20):
        once()
    gc.collect()
    after = sys.getallocatedblocks(), sys.getrefcount(row), sys.getrefcount(rows)
    assert after[0] - before[0] < 50
    assert after[1:] == before[1:]


def test_a_small_value_takes_the_way_of_before():
    assert pickling.dump([1, "a"]).data == pickle.dumps([1, "a"], pickling.PROTOCOL)
