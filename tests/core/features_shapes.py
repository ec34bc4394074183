"""Object graphs over frames: identity, cycles, sharing."""

from __future__ import annotations

from collections import namedtuple

from greenflow import suspend
from tests.core.features import feature


class Node:
    def __init__(self, name):
        self.name = name
        self.links = []


@feature(sends=["x"], asks=["now"], gives=(True, True, ["a", "b", "x"]))
def cycle_in_a_local():
    a, b = Node("a"), Node("b")
    a.links.append(b)
    b.links += [a, b]
    got = suspend("now")
    return a.links[0] is b, b.links[0] is a, [a.name, b.links[1].name, got]


@feature(sends=["x"], asks=["now"], gives=(True, [1, "inner", "x"]))
def one_list_in_two_frames():
    shared = [1]

    def inner(mine):
        mine.append("inner")
        mine.append(suspend("now"))
        return mine

    returned = inner(shared)
    return returned is shared, shared


@feature(sends=["x"], asks=["now"], gives=(True, True, True, "x"))
def shared_by_cell_argument_default_and_local():
    thing = Node("shared")

    def reads():
        return thing

    def inner(argument, default=thing, *rest):
        local = argument
        got = suspend("now")
        same = local is argument is default is rest[0]
        return same, reads() is local, got

    first, second, got = inner(thing, thing, thing)
    return first, second, thing.name == "shared", got


@feature(sends=["x"], asks=["now"], gives=(True, 1, "x"))
def list_that_holds_itself():
    values: list[object] = []
    values.append(values)
    got = suspend("now")
    return values[0] is values, len(values), got


@feature(sends=["x"], asks=["now"], gives=("x", True, True))
def frame_function_held_by_a_local():
    def inner(me, box):
        got = suspend("now")
        return got, me is box["function"], me.__closure__ is None

    return inner(inner, {"function": inner})


@feature(sends=["x"], asks=["now"], gives=(True, "bound", "x"))
def instance_and_its_bound_method():
    class Holder:
        def __init__(self):
            self.call = self.method

        def method(self):
            return "bound"

    holder = Holder()
    got = suspend("now")
    return holder.call.__self__ is holder, holder.call(), got


@feature(sends=["x"], asks=["now"], gives=(True, True, False, "x"))
def singletons_and_types():
    nothing, dots, missing = None, ..., NotImplemented
    kinds = (int, Node, type(None))
    got = suspend("now")
    same = nothing is None and dots is ... and missing is NotImplemented
    return same, kinds[1] is Node, kinds[0] is str, got


Pair = namedtuple("Pair", "left right")  # noqa: PYI024


@feature(sends=["x"], asks=[3], gives=(Pair([1], {2}), True, "x"))
def named_tuples_and_sets():
    pair = Pair([1], {2})
    both = (pair, pair)
    got = suspend(sum(pair.left) + sum(pair.right))
    return pair, both[0] is both[1], got


@feature(sends=["x", "y"], asks=["one", "two"], gives=(["x", "y"], True, 2))
def same_object_over_two_suspends():
    box: list[str] = []
    other = {"box": box}
    box.append(suspend("one"))
    other["box"].append(suspend("two"))
    return box, other["box"] is box, len(box)


@feature(sends=["x"], asks=[("a", 1)], gives=(("a", 1), True, {("a", 1): "x"}))
def keys_of_dicts():
    key = ("a", 1)
    table = {key: suspend(key)}
    return next(iter(table)), next(iter(table)) == key, table


@feature(sends=["x"], asks=["now"], gives=([0, 1, 2], 3, "x"))
def generator_and_closure_share_state():
    count = 0

    def bump():
        nonlocal count
        count += 1
        return count - 1

    def walk():
        while count < 3:
            yield bump()

    walker = walk()
    first = next(walker)
    got = suspend("now")
    return [first, *walker], count, got


class Registry(dict):  # type: ignore[type-arg]
    def __missing__(self, key):
        return f"no {key}"


@feature(sends=["x"], asks=["no k"], gives=("no z", 1, "x", "Registry"))
def subclass_of_a_builtin():
    registry = Registry(a=1)
    got = suspend(registry["k"])
    return registry["z"], registry["a"], got, type(registry).__name__


@feature(sends=["x"], asks=["now"], gives=([1, 2], (3,), "x"))
def locals_of_a_dead_frame_kept_by_a_cell():
    def make():
        first, second = [1], (3,)

        def read():
            return first, second

        def grow():
            first.append(2)

        return read, grow

    read, grow = make()
    got = suspend("now")
    grow()
    return *read(), got
