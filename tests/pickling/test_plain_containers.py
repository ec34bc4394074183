"""Large containers of plain values come back equal, and with the same identities."""

from __future__ import annotations

import math
import pickle
import random
from typing import Any

import pytest

from greenflow import limits
from greenflow._pages import has_large, plain
from greenflow.continuation import pickling
from greenflow.continuation.plain import MARK

BITS = [8, 16, 31, 32, 63, 64, 200]
COUNT = limits.PLAIN_ITEMS_MIN


class Thing:
    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Thing) and self.value == other.value

    __hash__ = None  # type: ignore[assignment]


def again(value: Any) -> Any:
    return pickling.load(pickling.dump(value).data)


def is_inner(value: Any) -> bool:
    return pickling.dump(value).data.startswith(MARK)


def scalar(made: random.Random) -> Any:
    kind = made.randrange(12)
    return [
        None,
        True,
        made.randrange(-300, 300),
        made.randrange(-(2**40), 2**40),
        made.choice([-1, 1])
        * made.getrandbits(made.choice([8, 16, 31, 32, 63, 64, 200])),
        made.random(),
        made.choice([math.inf, -0.0, 1e308]),
        "x" * made.randrange(400),
        made.choice(["ä", "\0", "𝄞", "\udc80", ""]) * made.randrange(300),
        made.randbytes(made.randrange(600)),
        made.choice(["shared", "also shared"]),
        (),
    ][kind]


def anything(made: random.Random, level: int) -> Any:
    kind = made.randrange(10) if level else 9
    if kind < 2:
        return tuple(anything(made, level - 1) for _ in range(made.randrange(6)))
    if kind == 2:
        return [anything(made, level - 1) for _ in range(made.randrange(6))]
    if kind == 3:
        return {str(n): anything(made, level - 1) for n in range(made.randrange(6))}
    if kind == 4 and not made.randrange(30):
        return made.choice([{1, 2}, Thing(3), bytearray(b"x"), 1 + 2j, b"y" * 70_000])
    return scalar(made)


def types(value: Any) -> Any:
    """A value with the types of all that it holds."""
    if isinstance(value, list | tuple):
        return type(value), [types(each) for each in value]
    if isinstance(value, dict):
        return dict, [(types(key), types(held)) for key, held in value.items()]
    return type(value), repr(value) if isinstance(value, float) else value


@pytest.mark.parametrize("seed", range(12))
def test_random_values_are_the_same(seed: int):
    made = random.Random(seed)
    as_list = [anything(made, 3) for _ in range(COUNT)]
    as_dict = {number: anything(made, 3) for number in range(COUNT)}
    for value in (as_list, as_dict, {"a": as_list, "b": [as_dict, as_list]}):
        assert is_inner(value)
        found = again(value)
        assert types(found) == types(pickle.loads(pickle.dumps(value)))
    both = again({"a": as_list, "b": [as_dict, as_list]})
    assert both["a"] is both["b"][1]


@pytest.mark.parametrize("count", [2, 999, 1000, 1001, 2000, 3001])
def test_containers_of_all_sizes(count: int):
    for value in (list(range(count)), {n: str(n) for n in range(count)}):
        assert pickle.loads(plain(value, [])) == value


def test_every_object_is_one_object_again():
    thing, shared, text = Thing([]), (1, [2]), "a text that many have" * 3
    inner: list[Any] = [thing, shared]
    value = [
        [(number, text) for number in range(COUNT)],
        {number: (thing if number == 7 else number) for number in range(COUNT)},
        {
            number: [shared, inner][number % 2] if number < 4 else 0
            for number in range(COUNT)
        },
        thing,
        shared,
        inner,
    ]
    rows, things, shares, one, pair, within = again(value)
    assert things[7] is one is within[0]
    assert shares[0] is shares[2] is pair is within[1]
    assert shares[1] is shares[3] is within
    assert len({id(row[1]) for row in rows}) == 1
    assert (rows, things[6], pair) == (value[0], 6, shared)


def test_a_container_in_others():
    table = {number: (number,) for number in range(COUNT)}
    value = {"first": table, "list": [table, Thing(table)], "tuple": (table,)}
    found = again(value)
    assert found["first"] == table
    assert found["first"] is found["list"][0] is found["list"][1].value
    assert found["first"] is found["tuple"][0]


def test_large_ones_in_a_large_one():
    inner = [{n: (n, number) for n in range(COUNT)} for number in range(3)]
    value = dict.fromkeys(range(COUNT), 0) | {"in": inner, "also": inner[1]}
    found = again(value)
    assert found == value
    assert found["in"][1] is found["also"]


def test_cycles_are_left_to_pickle():
    table: dict[Any, Any] = {number: number for number in range(COUNT)}
    table["self"] = table
    thing = Thing(None)
    rows: list[Any] = [*range(COUNT), thing]
    thing.value = rows
    far: dict[Any, Any] = {number: number for number in range(COUNT)}
    far["way"] = [Thing({"back": far})]
    for value in (table, rows, far):
        assert not is_inner(value)
    found = again([table, rows, far])
    assert found[0]["self"] is found[0]
    assert found[1][-1].value is found[1]
    assert found[2]["way"][0].value["back"] is found[2]


def test_deep_ones():
    value: Any = 0
    for _ in range(1000):
        value = [value]
    rows = [value, *range(COUNT)]
    found, depth = again(rows)[0], 0
    while found != 0:
        found, depth = found[0], depth + 1
    assert depth == 1000


def test_what_is_not_plain_gains_nothing():
    things = [Thing(number) for number in range(COUNT)]
    assert plain(things, []) is None
    assert not is_inner(things)
    assert again(things) == things


def test_what_is_looked_at():
    large = list(range(COUNT))
    for value in (
        large,
        (large,),
        [large],
        {"a": large},
        ((large,),),
        ({"a": [large]},),
    ):
        assert has_large(value, COUNT)
    for value in (large[1:], 1, "x" * COUNT, tuple(large), {1: {2: {3: {4: large}}}}):
        assert not has_large(value, COUNT)
    assert not has_large([*range(70), large], COUNT)


def test_nothing_is_kept():
    import gc
    import weakref

    class Watched(Thing):
        pass

    thing = Watched(1)
    value = {number: number for number in range(COUNT)} | {"thing": thing}
    gc.disable()
    try:
        for _ in range(3):
            pickling.dump((value,))
        gone = weakref.ref(thing)
        del thing, value
        assert gone() is None
    finally:
        gc.enable()


def test_memory_does_not_grow():
    import sys

    value = {number: (number, str(number)) for number in range(COUNT)}
    held = value[7]
    counts = []
    for _ in range(4):
        pickling.load(pickling.dump((value,)).data)
        counts.append((sys.getrefcount(value), sys.getrefcount(held)))
    assert counts[1:] == counts[:1] * 3
