"""Rows: iterators over several iterators, groups, and functions that are C code."""

from __future__ import annotations

import functools
import itertools
import operator
from functools import partial

from tests.delivery.rows import act, add_compiled, has

__all__ = ["functools", "itertools", "operator"]
_HERE = __name__
_STOPS = "StopIteration"
_add = partial(add_compiled, _HERE)
_has = partial(has, _HERE)


def items():
    yield act("one")
    yield act("two")
    yield act("three")


def iterables():
    yield [act("one"), 2]
    yield act("next")


def ask(*values):
    return act(values)


def ask_and_rebind(value):
    value, other = act(value), 1
    return value, other


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


class Iterable:
    def __iter__(self):
        given = act("iter")
        return iter(given) if isinstance(given, str) else given


class Given:
    @property
    def prop(self):
        return act("prop")

    def method(self, *args):
        return act(args)


_LOOPS = {
    "chain_objects": "itertools.chain(Counting(), Counting())",
    "chain_nested": "itertools.chain(itertools.chain(items(), [1]), map(ask, [2]))",
    "chain_supplied": "itertools.chain.from_iterable(iterables())",
    "chain_mapped": "itertools.chain.from_iterable(map(ask, [1, 2]))",
    "chain_opened": "itertools.chain([0], Iterable(), Iterable())",
    "compress_generator": "itertools.compress(items(), [0, 1, 1])",
    "compress_object": "itertools.compress(Counting(), [0, 1, 1])",
    "groupby_object": "(k for k, _ in itertools.groupby(Counting()))",
    "filter_chain": "filter(None, itertools.chain(Counting(), items()))",
    "pairwise_generator": "itertools.pairwise(items())",
    "pairwise_object": "itertools.pairwise(Counting())",
    "zip_longest_first": "itertools.zip_longest(items(), 'a', 'abcd', fillvalue=0)",
    "zip_longest_both": "itertools.zip_longest(items(), Counting())",
    "zip_mapped": "zip(items(), map(repr, [1, 2]), enumerate('abc'))",
    "map_two_first": "map(ask, items(), 'abc')",
    "map_two_both": "map(ask, items(), Counting())",
    "map_in_map": "map(ask, map(repr, map(int, '123')))",
    "map_str": f"map(str, [{_has('__str__')}(), 2])",
    "map_getter": "map(operator.attrgetter('prop'), [Given(), Given()])",
    "map_caller": "map(operator.methodcaller('method', 3), [Given(), Given()])",
    "islice_of_chain": "itertools.islice(itertools.chain(items(), Counting()), 1, 5)",
    "enumerate_chain": "enumerate(itertools.chain(map(ask, [1, 2]), items()))",
    "groupby_mapped": "itertools.groupby(map(ask, [1, 1, 2]))",
    "groupby_keys": "(k for k, _ in itertools.groupby([1, 1, 2], ask))",
    "groupby_of_items": "(k for k, _ in itertools.groupby(items()))",
    "groupby_both": "(k for k, _ in itertools.groupby(items(), ask))",
    "groups_by_function": "(x for _, g in itertools.groupby('ab', ask) for x in g)",
    "groups_of_items": "((k, x) for k, g in itertools.groupby(items()) for x in g)",
}
for _name, _source in _LOOPS.items():
    _text = "chain" in _name and ("supplied" in _name or "opened" in _name)
    _how = {"gives": "text" if _text or _name == "chain_mapped" else "given"}
    _add(
        f"for_{_name}",
        f"seen = []\nfor x in {_source}:\n    seen.append(x)\nseen",
        "FOR_ITER",
        f"`for x in {_source}`",
        outcomes=f"{_STOPS}, wrong type" if "opened" in _name else _STOPS,
        **_how,
    )
    _add(
        f"next_{_name}",
        f"it = iter({_source})\n[next(it), next(it, 'end'), next(it, 'end')]",
        "CALL",
        f"`next({_source})`",
        outcomes=f"{_STOPS}, wrong type" if "opened" in _name else _STOPS,
        **_how,
    )
_add(
    "for_cycle",
    "seen = []\nfor x in itertools.cycle(items()):\n"
    "    seen.append(x)\n    if len(seen) > 7:\n        break\nseen",
    "FOR_ITER",
    "`for x in itertools.cycle(items())`",
    outcomes=_STOPS,
)
_add(
    "for_rebinding",
    "seen = []\nfor x in map(ask_and_rebind, [1, 2]):\n    seen.append(x)\nseen",
    "FOR_ITER",
    "`for x in map(f, [1, 2])`, where f gives its argument another value",
)
