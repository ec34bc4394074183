"""Functions that suspend under C code that cannot be entered again.

Each has the call on the line after its ``def``; ``NAMES`` tells what the error must
name.
"""

from __future__ import annotations

import functools
import json
import re

from greenflow import NotSuspendable, suspend

NAMES: dict[str, str] = {}


def refused(name):
    def add(function):
        NAMES[function.__name__] = name
        return function

    return add


def ask(value=0):
    return suspend(value)


def asks():
    yield 1
    yield suspend(2)


class Odd:
    """Special methods that suspend."""

    def __eq__(self, other):
        return bool(suspend("eq"))

    def __hash__(self):
        return 1 + bool(suspend("hash"))


@refused("sorted")
def sorted_key():
    return sorted([2, 1], key=ask)


@refused("min")
def min_key():
    return min([2, 1], key=ask)


@refused("max")
def max_key():
    return max([2, 1], key=ask)


@refused("sort")
def list_sort():
    return [2, 1].sort(key=ask)


@refused("list")
def map_consumed_by_list():
    return list(map(ask, [1, 2]))


@refused("zip")
def generator_in_zip():
    return [value for value in zip(asks(), "ab", strict=True)]  # noqa: C416


@refused("reduce")
def reduced():
    return functools.reduce(lambda a, b: suspend(a), [1, 2, 3])


@refused("sub")
def replaced():
    return re.compile("a").sub(lambda match: suspend(match[0]), "banana")


@refused("sum")
def summed():
    return sum(asks())


@refused("list")
def listed():
    return list(asks())


@refused("tuple")
def made_a_tuple():
    return tuple(asks())


@refused("dict")
def made_a_dict():
    return dict((key, suspend(key)) for key in "ab")  # noqa: C402


@refused("join")
def joined():
    return "".join(str(suspend(x)) for x in "ab")


@refused("union")
def united():
    return {1}.union(asks())


@refused("class_statement.<locals>.Body")
def class_body():
    return type(class_statement())


def class_statement():
    class Body:
        value = suspend("class body")

    return Body


@refused("<string>")
def executed():
    return exec("suspend(1)", {"suspend": suspend})


@refused("<string>")
def evaluated():
    return eval("suspend(1)", {"suspend": suspend})


@functools.lru_cache
def cached(value):
    return suspend(value)


@refused("cached")
def lru_cache():
    return cached(1)


@refused("_json.Scanner")
def json_hook():
    return json.loads('{"a": 1}', object_hook=ask)


@refused("index")
def equal_in_index():
    return [Odd()].index(Odd())


@refused("")
def unpacked():
    first, *others = asks()
    return first, others


@refused("")
def unpacked_into_names():
    a, b = asks()
    return a, b


@refused("")
def key_of_a_dict():
    return {Odd(): 1}


class Rebinds:
    def __init__(self, *_):  # one that takes *args is never inlined
        self.kept = 1
        asked = suspend("rebinds")
        self = asked


@refused("Rebinds")
def init_that_rebinds_self():
    return Rebinds()


CASES = [globals()[name] for name in NAMES]


def survives(case, times=1):
    """Be refused, go on, and be able to suspend as usual."""
    texts = []
    for _ in range(times):
        try:
            case()
        except NotSuspendable as error:
            texts.append(str(error))
    first = suspend("after")
    cached.cache_clear()
    return texts, first, suspend("again")


def deleted_object():
    """__del__ cannot raise: it must be refused inside, and the flow must go on."""
    caught = []

    class Leaves:
        def __del__(self):
            try:
                suspend("del")
            except NotSuspendable as error:
                caught.append(str(error))

    leaving = Leaves()
    del leaving
    return caught, suspend("after")
