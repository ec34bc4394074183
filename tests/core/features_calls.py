"""Calls: depth, recursion, and every way to pass arguments."""
# The odd ways to write things are what is tested.
# ruff: noqa: PIE804

from __future__ import annotations

from collections import OrderedDict, UserDict
from collections.abc import Iterator

from greenflow import suspend
from tests.core.features import feature


@feature(name="depth_1", args=(0,), sends=[5], asks=["bottom"], gives=5)
@feature(name="depth_10", args=(9,), sends=[5], asks=["bottom"], gives=59)
@feature(
    name="depth_1000",
    args=(999,),
    sends=[5],
    asks=["bottom"],
    gives=999 * 500 + 999 + 5,
    frames=1_000,
    long=True,
)
@feature(
    name="depth_10000",
    args=(9_999,),
    sends=[5],
    asks=["bottom"],
    gives=9_999 * 5_000 + 9_999 + 5,
    frames=10_000,
    long=True,
)
def descend(depth, total=0):
    here = f"level {depth}"
    if depth == 0:
        return total + suspend("bottom")
    below = descend(depth - 1, total + depth)
    assert here == f"level {depth}"
    return below + depth % 3


@feature(
    args=(4,), sends=[1, 2, 3, 4], asks=[4, 3, 2, 1], gives=[1, 2, 3, 4, 4, 3, 2, 1]
)
def down_and_up(depth):
    if depth == 0:
        return []
    got = suspend(depth)
    middle = down_and_up(depth - 1)
    return [got, *middle, got]


@feature(args=(3,), sends=[1, 2, 3], asks=[1, 2, 3], gives=(3, [1, 2, 3]))
def on_the_way_up(depth):
    if depth == 0:
        return 0, []
    count, got = on_the_way_up(depth - 1)
    return count + 1, [*got, suspend(count + 1)]


def fib(n):
    if n < 2:
        return suspend(n)
    return fib(n - 1) + fib(n - 2)


@feature(
    sends=[1, 0, 1, 1, 0, 1, 0, 1], asks=[1, 0, 1, 1, 0, 1, 0, 1], gives=("fib", 5)
)
def tree_recursion():
    label = "fib"
    return label, fib(5)


def is_even(n, path):
    path.append(("even", n, suspend(n)))
    return True if n == 0 else is_odd(n - 1, path)


def is_odd(n, path):
    path.append(("odd", n, suspend(-n)))
    return False if n == 0 else is_even(n - 1, path)


@feature(
    sends=["a", "b", "c", "d"],
    asks=[3, -2, 1, 0],
    gives=(
        False,
        [("even", 3, "a"), ("odd", 2, "b"), ("even", 1, "c"), ("odd", 0, "d")],
    ),
)
def mutual_recursion():
    path: list[object] = []
    return is_even(3, path), path


def takes(a, b=2, /, c=3, *rest, d, e=5, **named):
    got = suspend("takes")
    return a, b, c, rest, d, e, named, got


@feature(sends=[9], asks=["takes"], gives=(1, 2, 3, (), 4, 5, {}, 9))
def keyword_only_and_defaults():
    return takes(1, d=4)


@feature(sends=[9], asks=["takes"], gives=(1, 0, 7, (8, 9), 4, 6, {"z": 1}, 9))
def every_kind_of_parameter():
    return takes(1, 0, 7, 8, 9, e=6, d=4, z=1)


@feature(sends=[9], asks=["takes"], gives=(1, 2, 3, (4,), 0, 5, {}, 9))
def star_tuple():
    values = (1, 2, 3, 4)
    return takes(*values, d=0)


@feature(
    sends=[9], asks=["takes"], gives=((1, 2, 3, (4, 5), 0, 5, {}, 9), [1, 2, 3, 4, 5])
)
def star_list():
    values = [1, 2, 3, 4, 5]
    return takes(*values, d=0), values


@feature(sends=[9], asks=["takes"], gives=(0, 10, 20, (30,), 0, 5, {}, 9))
def star_generator():
    return takes(*(10 * i for i in range(4)), d=0)


@feature(sends=[9], asks=["takes"], gives=(1, 2, 3, (), 4, 5, {"k": "v"}, 9))
def star_dict():
    named = {"d": 4, "k": "v"}
    return takes(1, **named)


@feature(sends=[9], asks=["takes"], gives=(1, 2, 3, (), 4, 5, {"y": 2, "x": 1}, 9))
def star_ordered_dict():
    return takes(1, **OrderedDict([("y", 2), ("d", 4), ("x", 1)]))


class Settings(UserDict):  # type: ignore[type-arg]
    """A mapping that is no dict: it is turned into one for the call, then released."""


class Counted:
    """An iterable that is no tuple, with nothing else that keeps it alive."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.count))


@feature(sends=[9], asks=["takes"], gives=(1, 2, 3, (), 4, 5, {"k": "v"}, 9))
def star_mapping_of_ones_own():
    return takes(1, **Settings(d=4, k="v"))


@feature(
    sends=[9], asks=["takes"], gives=("before", (0, 1, 2, (3,), 4, 5, {"k": 1}, 9))
)
def stars_of_temporaries():
    return "before", takes(*Counted(4), **Settings(d=4), **{"k": 1})


@feature(sends=[9], asks=["takes"], gives=(0, 1, 2, (3, 4, 5), 6, 7, {"f": 8}, 9))
def stars_in_the_middle():
    head, tail = [0, 1], (3, 4)
    return takes(*head, 2, *tail, 5, **{"d": 6}, e=7, **{"f": 8})


def gathers(*args, **kwargs):
    args = (*args, suspend(len(args)))
    kwargs["more"] = suspend(sorted(kwargs))
    return args, kwargs


@feature(sends=["x", "y"], asks=[2, ["k"]], gives=((1, 2, "x"), {"k": 3, "more": "y"}))
def gathered_arguments_change():
    return gathers(1, 2, k=3)


def with_defaults(first, second=[10, 20], *, third={"k": "v"}):  # noqa: B006
    second = [*second, suspend(first)]
    return first, second, third


@feature(
    sends=[1, 2], asks=["a", "b"], gives=(("a", [10, 20, 1], {"k": "v"}), ["b", [0, 2]])
)
def mutable_defaults():
    one = with_defaults("a")
    two = with_defaults("b", [0], third={})
    return one, list(two[:2])


@feature(
    sends=[{"d": 1, "e": 2}, 3],
    asks=["arguments", "takes"],
    gives=(0, 2, 3, (), 1, 2, {}, 3),
)
def arguments_from_a_suspend():
    return takes(0, **suspend("arguments"))


@feature(sends=[1], asks=[None], gives=None)
def nothing_but_a_suspend():
    suspend()


@feature(sends=["last"], asks=[None], gives="last")
def suspend_as_last_expression():
    return suspend()


@feature(sends=[], asks=[], gives=None)
def empty():
    pass


@feature(sends=[], asks=[], gives=15)
def never_suspends():
    return sum(range(6))


def ten(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10):
    got = suspend(a10)
    return [got, a10, a9, a8, a7, a6, a5, a4, a3, a2, a1]


@feature(sends=["x"], asks=[9], gives=["x", *range(9, -1, -1)])
def ten_parameters():
    return ten(*range(10))


@feature(sends=[1], asks=[(1, 2)], gives=([1, 2, 3], 1))
def argument_is_rebound_and_shared():
    shared = [1, 2]

    def inner(items):
        got = suspend(tuple(items))
        items.append(3)
        items = None
        return items, got

    none, got = inner(shared)
    assert none is None
    return shared, got
