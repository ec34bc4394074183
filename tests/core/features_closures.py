"""Cells, closures, decorators made of plain functions, lambdas and partials."""
# The odd ways to write things are what is tested.
# ruff: noqa: B008, F821, PIE804

from __future__ import annotations

import functools

from greenflow import suspend
from tests.core.features import feature


@feature(sends=[5, 7], asks=[0, 5], gives=(12, 12))
def cell_shared_by_frame_and_closure():
    total = 0

    def add():
        nonlocal total
        total += suspend(total)
        return total

    add()
    last = add()
    return total, last


@feature(sends=[10, 100], asks=["deep", "after"], gives=[111, 111, 111])
def cell_shared_by_three_depths():
    value = 1

    def outer():
        def middle():
            def inner():
                nonlocal value
                value += suspend("deep")
                return value

            assert inner() == value
            return value

        nonlocal value
        assert middle() == value
        value += suspend("after")
        return value

    seen = outer()
    return [value, seen, outer.__closure__[0].cell_contents]


@feature(sends=[2], asks=["pair"], gives=(3, 3, True))
def two_closures_share_a_cell():
    count = 1

    def get():
        return count

    def put(value):
        nonlocal count
        count = value

    put(get() + suspend("pair"))
    return get(), count, get.__closure__[0] is put.__closure__[0]


def make_counter(start):
    def count(by):
        nonlocal start
        before = start
        start += by + suspend(before)
        return before, start

    return count


@feature(
    sends=[0, 1, 2], asks=[10, 20, 12], gives=[(10, 12), (20, 23), (12, 16), (23, 23)]
)
def closures_that_outlive_their_frame():
    one, two = make_counter(10), make_counter(20)
    results = [one(2), two(2), one(2)]
    return [*results, (two.__closure__[0].cell_contents,) * 2]


@feature(sends=[1, 2, 3], asks=[3, 2, 1], gives=(3 * 1 + 2 * 2 + 1 * 3, "facts"))
def recursive_closure():
    label = "facts"

    def walk(n):
        return n * suspend(n) + walk(n - 1) if n else 0

    return walk(3), label


@feature(sends=[1], asks=["unbound"], gives=("late", 1))
def cell_bound_after_the_suspend():
    def read():
        return late

    got = suspend("unbound")
    late = "late"
    return read(), got


@feature(sends=[1], asks=["deleted"], gives="unbound again")
def cell_deleted_before_the_suspend():
    value = [1]

    def read():
        return value

    assert read() == [1]
    del value
    suspend("deleted")
    try:
        return read()
    except NameError:
        return "unbound again"


@feature(sends=[4], asks=[3], gives=[3, 4, 7])
def argument_in_a_cell(first=3):
    def read():
        return first

    before = read()
    first += suspend(first)
    return [before, first - before, read()]


def noted(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        before = suspend(("before", function.__name__))
        result = function(*args, **kwargs)
        return before, result, suspend("after")

    return wrapper


def repeated(times):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args):
            return [function(*args, turn) for turn in range(times)]

        return wrapper

    return decorate


class Tagged:
    """A decorator that is a class: instances are called in place of the function."""

    def __init__(self, function):
        functools.update_wrapper(self, function)
        self.function = function
        self.calls = 0

    def __call__(self, *args, **kwargs):
        self.calls += 1
        return (
            self.function.__name__,
            suspend(self.calls),
            self.function(*args, **kwargs),
        )


@noted
def wrapped_once(a, b=2):
    return a + b + suspend("inside")


@repeated(2)
def wrapped_twice(a, turn):
    return a, turn, suspend(turn)


@feature(
    sends=[1, 10, 2],
    asks=[("before", "wrapped_once"), "inside", "after"],
    gives=(1, 15, 2),
)
def decorated_with_wraps():
    return wrapped_once(3, b=2)


@feature(sends=["x", "y"], asks=[0, 1], gives=[("a", 0, "x"), ("a", 1, "y")])
def decorated_with_parameters():
    return wrapped_twice("a")


@feature(sends=["p", "q"], asks=[1, "body"], gives=("body", "p", "q", 1))
def decorated_with_a_class():
    @Tagged
    def body():
        return suspend("body")

    name, first, second = body()
    return name, first, second, body.calls


@feature(
    sends=[1, 2, "i", 3],
    asks=[("before", "inner"), "body", "after", "end"],
    gives=((1, 2, "i"), 3, "inner"),
)
def decorated_inside_a_function():
    @noted
    def inner():
        return suspend("body")

    return inner(), suspend("end"), inner.__name__


@feature(sends=[2, 3], asks=["x", "y"], gives=[6, 3])
def lambdas():
    times = lambda a, b=3: a * b  # noqa: E731
    return [times(suspend("x")), (lambda: suspend("y"))()]


def join(*parts, sep="-"):
    return sep.join([*parts, suspend(len(parts))])


@feature(sends=["z"], asks=[0], gives="z")
def partial_with_nothing_bound():
    return functools.partial(join)()


@feature(sends=["z"], asks=[2], gives="a-b-z")
def partial_with_one_bound():
    return functools.partial(join, "a")("b")


@feature(sends=["z"], asks=[3], gives="a+b+c+z")
def partial_with_two_bound_and_a_keyword():
    call = functools.partial(join, "a", "b", sep="+")
    return call("c")


@feature(sends=["z"], asks=[3], gives=("a/b/c/z", ("a", "b")))
def partial_of_a_partial():
    inner = functools.partial(join, "a")
    outer = functools.partial(functools.partial(inner, "b"), sep="/")
    return outer("c"), outer.args


@feature(sends=["z", "y"], asks=[1, 2], gives=["a-z", "a.b.y"])
def partial_called_with_stars():
    call = functools.partial(join, "a")
    rest, named = ["b"], {"sep": "."}
    return [call(*[], **{}), call(*rest, **named)]


@feature(sends=[3], asks=[[0, 1, 2]], gives=[0, 1, 2, 3])
def closures_in_a_list_each_with_its_own_cell():
    def make(i):
        return lambda: i

    readers = [make(i) for i in range(3)]
    readers.append(make(suspend([read() for read in readers])))
    return [read() for read in readers]


@feature(sends=[1, 2], asks=["def", "call"], gives=((1, 2), 1))
def default_argument_that_suspends():
    def inner(a=suspend("def")):
        return a, suspend("call")

    return inner(), inner.__defaults__[0]


@feature(sends=[1, 2, 3], asks=["one", "two", "three"], gives=[1, 2, 3])
def nested_definitions():
    got = [suspend("one")]

    def second():
        got.append(suspend("two"))

        def third():
            got.append(suspend("three"))
            return got

        return third

    return second()()
