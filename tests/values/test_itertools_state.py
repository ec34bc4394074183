"""Half-consumed iterators of itertools go on, by their own state or by their fields."""

from __future__ import annotations

import gc
import itertools
import sys
from collections.abc import Callable
from typing import Any

import pytest

from greenflow.continuation import pickling

ANYTHING = [None, ..., 0, "", (), "last"]
TEE_DATA = itertools._tee_dataobject


def copy_of(value):
    return pickling.load(pickling.dump(value).data)


def is_odd(value):
    return value % 2 == 1


def later(_, value):
    return value


def groups(iterator):
    return [(key, list(group)) for key, group in iterator]


FINITE: dict[str, Callable[[], Any]] = {
    "accumulate": lambda: itertools.accumulate([1, 2, 3, 4]),
    "accumulate by": lambda: itertools.accumulate([3, 1, 4], max, initial=2),
    "accumulate None": lambda: itertools.accumulate([None, ...], later),
    "chain": lambda: itertools.chain("ab", ANYTHING, ()),
    "chain.from_iterable": lambda: itertools.chain.from_iterable([ANYTHING, "ab"]),
    "combinations": lambda: itertools.combinations(ANYTHING, 2),
    "combinations of none": lambda: itertools.combinations([1], 0),
    "combinations too long": lambda: itertools.combinations([1], 2),
    "replacement": lambda: itertools.combinations_with_replacement([None, ..., 1], 2),
    "replacement of none": lambda: itertools.combinations_with_replacement((), 0),
    "replacement too long": lambda: itertools.combinations_with_replacement((), 1),
    "compress": lambda: itertools.compress(ANYTHING, [1, 1, 0, 1, 1, 1]),
    "dropwhile": lambda: itertools.dropwhile(is_odd, [1, 3, 4, 5, 6]),
    "filterfalse": lambda: itertools.filterfalse(is_odd, [1, 2, 3, 4, 6]),
    "islice": lambda: itertools.islice(range(20), 3, 15, 4),
    "islice endless": lambda: itertools.islice(ANYTHING, 1, None),
    "pairwise": lambda: itertools.pairwise(ANYTHING),
    "permutations": lambda: itertools.permutations([None, ..., 3, 4], 2),
    "permutations of all": lambda: itertools.permutations("abc"),
    "permutations of none": lambda: itertools.permutations((), 0),
    "permutations too long": lambda: itertools.permutations("a", 2),
    "product": lambda: itertools.product(ANYTHING, "ab"),
    "product repeated": lambda: itertools.product([None, ...], repeat=3),
    "product of nothing": lambda: itertools.product("ab", ()),
    "product of none": lambda: itertools.product(),
    "repeat": lambda: itertools.repeat(None, 4),
    "starmap": lambda: itertools.starmap(pow, [(2, 3), (3, 2), (1, 1)]),
    "takewhile": lambda: itertools.takewhile(is_odd, [1, 3, 4, 5]),
    "tee": lambda: itertools.tee(ANYTHING)[1],
    "long tee": lambda: itertools.tee(range(200))[0],
    "zip_longest": lambda: itertools.zip_longest(ANYTHING, "ab", (), fillvalue=...),
    "zip_longest of one": lambda: itertools.zip_longest(ANYTHING),
    "zip_longest of none": lambda: itertools.zip_longest(),
}
if hasattr(itertools, "batched"):
    FINITE["batched"] = lambda: itertools.batched(ANYTHING, 4)
    FINITE["batched by one"] = lambda: itertools.batched(ANYTHING, 1)
ENDLESS: dict[str, Callable[[], Any]] = {
    "count up": lambda: itertools.count(-3),
    "count down": lambda: itertools.count(3, -2),
    "count float": lambda: itertools.count(0.5, 0.25),
    "count past": lambda: itertools.count(sys.maxsize - 2),
    "count long": lambda: itertools.count(2**70),
    "cycle": lambda: itertools.cycle(ANYTHING[:4]),
    "repeat": lambda: itertools.repeat(...),
}


@pytest.mark.parametrize("name", FINITE)
def test_finite_iterators_go_on_from_every_place(name: str):
    everything = list(FINITE[name]())
    for place in range(len(everything) + 1):
        iterator = FINITE[name]()
        assert list(itertools.islice(iterator, place)) == everything[:place]
        copied = copy_of(iterator)
        assert list(copied) == everything[place:]
        assert list(copied) == []
        assert list(copy_of(copied)) == []
        assert list(iterator) == everything[place:]  # it was left as it was
        assert list(copy_of(iterator)) == []


@pytest.mark.parametrize("name", ENDLESS)
def test_endless_iterators_go_on(name: str):
    everything = list(itertools.islice(ENDLESS[name](), 20))
    for place in range(10):
        iterator = ENDLESS[name]()
        assert list(itertools.islice(iterator, place)) == everything[:place]
        left = everything[place:]
        copied = copy_of(copy_of(iterator))
        assert list(itertools.islice(copied, len(left))) == left
        assert list(itertools.islice(iterator, len(left))) == left


def test_empty_cycle():
    iterator = itertools.cycle(())
    assert list(copy_of(iterator)) == []
    assert list(iterator) == []
    assert list(copy_of(iterator)) == []


@pytest.mark.skipif(
    "strict" not in (getattr(itertools, "batched", str).__text_signature__ or ""),
    reason="batched() takes no strict",
)
def test_batched_stays_strict():
    iterator = itertools.batched("abc", 2, strict=True)
    next(iterator)
    with pytest.raises(ValueError, match="incomplete"):
        next(copy_of(iterator))


# --- groups and tees ---


