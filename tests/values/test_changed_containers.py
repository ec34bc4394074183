"""A loop over what was changed goes on, or fails, as if it had never been saved."""

from __future__ import annotations

import collections
import random

import pytest

from greenflow import Continuation, suspend
from greenflow.continuation import pickling


def copy_of(value):
    return pickling.load(pickling.dump(value).data)


def changed(seed):
    """Return a dictionary and an iterator of it, after changes of any kind."""
    source = random.Random(seed)
    mapping = {number: str(number) for number in range(source.randrange(1, 12))}
    for key in [key for key in mapping if source.random() < 0.3]:
        del mapping[key]
    shown = source.choice([mapping, mapping.keys(), mapping.values(), mapping.items()])
    iterator = source.choice([iter, reversed])(shown)
    for _ in range(source.randrange(6)):
        next(iterator, None)
    for _ in range(source.randrange(4)):
        if source.random() < 0.5:
            mapping[source.randrange(200)] = "new"
        elif mapping:
            del mapping[source.choice(list(mapping))]
    return mapping, iterator


def gone_on(mapping, iterator, seed):
    """Return what is left, and how it ends; some change the dictionary on the way."""
    seen = []
    try:
        for item in iterator:
            seen.append(item)
            if mapping and seed % 5 == 0:
                mapping[next(iter(mapping))] = "changed"
            if seed % 7 == 0:
                mapping[1000 + len(mapping)] = "grown"
    except RuntimeError as error:
        seen.append(str(error))
    return seen


@pytest.mark.parametrize("seed", range(300))
def test_dictionaries(seed):
    expected = gone_on(*changed(seed), seed)
    pair = changed(seed)
    for _ in range(3):
        pair = copy_of(pair)
        assert gone_on(*copy_of(pair), seed) == expected
    iterator, mapping = copy_of(changed(seed)[::-1])
    assert gone_on(mapping, iterator, seed) == expected


def begun(container, method=None, turned=iter):
    iterator = turned(getattr(container, method)() if method else container)
    next(iterator)
    return iterator


GROWN = {
    "set": (lambda: {1, 2}, None, iter, lambda held: held.add(3)),
    "deque": (lambda: collections.deque([1, 2]), None, iter, lambda held: held.pop()),
    "back": (
        lambda: collections.deque([1, 2]),
        None,
        reversed,
        lambda held: held.pop(),
    ),
    **{
        f"ordered {method} {turned.__name__}": (
            lambda: collections.OrderedDict.fromkeys("abc"),
            method,
            turned,
            lambda held: held.move_to_end("a"),
        )
        for method in ("keys", "values", "items")
        for turned in (iter, reversed)
    },
}


@pytest.mark.parametrize("name", GROWN)
def test_those_that_fail_at_their_next_step(name):
    make, method, turned, change = GROWN[name]
    container = make()
    iterator = begun(container, method, turned)
    change(container)
    copied = copy_of(copy_of(iterator))
    assert type(copied) is type(iterator)
    told = []
    for each in (iterator, copied):
        with pytest.raises(RuntimeError) as caught:
            next(each)
        told.append(str(caught.value))
    assert told[0] == told[1]


def drop_one(mapping):
    """Change a dictionary in a loop over it, and leave the loop: that is allowed."""
    for key in mapping:
        if key == 2:
            del mapping[key]
            suspend()
            break
    return mapping


def grow(mapping):
    try:
        for key in mapping:
            mapping[key + 10] = suspend()
    except RuntimeError as error:
        return str(error)
    return "went on"


def test_in_flows():
    data = Continuation.start(drop_one, {1: 1, 2: 2, 3: 3}).dumps()
    assert Continuation.loads(data).resume().value == {1: 1, 3: 3}
    k = Continuation.start(grow, {1: 1})
    told = Continuation.loads(k.dumps()).resume().value
    assert told == k.resume().value == "dictionary changed size during iteration"
