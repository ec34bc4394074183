"""Plain values: what pickle gives, with everything that is shared."""

from __future__ import annotations

import copyreg
import pickle
import threading
from collections import OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenflow.continuation import pickling
from tests.pickling.copies import copy_of, saved


@dataclass
class Row:
    name: str
    cells: list[Any] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Slotted:
    a: Any
    b: Any


class Point(NamedTuple):
    x: Any
    y: Any


class Color(Enum):
    RED = 1
    BLUE = 2


ATOMS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.sampled_from(Color),
    st.decimals(allow_nan=False),
)


@st.composite
def graphs(draw) -> list[Any]:
    """Objects that hold each other: each may hold any that came before, again."""
    made: list[Any] = draw(st.lists(ATOMS, min_size=1, max_size=4))
    for _ in range(draw(st.integers(1, 8))):
        held = st.sampled_from(range(len(made))).map(made.__getitem__)
        some = st.lists(held, max_size=3)
        kind = draw(st.integers(0, 6))
        if kind == 0:
            made.append(list(draw(some)))
        elif kind == 1:
            made.append(tuple(draw(some)))
        elif kind == 2:
            made.append(dict(enumerate(draw(some))))
        elif kind == 3:
            made.append(Row(draw(st.text(max_size=3)), draw(some)))
        elif kind == 4:
            made.append(Slotted(draw(held), draw(held)))
        elif kind == 5:
            made.append(deque(draw(some)))
        else:
            made.append(Point(draw(held), draw(held)))
    return made


def shape(value: Any, seen: dict[int, int]) -> Any:
    """A description in which each mutable object has a number: who is who."""
    if not isinstance(value, list | tuple | dict | deque | Row | Slotted):
        return value
    if id(value) in seen:
        return "again", seen[id(value)]
    seen[id(value)] = len(seen)
    if isinstance(value, Row):
        held = [value.name, value.cells]
    elif isinstance(value, Slotted):
        held = [value.a, value.b]
    else:
        held = list(value.items()) if isinstance(value, dict) else list(value)
    if isinstance(value, dict):
        held = [item for pair in held for item in pair]
    return type(value).__name__, [shape(item, seen) for item in held]


@settings(deadline=None)
@given(graphs())
def test_values_and_who_is_who(value):
    assert shape(copy_of(value), {}) == shape(value, {})


@settings(deadline=None)
@given(graphs())
def test_the_same_as_pickle(value):
    assert shape(copy_of(value), {}) == shape(pickle.loads(pickle.dumps(value)), {})


@settings(deadline=None)
@given(
    st.recursive(ATOMS, lambda inner: st.lists(inner) | st.dictionaries(ATOMS, inner))
)
def test_trees(value):
    assert copy_of(value) == value


@pytest.mark.parametrize(
    "value",
    [
        OrderedDict(a=1),
        defaultdict(list, a=[1]),
        frozenset({1}),
        Decimal("1.5"),
        range(5),
        slice(1, 2),
        bytearray(b"x"),
        int,
        Row,
        type(None),
        type(...),
        NotImplemented,
        ...,
        list[int],
        int | str,
        Color,
        3 + 4j,
    ],
    ids=repr,
)
def test_other_builtins(value):
    copied = copy_of(value)
    assert copied == value
    assert type(copied) is type(value)


def test_cycles():
    loop: list[Any] = [Row("me")]
    loop[0].cells.append(loop)
    loop.append({"loop": loop})
    copied = copy_of(loop)
    assert copied[0].cells[0] is copied
    assert copied[1]["loop"] is copied


def test_no_generators():
    assert pickling.dump([1])[1] == []


def test_plain_values_take_no_more_bytes_than_pickle():
    value = [1, "a", {"k": (2.5, None)}, Row("r", [1, 2])]
    assert saved(value) == pickle.dumps(value, pickling.PROTOCOL)


def test_large_values():
    value = {"bytes": b"x" * 300_000, "list": [str(i) for i in range(50_000)]}
    for _ in range(2):
        assert copy_of(value) == value
        assert copy_of("small") == "small"


def test_copyreg_that_is_registered_later():
    class Late:
        pass

    assert isinstance(copy_of(Late()), Late)
    copyreg.pickle(Late, lambda late: "Late")
    try:
        with pytest.raises(pickle.PicklingError):
            saved(Late())
    finally:
        del copyreg.dispatch_table[Late]


class Nested:
    """Saves something while it is saved."""

    def __init__(self, inner: object) -> None:
        self.inner = inner

    def __reduce__(self):
        return load_nested, (saved(self.inner),)


def load_nested(data: bytes) -> Nested:
    return Nested(pickling.load(data))


def test_dump_inside_of_dump():
    copied = copy_of([Nested([Nested("x"), 1]), 2])
    assert copied[0].inner[0].inner == "x"
    assert copied[1] == 2


def test_after_a_failure_it_works_again():
    shared = [1]
    for _ in range(3):
        with pytest.raises(TypeError):
            saved([shared, threading.Lock()])
        first, second = copy_of([shared, shared])
        assert first is second


def test_nothing_of_one_dump_is_left_in_the_next():
    shared = ["shared"]
    data = saved(shared)
    assert saved(shared) == data
    assert pickling.load(saved([shared, shared])) == [shared, shared]


def test_many_threads():
    wrong: list[object] = []

    def work(number: int) -> None:
        for turn in range(300):
            value = [number, turn, Row(str(turn), [turn])]
            if copy_of(value) != value:
                wrong.append(value)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
