"""Objects whose class makes, hashes or hides them in ways that pickle fails at."""

from __future__ import annotations

import collections
import functools
import pickle
import zlib
from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from greenflow.continuation import pickling


def copy_of(value):
    return pickling.load(pickling.dump(value).data)


# --- __new__ ---


class Needs:
    def __new__(cls, name, *, size):
        made = super().__new__(cls)
        made.name, made.size = name, size
        return made


class NeedsSlots:
    __slots__ = ("name",)

    def __new__(cls, name):
        made = super().__new__(cls)
        made.name = name
        return made


class NeedsDict(dict):
    def __new__(cls, name):
        made = super().__new__(cls)
        made.name = name
        return made

    def __init__(self, name):
        self["name"] = name


class Pair(tuple):
    __slots__ = ()

    def __new__(cls, one, two):
        return super().__new__(cls, (one, two))


class Celsius(float):
    def __new__(cls, fahrenheit):
        return super().__new__(cls, (fahrenheit - 32) / 1.8)


class Names(frozenset):
    def __new__(cls, text):
        return super().__new__(cls, text.split())


class Interned(str):
    known: ClassVar[dict[str, Interned]] = {}

    def __new__(cls, text):
        return cls.known.setdefault(text, super().__new__(cls, text))


class Single:
    only = None

    def __new__(cls):
        cls.only = cls.only or super().__new__(cls)
        return cls.only


class Says:
    def __new__(cls, name):
        made = super().__new__(cls)
        made.calls = name
        return made

    def __getnewargs__(self):
        return (self.calls + "!",)

    def __getstate__(self):
        return None


def test_a_new_that_needs_arguments():
    needs, slots, mapping = copy_of((Needs("n", size=2), NeedsSlots("s"), NeedsDict(3)))
    assert (type(needs), needs.name, needs.size) == (Needs, "n", 2)
    assert (type(slots), slots.name) == (NeedsSlots, "s")
    assert (type(mapping), mapping, mapping.name) == (NeedsDict, {"name": 3}, 3)
    with pytest.raises(TypeError, match="argument"):  # what it would be without us
        pickle.loads(pickle.dumps(Needs("n", size=2)))


def test_values_are_not_made_of_what_they_are():
    pair, degrees, names = copy_of((Pair(1, [2]), Celsius(212), Names("a b")))
    assert (type(pair), pair) == (Pair, (1, [2]))
    assert (type(degrees), degrees) == (Celsius, 100.0)
    assert (type(names), names) == (Names, {"a", "b"})
    assert pickle.loads(pickle.dumps(Celsius(212))) != 100.0


class Tagged(set):
    def __init__(self, tag, items):
        super().__init__(items)
        self.tag = tag


def test_sets_that_take_more_than_items():
    tagged = copy_of(Tagged("t", "ab"))
    assert (type(tagged), tagged, tagged.tag) == (Tagged, {"a", "b"}, "t")
    with pytest.raises(TypeError, match="argument"):
        pickle.loads(pickle.dumps(Tagged("t", "ab")))


def test_what_is_one_object_stays_one():
    word = Interned("word")
    assert copy_of(word) is word
    assert copy_of(Single()) is Single()


def test_what_a_class_says_is_right():
    assert copy_of(Says("x")).calls == "x!"


def test_a_pair_in_itself():
    held: list = []
    pair = Pair(held, 1)
    held.append(pair)
    copied = copy_of(pair)
    assert copied[0][0] is copied
    assert type(copied) is Pair


def test_classes_of_functions():
    class Local(Pair):
        def plus(self, number):
            return self[0] + self[1] + number

        plus_one = functools.partialmethod(plus, 1)

    assert copy_of(Local(1, 2)).plus_one() == 4


# --- __hash__ ---


class Keyed:
    def __init__(self, name):
        self.name = name
        self.near: set[Keyed] = set()
        self.table: dict[Keyed, int] = {}

    def __hash__(self):
        return hash(self.name)

    def __eq__(self, other):
        return self.name == other.name


class KeyedSlots:
    __slots__ = ("name", "near")
    __hash__ = Keyed.__hash__
    __eq__ = Keyed.__eq__

    def __init__(self, name):
        self.name, self.near = name, set()


@dataclass(frozen=True)
class Node:
    name: tuple[str, int]
    near: set[Node] = field(default_factory=set, hash=False, compare=False)


@dataclass(frozen=True, slots=True)
class SlotNode:
    name: str
    near: set[SlotNode] = field(default_factory=set, hash=False, compare=False)


class Own(Keyed):
    def __getstate__(self):
        return {"name": self.name + "!", "near": {1}}


@pytest.mark.parametrize(
    "make", [Keyed, KeyedSlots, lambda name: Node((name, 1)), SlotNode]
)
def test_objects_in_sets_of_each_other(make):
    one, two = make("one"), make("two")
    one.near.update((two, one))
    two.near.add(one)
    copied = copy_of(one)
    assert copied in copied.near
    (again,) = copied.near - {copied}
    assert again.near == {copied}
    assert again.name == two.name
    assert next(iter(again.near)) is copied
    with pytest.raises(AttributeError):  # what it would be without us
        pickle.loads(pickle.dumps(one))


def test_objects_among_their_own_keys():
    one = Keyed("one")
    one.table[one] = 1
    copied = copy_of(one)
    assert copied.table[copied] == 1
    assert copy_of({one: one})[copied].table[copied] == 1


def test_a_state_of_its_own_is_kept():
    copied = copy_of(Own("x"))
    assert (copied.name, copied.near) == ("x!", {1})


def test_an_object_that_is_all_plain_takes_no_more_bytes():
    value = Node(("a", 1))
    object.__setattr__(value, "near", None)
    assert pickling.dump(value).data == pickle.dumps(value, 5)


# --- classes made in C ---


def test_a_class_in_c_is_found_where_it_lies_or_refused():
    hidden = type(reversed(collections.deque()))
    assert not hasattr(collections, hidden.__name__)
    assert copy_of(hidden) is hidden
    with pytest.raises((TypeError, pickle.PicklingError), match="pickle"):
        pickling.dump(type(zlib.compressobj()))