@pytest.mark.parametrize("place", range(4))
def test_groupby(place: int):
    def made():
        return itertools.groupby([1, 1, None, ..., ..., 2], type)

    expected = groups(made())
    iterator = made()
    assert len(list(itertools.islice(iterator, place))) == place
    assert groups(copy_of(iterator)) == expected[place:]
    assert groups(iterator) == expected[place:]
    assert groups(copy_of(iterator)) == []


@pytest.mark.parametrize("taken", range(4))
def test_groupby_inside_a_group(taken: int):
    iterator = itertools.groupby([1, 1, 1, 2, 2])
    _, group = next(iterator)
    assert list(itertools.islice(group, taken)) == [1] * taken
    for again in (copy_of((iterator, group)), copy_of((group, iterator))[::-1]):
        assert list(again[1]) == [1] * (3 - taken)
        assert groups(again[0]) == [(2, [2, 2])]
    assert groups(copy_of(iterator)) == [(2, [2, 2])]
    assert list(copy_of(group)) == [1] * (3 - taken)


def test_a_group_that_is_not_the_current_one():
    iterator = itertools.groupby([1, 1, 2])
    _, old = next(iterator)
    _, new = next(iterator)
    iterator, old, new = copy_of((iterator, old, new))
    assert list(old) == []
    assert list(new) == [2]


class Item:
    def __init__(self, key):
        self.key = key
        self.group = None


def key_of(item):
    return item.key


def test_a_group_in_its_own_items():
    items = [Item(1), Item(1), Item(1), Item(2)]
    iterator = itertools.groupby(items, key_of)
    _, group = next(iterator)
    next(group).group = group
    items[1].group = group
    group, items = copy_of((group, items))
    assert items[0].group is items[1].group is group
    assert list(group) == items[1:3]


@pytest.mark.parametrize("ahead", [0, 1, 56, 57, 58, 150])
@pytest.mark.parametrize("behind", [0, 1, 57])
def test_tees_share_what_they_read(ahead: int, behind: int):
    source = iter(range(170))
    one, two = itertools.tee(source)
    list(itertools.islice(one, ahead))
    list(itertools.islice(two, behind))
    one, two, source = copy_of((one, two, source))
    assert next(one) == ahead
    assert list(two) == list(range(behind, 170))
    assert list(one) == list(range(ahead + 1, 170))
    assert list(source) == []


def test_the_data_of_a_tee_alone():
    data = TEE_DATA(iter("ab"), [None, ...], None)
    copied = copy_of(data)
    assert type(copied) is TEE_DATA
    assert [held for held in gc.get_referents(copied) if held in (None, ...)]


# --- identity ---


def test_what_is_shared_stays_shared():
    box = ["box"]
    source = iter([box, 1, 2])
    held = [
        itertools.repeat(box),
        itertools.product([box], [box]),
        itertools.pairwise(itertools.chain([box], source)),
        source,
        box,
    ]
    again = copy_of([*held, held[0]])
    repeat, product, pairs, source, box, same = again
    assert repeat is same
    assert next(repeat) is box
    assert all(item is box for item in next(product))
    assert next(pairs)[0] is box
    assert list(source) == [1, 2]


def test_results_are_not_shared_with_the_copy():
    for make in (
        lambda: itertools.product("ab", "cd"),
        lambda: itertools.permutations("abc", 2),
        lambda: itertools.combinations("abcd", 2),
        lambda: itertools.combinations_with_replacement("abc", 2),
        lambda: itertools.pairwise("abcd"),
        lambda: itertools.zip_longest("abc", "d"),
    ):
        iterator, expected = make(), list(make())
        assert next(iterator) == expected[0]
        copied = copy_of(iterator)
        given = [next(copied), next(copied)]
        assert given == expected[1:3]
        assert next(iterator) == expected[1]
        assert given == expected[1:3]


SELF_HELD: list[Callable[[Any], Any]] = [
    lambda item: itertools.accumulate([item, item], later),
    lambda item: itertools.chain([item, item]),
    lambda item: itertools.combinations([item, 1, 2], 2),
    lambda item: itertools.combinations_with_replacement([item, 1], 2),
    lambda item: itertools.compress([item, item], (1, 1)),
    lambda item: itertools.cycle([item, item]),
    lambda item: itertools.dropwhile(callable, [item, item]),
    lambda item: itertools.filterfalse(callable, [item, item]),
    lambda item: itertools.groupby([item, None, item]),
    lambda item: itertools.islice([item, item], 3),
    lambda item: itertools.pairwise([item, item, item]),
    lambda item: itertools.permutations([item, 1], 2),
    lambda item: itertools.product([item, item], [item]),
    lambda item: itertools.repeat(item),
    lambda item: itertools.takewhile(key_of, [item, item]),
    lambda item: itertools.tee([item, item])[0],
    lambda item: itertools.zip_longest([item, item], "a"),
]


@pytest.mark.parametrize("make", SELF_HELD)
def test_an_iterator_in_itself(make: Callable[[Any], Any]):
    item = Item(1)
    item.group = make(item)
    next(item.group)
    for copied in (copy_of(item), copy_of([item.group, item])[1]):
        assert type(copied.group) is type(item.group)
        held = gc.get_referents(copied.group)
        given = next(copied.group)
        assert copied in held or copied in (given if type(given) is tuple else [given])


def test_a_cycle_that_saved_itself():
    held: list = []
    iterator = itertools.cycle(held)
    held += [iterator, 1]
    next(iterator)
    copied = copy_of(iterator)
    assert list(itertools.islice(copied, 3)) == [1, copied, 1]
