"""Comprehensions of every kind, suspended in every part."""
# The odd ways to write things are what is tested.
# ruff: noqa: B023, C416

from __future__ import annotations

from greenflow import suspend
from tests.core.features import feature


@feature(sends=[10, 20, 30], asks=[0, 1, 2], gives=[10, 21, 32])
def list_element():
    return [i + suspend(i) for i in range(3)]


@feature(sends=[1, 1, 2], asks=["a", "b", "c"], gives=[1, 2])
def set_element():
    return sorted({suspend(name) for name in "abc"})


@feature(
    sends=["k", 1, "l", 2],
    asks=["key a", "value a", "key b", "value b"],
    gives={"k": 1, "l": 2},
)
def dict_key_and_value():
    return {suspend(f"key {x}"): suspend(f"value {x}") for x in "ab"}


@feature(sends=[True, False, True], asks=[0, 1, 2], gives=[0, 20])
def condition():
    return [i * 10 for i in range(3) if suspend(i)]


@feature(sends=[[3, 1, 2]], asks=["items"], gives=[6, 2, 4])
def outermost_iterable():
    return [2 * i for i in suspend("items")]


@feature(sends=[[1], [2, 3]], asks=["a", "b"], gives=["a1", "b2", "b3"])
def inner_iterable():
    return [f"{name}{i}" for name in "ab" for i in suspend(name)]


@feature(
    sends=[1, 2, 3, 4],
    asks=[(0, 0), (0, 1), (1, 0), (1, 1)],
    gives=[[1, 2], [3, 4]],
)
def nested():
    return [[suspend((row, column)) for column in range(2)] for row in range(2)]


@feature(sends=[5, 6], asks=[1, 2], gives=({1: [5, "k"], 2: [6, "k"]}, "k"))
def with_cells():
    key = "k"
    return {i: [suspend(i), *[key for _ in range(1)]] for i in (1, 2)}, key


@feature(sends=[5, 6], asks=[0, 1], gives=([5, 11], 11, 1))
def with_a_walrus():
    total, last = 0, None
    sums = [total := total + suspend(last := i) for i in range(2)]
    return sums, total, last


@feature(sends=[7, 8], asks=[0, 1], gives=("i", [7, 8], "x"))
def variable_of_the_same_name_outside():
    i, x = "i", "x"
    got = [suspend(i) for i in range(2)]
    return i, got, x


@feature(sends=[7, 8], asks=[0, 1], gives=[(0, 7), (1, 8)])
def lambdas_inside():
    calls = [(i, lambda i=i: suspend(i)) for i in range(2)]
    return [(i, call()) for i, call in calls]


@feature(sends=[7, 8], asks=[0, 1], gives=([1, 1], [7, 8]))
def closures_over_the_variable():
    got = []
    readers = [(lambda: i, got.append(suspend(i)))[0] for i in range(2)]
    return [read() for read in readers], got


@feature(
    sends=[1, 2, 3],
    asks=["value", "value", "value"],
    gives=[("a", 0, 1), ("b", 1, 2), ("c", 2, 3)],
)
def over_zip_and_enumerate():
    return [
        (x, i, suspend("value"))
        for i, (x, _) in enumerate(zip("abc", "xyz", strict=True))
    ]


@feature(
    sends=[2, 3, 4],
    asks=["0", "1", "second"],
    gives=[[0, 0], [0, 0], [1, 6], [0, 4], 6],
)
def pending_operands_around_it():
    base = [0, 0]
    return [
        base,
        *[[i, i * suspend(str(i)) * 2] for i in range(2)],
        [0, suspend("second")],
        sum(base) + 6,
    ]


class Row:
    def __init__(self, cells):
        self.cells = cells

    def read(self):
        return [cell + self.weight() for cell in self.cells]

    def weight(self):
        return suspend(len(self.cells))


@feature(sends=[1, 2, 3], asks=[2, 2, 1], gives=[[11, 22], [33]])
def over_methods():
    return [row.read() for row in (Row([10, 20]), Row([30]))]


@feature(sends=[1, 0], asks=["a", "b"], gives=(["a", "b"], "ZeroDivisionError"))
def error_inside():
    got = []
    try:
        return [got.append(x) or 1 / suspend(x) for x in "abc"]
    except ZeroDivisionError as error:
        return got, type(error).__name__


@feature(
    sends=["x", "y"],
    asks=["outer", "inner"],
    gives=[[["x", "y"]]],
)
def comprehension_in_an_iterable():
    return [
        [pair for pair in [[outer, inner] for inner in [suspend("inner")]]]
        for outer in [suspend("outer")]
    ]
