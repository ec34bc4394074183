"""At the limits: the recursion limit, big values, big frames."""

from __future__ import annotations

import sys

from greenflow import suspend
from tests.core.features import feature


def dig(depth=0):
    """Return how many calls fit in before the recursion limit."""
    try:
        return dig(depth + 1)
    except RecursionError:
        return depth


@feature(sends=["x"], asks=["now"], gives=(True, "x"), long=True)
def recursion_error_at_the_same_depth():
    def below(n):
        if n:
            return below(n - 1)
        before = dig()
        got = suspend("now")
        after = dig()
        return abs(before - after), got

    apart, got = below(20)
    # The flow may lie higher or lower in another process; a lost frame counter would
    # be out by the flow's own frames each time, or by the whole limit.
    return apart < sys.getrecursionlimit() // 2, got


@feature(sends=["x"], asks=["handler"], gives=("RecursionError", "x"), long=True)
def suspended_while_handling_a_recursion_error():
    def endless():
        return endless() + 1

    try:
        endless()
    except RecursionError as error:
        got = suspend("handler")
        return type(error).__name__, got


@feature(sends=[b"y" * 1_000_000], asks=[2_000_000], gives=(True, 3_000_000), long=True)
def big_values():
    value = b"x" * 2_000_000
    got = suspend(len(value))
    whole = value + got
    return whole.count(b"x") == 2 * whole.count(b"y"), len(whole)


@feature(sends=[1], asks=["many"], gives=(49_995_000 + 1, 10_000), long=True)
def many_values():
    numbers = {str(i): [i] for i in range(10_000)}
    got = suspend("many")
    return sum(n[0] for n in numbers.values()) + got + 5_000 - 5_000, len(numbers)


@feature(
    sends=[1], asks=["long"], gives=(2**2000 + 1, "é" * 1_000, -(2**63)), long=True
)
def long_numbers_and_text():
    number, text, edge = 2**2000, "é" * 1_000, -(2**63)
    return number + suspend("long"), text, edge


def wide(depth):
    # More slots than one piece of the interpreter's stack has room for, when nested.
    a0 = a1 = a2 = a3 = a4 = a5 = a6 = a7 = a8 = a9 = depth
    b0 = b1 = b2 = b3 = b4 = b5 = b6 = b7 = b8 = b9 = -depth
    c0 = c1 = c2 = c3 = c4 = c5 = c6 = c7 = c8 = c9 = str(depth)
    below = wide(depth - 1) if depth else suspend("wide")
    assert {a0, a1, a2, a3, a4, a5, a6, a7, a8, a9} == {depth}
    assert {b0, b1, b2, b3, b4, b5, b6, b7, b8, b9} == {-depth}
    assert {c0, c1, c2, c3, c4, c5, c6, c7, c8, c9} == {str(depth)}
    return below + a0 + b9 + int(c5)


@feature(sends=[1], asks=["wide"], gives=1 + 300 * 301 // 2, frames=400, long=True)
def frames_over_several_chunks():
    return wide(300)


@feature(
    sends=[1, 2, 3, 4],
    asks=["one", "two", "three", "four"],
    gives=[(300, 1), (3, 2), (300, 3), (3, 4)],
    frames=400,
    long=True,
)
def deep_and_shallow_in_turn():
    def down(n, name):
        if n == 0:
            return 0, suspend(name)
        depth, got = down(n - 1, name)
        return depth + 1, got

    return [down(300, "one"), down(3, "two"), down(300, "three"), down(3, "four")]


def large_stack(values):
    return [
        *values,
        (
            values[0],
            values[1],
            (values[2], (values[3], [suspend(len(values)), values])),
        ),
    ]


@feature(sends=["s"], asks=[1_000], gives=(1_001, ["s", 1_000]), long=True)
def thousand_arguments_to_a_display():
    result = large_stack(list(range(1_000)))
    inner = result[-1][2][1][1]
    return len(result), [inner[0], len(inner[1])]
