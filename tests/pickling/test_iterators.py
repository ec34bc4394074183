"""Iterators in the middle go on where they were; views show their dictionary."""

from __future__ import annotations

import collections
import functools
import itertools
import operator
import types
import warnings

import pytest

from tests.pickling.copies import copy_of


def middle(iterator):
    next(iterator)
    return iterator


ITERATORS = {
    "list": lambda: iter([1, 2, 3]),
    "tuple": lambda: iter((1, 2, 3)),
    "reversed list": lambda: reversed([1, 2, 3]),
    "dict": lambda: iter({1: 2, 3: 4}),
    "dict values": lambda: iter({1: 2, 3: 4}.values()),
    "dict items": lambda: iter({1: 2, 3: 4}.items()),
    "reversed dict": lambda: reversed({1: 2, 3: 4}),
    "set": lambda: iter({1, 2, 3}),
    "string": lambda: iter("abc"),
    "wide string": lambda: iter("äöü€"),
    "bytes": lambda: iter(b"abc"),
    "bytearray": lambda: iter(bytearray(b"abc")),
    "range": lambda: iter(range(3)),
    "long range": lambda: iter(range(10**30, 10**30 + 3)),
    "callable": lambda: iter(functools.partial(int, "7"), 8),
    "sequence": lambda: iter(collections.UserString("abc")),
    "enumerate": lambda: enumerate("abc"),
    "zip": lambda: zip([1, 2], "ab", strict=True),
    "map": lambda: map(operator.neg, [1, 2]),
    "filter": lambda: filter(None, [1, 0, 2]),
    "reversed": lambda: reversed("abc"),
    "deque": lambda: iter(collections.deque([1, 2])),
    "ordered dict": lambda: iter(collections.OrderedDict(a=1, b=2)),
}
ITERTOOLS = {
    "accumulate": lambda: itertools.accumulate([1, 2, 3]),
    "chain": lambda: itertools.chain([1, 2], "ab"),
    "chain.from_iterable": lambda: itertools.chain.from_iterable([[1, 2], "ab"]),
    "combinations": lambda: itertools.combinations([1, 2, 3], 2),
    "combinations_with_replacement": lambda: itertools.combinations_with_replacement(
        [1, 2], 2
    ),
    "compress": lambda: itertools.compress("abc", [1, 0, 1]),
    "count": lambda: itertools.count(5, 2),
    "cycle": lambda: itertools.cycle([1, 2]),
    "dropwhile": lambda: itertools.dropwhile(bool, [1, 0, 1]),
    "filterfalse": lambda: itertools.filterfalse(bool, [0, 1, 0]),
    "groupby": lambda: itertools.groupby([1, 1, 2]),
    "islice": lambda: itertools.islice([1, 2, 3, 4], 0, 4, 2),
    "permutations": lambda: itertools.permutations([1, 2, 3]),
    "product": lambda: itertools.product([1, 2], "ab"),
    "repeat": lambda: itertools.repeat(3, 3),
    "starmap": lambda: itertools.starmap(max, [(1, 2), (3, 4)]),
    "takewhile": lambda: itertools.takewhile(bool, [1, 1, 0]),
    "tee": lambda: itertools.tee([1, 2, 3])[0],
    "zip_longest": lambda: itertools.zip_longest([1, 2], "a"),
}


def firsts(iterator):
    return [
        item if not isinstance(item, tuple) else item[0]
        for item in itertools.islice(iterator, 5)
    ]


@pytest.mark.parametrize("name", [*ITERATORS, *ITERTOOLS])
def test_iterators_go_on(name: str):
    iterator = middle({**ITERATORS, **ITERTOOLS}[name]())
    copied = copy_of(iterator)
    if name != "set":
        assert type(copied) is type(iterator)
    assert firsts(copied) == firsts(iterator)


@pytest.mark.parametrize("name", ITERTOOLS)
@pytest.mark.parametrize("action", ["error", "default"])
def test_no_warning_and_no_filter_but_ours(name: str, action: str):
    iterator = middle(ITERTOOLS[name]())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter(action)
        before = list(warnings.filters)
        copy_of(iterator)
        copy_of(iterator)
        assert list(warnings.filters[-len(before) :]) == before
        assert len(warnings.filters) <= len(before) + 1
        warnings.warn("still told", DeprecationWarning, stacklevel=1) if (
            action == "default"
        ) else None
    assert len(caught) == (action == "default")


def test_an_iterator_and_its_list():
    items = [1, 2]
    iterator, items = copy_of([middle(iter(items)), items])
    items.append(3)
    assert list(iterator) == [2, 3]


def test_an_iterator_in_a_cycle():
    held: list = [1, 2]
    held.append(itertools.chain(held))
    copied = copy_of(held)
    assert next(copied[2]) == 1
    assert list(copied[2])[1] is copied[2]


@pytest.mark.parametrize("turned", [iter, reversed])
@pytest.mark.parametrize("view", ["keys", "values", "items"])
def test_an_iterator_sees_what_changes_in_its_dictionary(view: str, turned):
    mapping = {"a": 1, "b": 2, "c": 3, "d": 4}
    del mapping["b"]
    iterator = turned(getattr(mapping, view)())
    next(iterator)
    iterator, mapping = copy_of([iterator, mapping])
    mapping.update(a=10, c=30, d=40)
    expected = list(turned(getattr(mapping, view)()))[1:]
    assert list(iterator) == expected


def test_a_dictionary_that_grows_under_its_iterator():
    mapping = {1: 2, 3: 4}
    iterator, mapping = copy_of([middle(iter(mapping)), mapping])
    mapping[5] = 6
    with pytest.raises(RuntimeError, match="changed size"):
        next(iterator)
    with pytest.raises(RuntimeError, match="changed size"):
        next(copy_of(iterator))


def test_an_iterator_in_its_own_dictionary():
    mapping: dict = {1: 2, 3: 4}
    mapping["me"] = iter(mapping.items())
    mapping["last"] = 5
    mapping["me"] = middle(iter(mapping.items()))
    for copied in (copy_of(mapping), copy_of(copy_of(mapping))):
        assert [key for key, _ in copied["me"]] == [3, "me", "last"]


def test_an_iterator_at_its_end():
    iterator = iter({1: 2}.items())
    assert list(iterator) == [(1, 2)]
    assert list(copy_of(iterator)) == []
    empty: dict = {}
    assert list(copy_of(iter(empty.values()))) == []


# --- views ---


@pytest.mark.parametrize("kind", [dict, collections.OrderedDict])
@pytest.mark.parametrize("view", ["keys", "values", "items"])
def test_views_show_their_dictionary(kind: type, view: str):
    mapping = kind(a=1)
    mapping["view"] = getattr(mapping, view)()
    copied = copy_of(mapping)
    assert type(copied["view"]) is type(mapping["view"])
    copied["more"] = 2
    assert len(copied["view"]) == 3
    alone = copy_of(mapping["view"])
    assert len(alone) == 2


def test_read_only_mappings():
    mapping = {"a": 1}
    proxy, mapping = copy_of([types.MappingProxyType(mapping), mapping])
    mapping["b"] = 2
    assert proxy["b"] == 2
