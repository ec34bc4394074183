"""Half-consumed iterators: as locals, and as what a for loop walks over."""

from __future__ import annotations

import itertools
import re
from collections import Counter, deque

from greenflow import suspend
from tests.core.features import feature

ODD = re.compile(r"\d+")


def double(value):
    return 2 * value


def is_odd(value):
    return value % 2 == 1


def makers():
    """Return every iterator that is walked: name, iterator, all of its items."""
    numbers = [1, 2, 3, 4]
    named = {"a": 1, "b": 2, "c": 3}
    return {
        "list": (iter(numbers), numbers),
        "tuple": (iter((1, 2, 3)), [1, 2, 3]),
        "str": (iter("häß"), ["h", "ä", "ß"]),
        "bytes": (iter(b"abc"), [97, 98, 99]),
        "bytearray": (iter(bytearray(b"abc")), [97, 98, 99]),
        "range": (iter(range(5, 50, 20)), [5, 25, 45]),
        "long range": (iter(range(2**70, 2**70 + 3)), [2**70 + i for i in range(3)]),
        "dict": (iter(named), ["a", "b", "c"]),
        "dict values": (iter(named.values()), [1, 2, 3]),
        "dict items": (iter(named.items()), [("a", 1), ("b", 2), ("c", 3)]),
        "reversed dict": (reversed(named), ["c", "b", "a"]),
        "reversed list": (reversed(numbers), [4, 3, 2, 1]),
        "reversed tuple": (reversed((1, 2, 3)), [3, 2, 1]),
        "set": (iter({1, 2, 3}), [1, 2, 3]),
        "frozenset": (iter(frozenset((1, 2, 3))), [1, 2, 3]),
        "deque": (iter(deque(numbers)), numbers),
        "counter": (iter(Counter("aab").items()), [("a", 2), ("b", 1)]),
        "enumerate": (enumerate("abc", 7), [(7, "a"), (8, "b"), (9, "c")]),
        "zip": (zip(numbers, "abc", strict=False), [(1, "a"), (2, "b"), (3, "c")]),
        "strict zip": (zip("ab", "xy", strict=True), [("a", "x"), ("b", "y")]),
        "map": (map(double, numbers), [2, 4, 6, 8]),
        "map of two": (map(max, numbers, [0, 9, 0]), [1, 9, 3]),
        "filter": (filter(is_odd, numbers), [1, 3]),
        "callable": (iter(iter([3, 2, 1, 0]).__next__, 0), [3, 2, 1]),
        "count": (itertools.islice(itertools.count(5, 2), 3), [5, 7, 9]),
        "cycle": (itertools.islice(itertools.cycle("ab"), 4), ["a", "b", "a", "b"]),
        "repeat": (itertools.repeat("x", 3), ["x", "x", "x"]),
        "chain": (itertools.chain("ab", [1], ()), ["a", "b", 1]),
        "islice": (itertools.islice(numbers, 1, None, 2), [2, 4]),
        "product": (
            itertools.product("ab", [1, 2]),
            [(c, i) for c in "ab" for i in (1, 2)],
        ),
        "accumulate": (itertools.accumulate(numbers), [1, 3, 6, 10]),
        "starmap": (itertools.starmap(pow, [(2, 3), (3, 2)]), [8, 9]),
        "takewhile": (itertools.takewhile(is_odd, [1, 3, 4, 5]), [1, 3]),
        "generator": ((n * n for n in numbers), [1, 4, 9, 16]),
    }


@feature(sends=range(5), asks=range(5), gives=(list(range(5)), True))
def all_iterators_in_step():
    """Every iterator is walked one step between two suspends; none skips or repeats."""
    kinds, got = makers(), []
    seen: dict[str, list[object]] = {name: [] for name in kinds}
    for turn in range(5):
        for name, (iterator, _) in kinds.items():
            seen[name] += itertools.islice(iterator, 1)
        got.append(suspend(turn))
    expected = {name: list(items) for name, (_, items) in kinds.items()}
    assert seen == expected, {n: v for n, v in seen.items() if v != expected[n]}
    return got, seen == expected


