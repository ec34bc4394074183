"""Lines that begin where a value stack is full, or where a frame was called oddly."""

from __future__ import annotations

import functools

from greenflow import suspend
from tests.core.features import feature


def several(*values, **named):
    return (*values, *named.values())


@feature(args=(1,), gives=(1, 2, (3, "x"), 5))
def expression_over_lines(start):
    # a line begins again at the call, above all of its operands
    return (
        several(
            start,
            start + 1,
            several(
                3,
                suspend(),
            ),
            5,
        )
        if start is None
        else several(
            start,
            2,
            (3, suspend() or "x"),
            5,
        )
    )


def yields_over_lines():
    got = yield several(
        1,
        suspend("in"),
        several(
            2,
            3,
        ),
    )
    yield several(
        got,
        4,
    )


@feature(sends="a", asks=["in"], gives=[(1, "a", (2, 3)), ("sent", 4)])
def generator_with_a_full_stack():
    walker = yields_over_lines()
    return [next(walker), walker.send("sent")]


async def awaits_over_lines(value):
    return several(
        value,
        await awaits_over_lines(
            value - 1,
        )
        if value
        else suspend("deep"),
    )


@feature(sends=[7], asks=["deep"], gives=(2, (1, (0, 7))))
def coroutine_with_a_full_stack():
    try:
        awaits_over_lines(
            2,
        ).send(
            None,
        )
    except StopIteration as end:
        return end.value


@feature(gives="done")
def no_variables():
    suspend()
    return "done"


def parameters(a, b=2, /, c=3, *rest, d, e=5, **named):
    suspend(a)
    a = [a, b, c]
    return a, rest, d, e, named


@feature(
    sends="xy",
    asks=[1, 1],
    gives=(
        ([1, 2, 3], (), 4, 5, {}),
        ([1, 9, 8], (7, 6), 5, 4, {"f": 3, "a": 2}),
    ),
)
def every_kind_of_parameter():
    return (
        parameters(1, d=4),
        parameters(1, 9, 8, 7, 6, d=5, e=4, f=3, a=2),
    )


@feature(sends=[10], asks=[100], gives=(110, 5150))
def cells_of_parameters():
    def inner(by):
        nonlocal total
        total += by
        return total

    def outer(start, *, step):
        def add():
            nonlocal start
            start += step
            return start

        while start < 100:
            inner(add())
        return inner(suspend(start) - 10), add

    total = 0
    before, add = outer(0, step=1)
    assert before == 5050
    return add() + 9, inner(100)


def down(depth):
    if depth == 0:
        return suspend("bottom")
    try:
        got = down(depth - 1)
    finally:
        depth += 0
    return got + 1


@feature(sends=[0], asks=["bottom"], gives=100)
def a_hundred_frames():
    return down(100)


class Odd:
    def __init__(self, value):
        self.kept = suspend(("init", value))
        self.value = value

    @property
    def prop(self):
        got = self.value
        return got + suspend("prop")

    def __add__(self, other):
        got = self.value
        return got + other + suspend("add")

    def __len__(self):
        got = self.value
        return got  # noqa: RET504

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        got = name
        return got  # noqa: RET504

    def __call__(self, by):
        got = by
        return got * self.value

    def __enter__(self):
        got = self
        return got  # noqa: RET504

    def __exit__(self, *error):
        got = error[0]
        return got is KeyError


@feature(
    sends=[0, 1, 2],
    asks=[("init", 5), "prop", "add"],
    gives=(6, 9, 5, "missing", 15, 20, True),
)
def called_through_c():
    odd = Odd(5)
    with odd as same:
        raise KeyError(1)
    return (
        odd.prop,
        odd + 2,
        len(odd),
        odd.missing,
        odd(3),
        functools.partial(odd, 4)(),
        same is odd,
    )


def handles(log):
    for turn in range(3):
        try:
            if turn == 1:
                raise KeyError(turn)
            log.append(("body", turn))
            continue
        except KeyError as error:
            log.append(("handled", error.args))
            log.append(suspend(turn))
        else:
            log.append("else")
        finally:
            log.append(("finally", turn))
    return log


@feature(
    sends="h",
    asks=[1],
    gives=[
        ("body", 0),
        ("finally", 0),
        ("handled", (1,)),
        "h",
        ("finally", 1),
        ("body", 2),
        ("finally", 2),
    ],
)
def handlers_in_a_loop():
    return handles([])


@feature(sends=[1, 2], asks=["a", "b"], gives=([1, 2], {"a": 1}, {3}, 45))
def comprehensions_over_lines():
    got = [suspend(name) for name in "ab"]
    return (
        got,
        {
            name: number * 1
            for name, number in zip(  # noqa: B905
                "a",
                got,
            )
        },
        {value + 1 for value in got if value > 1},
        sum([x + y for x in range(3) for y in range(4) if x or y if (x, y) != (0, 0)])
        + 15,
    )
