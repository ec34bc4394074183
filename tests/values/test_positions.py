"""Half-used iterators keep their place, wherever they lie, as live ones would."""

from __future__ import annotations

import collections
import copy
import itertools
import types

import pytest

from greenflow.continuation import pickling


def copy_of(value):
    return pickling.load(pickling.dump(value).data)


def box(iterator):
    return [iterator]


class Sequence:
    def __init__(self, items):
        self.items = items

    def __getitem__(self, index):
        return self.items[index]


OVER = {
    "iter": iter,
    "reversed": reversed,
    "enumerate": enumerate,
    "zip": lambda items: zip(items, items, strict=True),
    "map": lambda items: map(box, items),
    "filter": lambda items: filter(id, items),
    "chain": itertools.chain,
    "islice": lambda items: itertools.islice(items, 1, 9),
    "pairwise": itertools.pairwise,
    "deque": lambda items: iter(collections.deque(items)),
    "sequence": lambda items: iter(Sequence(items)),
}


@pytest.mark.parametrize("name", OVER)
@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("holder_first", [True, False])
def test_an_iterator_in_the_list_that_it_goes_over(name, place, holder_first):
    items = [0, 1, 2, 3, 4]
    iterator = OVER[name](items)
    items[place] = iterator
    next(iterator)
    left = len(list(OVER[name]([0, 1, 2, 3, 4]))) - 1
    if holder_first:
        items, iterator = copy_of((items, iterator))
    else:
        iterator, items = copy_of((iterator, items))
    assert items[place] is iterator
    assert len(list(iterator)) == left


def test_the_list_alone():
    items: list = [0, 1, 2]
    items[1] = iter(items)
    next(items[1])
    copied = copy_of(items)
    items.append(3)
    copied.append(3)
    assert list(copied[1]) == [copied[1], 2, 3]
    assert list(items[1]) == [items[1], 2, 3]


@pytest.mark.parametrize("turned", [iter, reversed])
def test_a_list_that_got_shorter_than_the_place(turned):
    items = [0, 1, 2, 3]
    iterator = turned(items)
    for _ in range(3):
        next(iterator)
    del items[1:]
    iterator, items = copy_of((iterator, items))
    assert list(iterator) == [0] * (turned is reversed)


def test_a_list_that_ended_stays_at_its_end():
    items = [0]
    iterator = iter(items)
    assert list(iterator) == [0]
    iterator, items = copy_of((iterator, items))
    items.append(1)
    assert list(iterator) == []


# --- deques and ordered dictionaries ---


@pytest.mark.parametrize("turned", [iter, reversed])
@pytest.mark.parametrize("place", range(4))
def test_deques(turned, place):
    deque = collections.deque([1, 2, 3])
    iterator = turned(deque)
    list(itertools.islice(iterator, place))
    iterator, deque = copy_of((iterator, deque))
    deque[1] = 20
    assert list(iterator) == list(turned([1, 20, 3]))[place:]


@pytest.mark.parametrize("turned", [iter, reversed])
def test_a_deque_in_another_process(child, tmp_path, turned):
    iterator = turned(collections.deque([1, 2, 3]))
    next(iterator)
    (tmp_path / "saved").write_bytes(pickling.dump(iterator).data)
    finished = child(
        """
        import pathlib
        from greenflow.continuation import pickling
        print(list(pickling.load(pathlib.Path("saved").read_bytes())))
        """
    )
    assert finished.stdout.strip() == str(list(turned([1, 2, 3]))[1:])


def test_a_deque_that_holds_its_iterator():
    deque: collections.deque = collections.deque([1, None, 3])
    deque[1] = iter(deque)
    next(deque[1])
    copied = copy_of(deque)
    assert list(copied[1]) == [copied[1], 3]


def test_a_deque_that_changed():
    deque = collections.deque([1, 2])
    iterator = iter(deque)
    next(iterator)
    deque.append(3)
    with pytest.raises(RuntimeError, match="mutated"):
        next(copy_of(iterator))
    iterator = iter(copy_of(deque))
    assert list(copy_of(iterator)) == [1, 2, 3]


@pytest.mark.parametrize("turned", [iter, reversed])
@pytest.mark.parametrize("view", ["keys", "values", "items"])
@pytest.mark.parametrize("place", range(4))
def test_ordered_dictionaries(turned, view, place):
    mapping = collections.OrderedDict(a=1, b=2, c=3)
    mapping.move_to_end("a")
    iterator = turned(getattr(mapping, view)())
    list(itertools.islice(iterator, place))
    iterator, mapping = copy_of((iterator, mapping))
    assert type(iterator) is type(iter(mapping)) or place == 3
    mapping["c"] = 30
    assert list(iterator) == list(turned(getattr(mapping, view)()))[place:]


def test_an_ordered_dictionary_that_changes():
    mapping = collections.OrderedDict(a=1, b=2)
    iterator = iter(mapping)
    next(iterator)
    copied, grown = copy_of((iterator, mapping))
    grown["c"] = mapping["c"] = 3
    with pytest.raises(RuntimeError, match="mutated"):
        next(copied)
    for loaded in (copy_of(iterator), copy_of(copy_of(iterator))):
        with pytest.raises(RuntimeError, match="mutated"):
            next(loaded)


def test_an_ordered_dictionary_that_holds_its_iterator():
    mapping = collections.OrderedDict(a=1, b=2)
    mapping["a"] = iter(mapping)
    next(mapping["a"])
    assert list(copy_of(mapping)["a"]) == ["b"]


# --- views of what a class holds ---


def test_the_dictionary_of_a_class_is_the_class_s_own():
    class Local:
        one = 1

    proxy, cls = copy_of((vars(Local), Local))
    cls.two = 2
    assert proxy["two"] == 2
    assert copy_of(vars(Sequence))["__getitem__"] is Sequence.__getitem__
    plain = {"__module__": "x", "__doc__": None}
    assert copy_of(types.MappingProxyType(plain)) == plain


def test_the_originals_are_left_as_they_were():
    for make in OVER.values():
        iterator = make([0, 1, 2, 3])
        next(iterator)
        expected = len(list(make([0, 1, 2, 3]))) - 1
        pickling.dump(iterator)
        assert len(list(iterator)) == expected


def test_the_same_as_a_copy():
    items = [1, 2, 3]
    iterator = iter(items)
    next(iterator)
    assert list(copy_of(iterator)) == list(copy.copy(iterator))