@feature(sends=range(4), asks=[1, 2, 3, 4], gives=[(1, 0), (2, 1), (3, 2), (4, 3)])
def for_over_a_list():
    return_value = []
    for value in [1, 2, 3, 4]:
        return_value.append((value, suspend(value)))
    return return_value


@feature(
    sends=[10, 20, 30],
    asks=["a", "b", "c"],
    gives=([10, 20, 30], {"a": 1, "b": 2, "c": 3}),
)
def for_over_a_dict():
    source, got = {"a": 1, "b": 2, "c": 3}, []
    for key in source:
        got.append(suspend(key))
    return got, source


@feature(sends=["x", "y"], asks=[("a", 1), ("b", 2)], gives={"a": "x", "b": "y"})
def for_over_dict_items():
    got = {}
    for key, value in {"a": 1, "b": 2}.items():
        got[key] = suspend((key, value))
    return got


@feature(sends=["x", "y"], asks=[(0, "a", 5), (1, "b", 6)], gives=["x", "y"])
def for_over_enumerate_and_zip():
    got = []
    for index, (letter, number) in enumerate(zip("ab", [5, 6, 7], strict=False)):
        got.append(suspend((index, letter, number)))
    return got


@feature(sends=["x", "y", "z"], asks=[2, 4, 6], gives="xyz")
def for_over_map():
    got = ""
    for value in map(double, [1, 2, 3]):
        got += suspend(value)
    return got


@feature(sends=["x", "y", "z"], asks=["3", "2", "1"], gives="xyz")
def for_over_reversed_text():
    got = ""
    for value in reversed("123"):
        got += suspend(value)
    return got


@feature(sends=["x", "y"], asks=[1, 2], gives=["x", "y"])
def for_over_a_set():
    got = []
    for value in {1, 2}:
        got.append(suspend(value))
    return got


@feature(sends=["x", "y", "z"], asks=[5, 6, 7], gives=(["x", "y", "z"], 8))
def for_over_count():
    counter, got = itertools.count(5), []
    for value in counter:
        got.append(suspend(value))
        if len(got) == 3:
            break
    return got, next(counter)


@feature(sends=[1, 2, 3, 4], asks=["a", "b", 1, 2], gives=(10, []))
def for_over_chain():
    total, walked = 0, itertools.chain("ab", [1, 2])
    for value in walked:
        total += suspend(value)
    return total, list(walked)


@feature(sends=[1, 2, 3], asks=[[0], [0, 1], [0, 1, 2]], gives=[0, 1, 2])
def list_that_grows_under_its_loop():
    values = [0]
    for _ in values:
        if (new := suspend(list(values))) < 3:
            values.append(new)
    return values


@feature(sends=["a", "b"], asks=[1, 2], gives=([1, 2], [3, 4], ["a", "b"]))
def iterator_shared_by_loop_and_local():
    walked = iter([1, 2, 3, 4])
    seen, got = [], []
    for value in walked:
        seen.append(value)
        got.append(suspend(value))
        if value == 2:
            break
    return seen, list(walked), got


@feature(sends=["a"], asks=["now"], gives=(True, [2, 3], "a", []))
def two_names_for_one_iterator():
    one = two = iter([1, 2, 3])
    next(one)
    got = suspend("now")
    return one is two, list(one), got, list(two)


@feature(sends=["a", "b"], asks=["12", "345"], gives=["a", "b"])
def iterator_of_matches_made_a_list():
    got = []
    for match in list(ODD.findall("x12y345")):
        got.append(suspend(match))
    return got


@feature(sends=["a"], asks=["ended"], gives=([], [], "end", "a"))
def ended_iterators():
    one, two, three = iter([1]), iter("x"), (i for i in ())
    assert [*one, *two, *three] == [1, "x"]
    got = suspend("ended")
    return list(one), list(two), next(three, "end"), got


@feature(sends=["a"], asks=[1], gives=([(0, 1)], [1, 2], "a"))
def iterators_inside_iterators():
    base = iter([1, 2, 3, 4, 5])
    outer = enumerate(filter(is_odd, map(int, base)))
    first = next(outer)
    got = suspend(first[1])
    assert next(outer) == (1, 3)
    return [first], [next(outer)[0] - 1, 2], got
