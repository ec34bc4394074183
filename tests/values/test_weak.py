"""Weak references lead to what is saved too, or are dead; they save nothing."""

from __future__ import annotations

import gc
import itertools
import threading
import weakref

import pytest

from greenflow import Continuation, suspend
from greenflow.continuation import pickling


def copy_of(value):
    return pickling.load(pickling.dump(value).data)


class Item:
    def method(self):
        return "method"

    def __call__(self):
        return "called"


class Plain:
    pass


class Own(weakref.ref):
    __slots__ = ("more",)

    def __init__(self, item, callback=None):
        super().__init__(item, callback)
        self.more = "more"


def strong(item):
    return item


#: Each makes a reference that keeps nothing alive, and says what that leads to.
KINDS = {
    "ref": (weakref.ref, lambda ref: ref()),
    "subclass": (Own, lambda ref: ref()),
    "method": (
        lambda item: weakref.WeakMethod(item.method),
        lambda ref: ref() and ref().__self__,
    ),
    "proxy": (
        weakref.proxy,
        lambda proxy: getattr(proxy.__sizeof__, "__self__", None) if gone(proxy) else 0,
    ),
    "set": (lambda item: weakref.WeakSet([item]), lambda held: next(iter(held), None)),
    "keys": (
        lambda item: weakref.WeakKeyDictionary({item: 1}),
        lambda held: next(iter(held), None),
    ),
    "values": (
        lambda item: weakref.WeakValueDictionary(key=item),
        lambda held: held.get("key"),
    ),
}


def gone(proxy):
    try:
        proxy.x = 1
    except ReferenceError:
        return False
    return True


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("first", [True, False])
def test_to_what_is_saved_too(kind, first):
    make, led_to = KINDS[kind]
    item = Item()
    ref = make(item)
    if first:
        ref, item = copy_of((ref, item))
    else:
        item, ref = copy_of((item, ref))
    assert type(ref) is type(make(Item()))
    assert led_to(ref) is item
    del item
    gc.collect()
    assert not led_to(ref)


@pytest.mark.parametrize("kind", KINDS)
def test_to_what_nothing_else_holds(kind):
    make, led_to = KINDS[kind]
    item = Item()
    item.lock = threading.Lock()  # it cannot be saved, and need not be
    ref = make(item)
    loaded = copy_of([ref, ref])
    assert loaded[0] is loaded[1]
    assert not led_to(loaded[0])
    assert led_to(ref) is item
    with pytest.raises(TypeError, match="lock"):
        copy_of([ref, item])


@pytest.mark.parametrize("kind", KINDS)
def test_to_what_is_dead(kind):
    make, led_to = KINDS[kind]
    item = Item()
    ref = make(item)
    del item
    gc.collect()
    assert not led_to(copy_of(ref))
    assert not led_to(copy_of(copy_of(ref)))


def test_proxies():
    item, plain = Item(), Plain()
    proxies = copy_of([weakref.proxy(item), weakref.proxy(plain), item, plain])
    assert proxies[0]() == "called"
    assert not callable(proxies[1])
    del proxies[2:]
    with pytest.raises(ReferenceError):
        bool(proxies[0].__class__)


def test_one_reference_is_one():
    item = Item()
    one, two, item = copy_of((weakref.ref(item), weakref.ref(item), item))
    assert one is two is weakref.ref(item)


def test_a_callback():
    log: list = []
    item = Item()
    ref = weakref.ref(item, log.append)
    ref, item, log = copy_of((ref, item, log))
    del item
    assert log == [ref]


def test_what_a_subclass_knows():
    item = Item()
    own, item = copy_of((Own(item), item))
    assert (own(), own.more) == (item, "more")


def test_parents():
    parent, child = Item(), Item()
    child.parent, parent.children = weakref.ref(parent), [child]
    copied = copy_of(parent)
    assert copied.children[0].parent() is copied
    copied = copy_of((child, parent))
    assert copied[0].parent() is copied[1]
    assert copy_of(child).parent() is None


def test_a_chain_of_entries():
    """Each key is alive by the value of the entry before it."""
    items = [Item() for _ in range(5)]
    table = weakref.WeakKeyDictionary()
    for one, two in itertools.pairwise(items):
        table[one] = [two]
    table, first = copy_of((table, items[0]))
    assert len(table) == 4
    count = 0
    while first in table:
        (first,) = table[first]
        count += 1
    assert count == 4
    assert len(copy_of((weakref.WeakKeyDictionary(table), items[0]))[0]) == 0


def test_references_as_keys():
    item, dead = Item(), Item()
    table = {weakref.ref(item): 1, weakref.ref(dead): 2}
    key = next(iter(table))
    item, table = copy_of((item, table))
    assert table[weakref.ref(item)] == 1
    assert sorted(table.values()) == [1, 2]
    assert key() is not item


def test_classes_and_functions_are_there():
    def local():
        return local

    refs = weakref.ref(Item), weakref.ref(copy_of), weakref.WeakSet([Item])
    one, two, three = copy_of(refs)
    assert one() is Item
    assert two() is copy_of
    assert list(three) == [Item]
    ref, function = copy_of((weakref.ref(local), local))
    assert ref() is function


def test_generators():
    def walk():
        yield from range(3)

    generator = walk()
    next(generator)
    ref, generator = copy_of((weakref.ref(generator), generator))
    assert ref() is generator
    assert list(generator) == [1, 2]


def flow():
    item = Item()
    item.me = weakref.ref(item)
    seen = weakref.WeakValueDictionary(item=item)
    suspend()
    return item.me() is item, seen["item"] is item


def test_in_a_flow():
    data = Continuation.start(flow).dumps()
    assert Continuation.loads(data).resume().value == (True, True)


def test_a_finalizer_is_refused_while_it_watches():
    item = Item()
    finalizer = weakref.finalize(item, print)
    with pytest.raises(TypeError, match="alive"):
        pickling.dump(finalizer)
    finalizer.detach()
    assert not copy_of(finalizer).alive


def test_deep_and_weak():
    item = Item()
    value: list = [weakref.ref(item), item]
    for _ in range(100_000):
        value = [value]
    copied = copy_of(value)
    while len(copied) == 1:
        (copied,) = copied
    assert copied[0]() is copied[1]
