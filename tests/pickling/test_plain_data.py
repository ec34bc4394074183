"""Large plain data of all shapes: who is who in it, and what it is shown as."""

from __future__ import annotations

import gc
import math
import pickle
import random
import struct
import sys
import threading
from typing import Any

import pytest

from greenflow._pages import plain
from greenflow.continuation import pickling
from greenflow.continuation.plain import MARK
from greenflow.inspect.unpickle import unpickle
from tests.pickling.copies import copy_of


def fresh(text: str) -> str:
    """Return equal text, not interned, of which there is no other reference."""
    return "".join([text[:1], text[1:]])


def filler(count: int = 20_000) -> list[Any]:
    """Return so much plain data that it is more than a pickler's frame."""
    return [[number, float(number), fresh(f"text {number}")] for number in range(count)]


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
    back = copy_of([value, *filler(3000)])[0]
    assert shape(back, {}) == shape(value, {})
    assert type(back[0]) is type(ATOMS[number])


@pytest.mark.parametrize("size", [1999, 2000, 2001, 2999, 3000, 3001])
def test_sizes(size):
    for value in (list(range(size)), dict.fromkeys(range(size))):
        assert copy_of(value) == value
        assert type(copy_of(value)) is type(value)


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


def test_the_way_is_taken():
    """Without it the tests above would say nothing."""
    rows = filler()
    row, text = rows[7], rows[8][2]
    others: list[Any] = []
    assert plain(rows, others) is not None
    assert [*map(id, others)] == [id(row), id(text)]
    assert pickling.dump([rows, row]).data.startswith(MARK)
    # What is the same value's and nothing else's is written with it.
    del row, text
    others.clear()
    shared = fresh("text")
    rows[3][2] = rows[9][2] = shared
    del shared
    assert plain(rows, others) is not None
    assert others == []


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


@pytest.mark.parametrize("seed", range(40))
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
        plain([object()] * 2000, [])

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
