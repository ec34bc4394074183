"""Rows: iteration, over objects and over iterators made in C."""

from __future__ import annotations

import collections
import functools
import itertools
import operator
import sys
from functools import partial

from tests.delivery.rows import act, add_compiled

__all__ = ["collections", "functools", "itertools", "operator", "sys"]
_HERE = __name__


def items():
    yield act("one")
    yield act("two")
    yield act("three")


def two_items():
    yield 10
    yield act("two")


def ask(*values):
    return act(values)


class Iterable:
    def __iter__(self):
        return act("iter")


class Items:
    """By the old protocol."""

    def __getitem__(self, index):
        if index > 2:
            raise IndexError(index)
        return act(("item", index))

    def __len__(self):
        return 3


class Counting:
    def __init__(self):
        self.left = 3

    def __iter__(self):
        return self

    def __next__(self):
        if self.left == 0:
            raise StopIteration
        self.left -= 1
        return act(("next", self.left))


class Generating:
    def __iter__(self):
        yield act("one")
        yield act("two")


class Reversing:
    def __reversed__(self):
        return act("reversed")


_add = partial(add_compiled, _HERE)
_LOOPS = {
    "object": "Counting()",
    "generator": "items()",
    "sequence": "Items()",
    "generating": "Generating()",
    "map_function": "map(ask, [1, 2, 3])",
    "map_two": "map(ask, [1, 2], 'ab')",
    "map_generator": "map(repr, items())",
    "map_both": "map(ask, items())",
    "filter_function": "filter(ask, [1, 2, 3])",
    "filter_generator": "filter(None, items())",
    "filter_both": "filter(ask, items())",
    "enumerate": "enumerate(items(), 5)",
    "enumerate_large": "enumerate(items(), sys.maxsize)",
    "zip_first": "zip(items(), 'abc')",
    "zip_generators": "zip(items(), two_items())",
    "reversed_sequence": "reversed(Items())",
    "chain": "itertools.chain([1], items(), [2], two_items())",
    "chain_of_chain": "itertools.chain.from_iterable([items(), [2]])",
    "islice": "itertools.islice(items(), 1, 3)",
    "islice_steps": "itertools.islice(items(), 0, None, 2)",
    "takewhile_function": "itertools.takewhile(ask, [1, 2, 3])",
    "takewhile_generator": "itertools.takewhile(bool, items())",
    "dropwhile_function": "itertools.dropwhile(ask, [1, 2, 3])",
    "dropwhile_generator": "itertools.dropwhile(bool, items())",
    "filterfalse_function": "itertools.filterfalse(ask, [1, 2, 3])",
    "filterfalse_generator": "itertools.filterfalse(None, items())",
    "starmap_function": "itertools.starmap(ask, [(1, 2), (3, 4)])",
    "accumulate_generator": "itertools.accumulate(map(str, [1, 2]), ask)",
    "accumulate_adds": "itertools.accumulate(items())",
    "callable": "iter(functools.partial(ask, 1), 'stop')",
    "nested": "enumerate(map(ask, filter(None, [1, 2])))",
}
_STOPS = "StopIteration"
for _name, _source in _LOOPS.items():
    _endless = _name == "callable"
    for _value in ("given", 0) if "f" in _name[:1] or "while" in _name else ("given",):
        _suffix = "" if _value == "given" else "_falsy"
        _how = {"gives": _value, "then": "stop" if _endless else _value}
        _add(
            f"for_{_name}{_suffix}",
            f"seen = []\nfor x in {_source}:\n    seen.append(x)\nseen",
            "FOR_ITER",
            f"`for x in {_source}`",
            outcomes=_STOPS,
            **_how,
        )
        _add(
            f"next_{_name}{_suffix}",
            f"it = iter({_source})\n[next(it), next(it, 'end')]",
            "CALL",
            f"`next({_source})`",
            outcomes=_STOPS,
            **_how,
        )
_add(
    "yield_from_map",
    "list_ = []\n[list_.append(x) for x in delegates()] and list_",
    "SEND",
    "`yield from map(f, ...)`",
    outcomes=_STOPS,
)


def delegates():
    yield from map(ask, [1, 2])


_add(
    "iter_of",
    "iter(Iterable())",
    "CALL",
    "`iter(a)` by `__iter__`",
    gives="text",
    outcomes="wrong type",
)
_add(
    "for_iter_of",
    "seen = []\nfor x in Iterable():\n    seen.append(x)\nseen",
    "GET_ITER",
    "`for x in a` by `__iter__`",
    gives="text",
    outcomes="wrong type",
)
_add(
    "enumerate_of",
    "next(enumerate(Iterable()))",
    "CALL",
    "`enumerate(a)` by `__iter__`",
    gives="text",
    outcomes="wrong type",
)
_add(
    "reversed_of",
    "reversed(Reversing())",
    "CALL",
    "`reversed(a)` by `__reversed__`",
    gives="text",
)
for _name in ("any", "all"):
    for _source in (
        "items()",
        "Counting()",
        "Generating()",
        "map(ask, [1, 2])",
        "filter(None, items())",
    ):
        for _value in ("given", 0):
            _add(
                f"{_name}_{_source.split('(')[0]}_{_value}",
                f"{_name}({_source})",
                "CALL",
                f"`{_name}({_source})`",
                gives=_value,
                outcomes=_STOPS,
            )
for _source in ("items()", "Counting()", "Generating()", "map(ask, [1, 2])"):
    for _value in ("given", 0):
        _add(
            f"in_{_source.split('(')[0]}_{_value}",
            f"'given' in {_source}",
            "CONTAINS_OP",
            f"`x in {_source}`",
            gives=_value,
            outcomes=_STOPS,
        )
        _add(
            f"not_in_{_source.split('(')[0]}_{_value}",
            f"'given' not in {_source}",
            "CONTAINS_OP",
            f"`x not in {_source}`",
            gives=_value,
            outcomes=_STOPS,
        )
