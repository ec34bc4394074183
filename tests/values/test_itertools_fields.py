"""Iterators of itertools by their fields: what does not fit is refused."""

from __future__ import annotations

import gc
import itertools
import sys
from typing import Any

import pytest

from greenflow.continuation import itertools_state, pickling
from greenflow.continuation.frames import fields_read, fields_write

TEE_DATA = itertools._tee_dataobject
KINDS = [
    kind for name, kind in vars(itertools).items() if name in itertools_state.LAYOUTS
]


def empty(name: str, *arguments):
    return itertools_state._empty(name, *arguments)


def fill(iterator, state):
    itertools_state._fill(iterator, state)


def state_of(iterator):
    return itertools_state.reduce_iterator(iterator)[2]


SOURCE = (iter(()),)
HOSTILE: dict[str, list[Any]] = {
    "accumulate": [((), (), (), (None,)), ((), ([],), (), ()), ((), SOURCE, (), ())],
    "batched": [((), 2, 0), (SOURCE, 0, 0), (SOURCE, -1, 0), (SOURCE, 1.0, 0)],
    "chain": [([1], ()), (([],), ()), (SOURCE, (1,)), (SOURCE, SOURCE * 2)],
    "combinations": [
        ((1, 2), 2, True, (0, 2)),
        ((1, 2), 2, True, (1, 1)),
        ((1, 2), 2, True, (-1, 1)),
        ((1, 2), 2, True, (0,)),
        ((1, 2), 3, False, (0, 1, 2)),
        ((1, 2), 2**62, False, (0, 1)),
        ([1, 2], 1, True, (0,)),
        ((1, 2), 1, True, (0.0,)),
        ((1, 2), -1, True, ()),
    ],
    "combinations_with_replacement": [((), 1, True, (0,)), ((1,), 1, True, (1,))],
    "compress": [(SOURCE, ()), (SOURCE, ("a",)), (SOURCE,), (SOURCE,) * 3],
    "count": [(1, (2,), (1,)), (1, (), ()), (2**70, (), (1,)), ("1", (), (1,))],
    "cycle": [
        (SOURCE, (1,), 1, 0),
        ((), (1,), 1, 0),
        ((), (1,), -1, 0),
        ((), [1], 0, 0),
        ((), (1,), 0, 7),
        ((1,), (1,), 0, 0),
    ],
    "dropwhile": [((bool,), SOURCE, 2), ((), SOURCE, 0), ((bool,), ("a",), 0)],
    "filterfalse": [((), SOURCE), ((bool,), ())],
    "groupby": [
        (SOURCE, (None,), (), (1,), ()),
        (SOURCE, (None,), (), (), (1,)),
        (SOURCE, (), (), (), ()),
        ((), (None,), (), (), ()),
    ],
    "_grouper": [((1,), (1,)), ((), (1,)), ((itertools.groupby(()),), ())],
    "islice": [(SOURCE, 0, 0, 0, 0), (SOURCE, 0, -2, 1, 0), (SOURCE, 0, 0, 1, -1)],
    "pairwise": [((1,), ()), (SOURCE, 1), (SOURCE,)],
    "permutations": [
        ((1, 2), 1, True, (0, 2), (1,)),
        ((1, 2), 1, True, (0, 1), (0,)),
        ((1, 2), 1, True, (0, 1), (3,)),
        ((1, 2), 1, True, (0,), (1,)),
        ((1, 2), 1, True, (0, 1), ()),
        ((1,), 2, True, (0,), (1, 0)),
    ],
    "product": [
        (((),), (0,), True),
        (((1,),), (1,), False),
        (((1,),), (-1,), True),
        (((1,),), (), False),
        (([1],), (0,), False),
        ([(1,)], (0,), False),
        (((1,),), ("0",), False),
    ],
    "repeat": [((1,), -2), ((), 1), ((1,), 2**63), ((1,), None)],
    "starmap": [((), SOURCE), ((max,), (max,))],
    "takewhile": [((bool,), SOURCE, -1), ((bool,), (), 0)],
    "_tee": [
        ((1,), 0),
        ((), 0),
        ((TEE_DATA(iter(()), [], None),), 1),
        ((TEE_DATA(iter(()), [1], None),), -1),
    ],
    "_tee_dataobject": [(SOURCE, (), (1,)), (SOURCE, (1,), ()), ((1,), (), ())],
    "zip_longest": [
        (2, (SOURCE,), (None,)),
        (-1, (SOURCE,), (None,)),
        (1, ((1,),), (None,)),
        (1, (1,), (None,)),
        (1, [SOURCE], (None,)),
        (1, (SOURCE,), ()),
    ],
}


@pytest.mark.parametrize("name", [kind.__name__ for kind in KINDS])
def test_a_wrong_state_is_refused(name: str):
    arguments = (0,) if name == "_tee_dataobject" else ()
    for state in [*HOSTILE[name], None, 1, "ab", [], (None,) * 4, {}]:
        iterator = empty(name, *arguments)
        before = state_of(iterator)
        with pytest.raises(ValueError, match=f"not a state of itertools.{name}"):
            fill(iterator, state)
        again = state_of(iterator)
        assert len(again) == len(before)  # and nothing was touched
        if hasattr(iterator, "__next__"):
            list(itertools.islice(iterator, 3))


def test_only_iterators_of_itertools():
    for name in ("tee", "BuiltinImporter", "__loader__", "", "nothing"):
        with pytest.raises(ValueError, match="itertools has no"):
            empty(name)
    for thing in (1, [], iter([]), zip()):
        with pytest.raises(TypeError, match="cannot pickle"):
            fill(thing, ())
    for count in (-1, 58, 2**40, "1"):
        with pytest.raises(ValueError, match="out of range"):
            empty("_tee_dataobject", count)


@pytest.mark.parametrize(
    "form",
    ["x", "O" * 9, "O!O!O!O!", "v", "v9", "Ov1", "Ov0a", "nnnnn", "a1", "OO", "n!"],
)
def test_a_format_that_does_not_fit(form: str):
    """Words that are no references are never touched."""
    iterator = itertools.repeat("a", 3)
    with pytest.raises(ValueError, match=r"^(a|not|there) "):
        fields_read(iterator, form)
    with pytest.raises(ValueError, match=r"^(a|not|there) "):
        fields_write(iterator, form, (("b",), 1))
    assert list(iterator) == ["a"] * 3


def test_objects_without_a_fixed_size_have_no_fields():
    for thing in ((1,), 1, "a", b"a"):
        with pytest.raises(TypeError, match="no fields"):
            fields_read(thing, "n")


# --- the proof, and references ---


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("accumulate", "I!OOO!"),
        ("accumulate", "OI!O!O"),
        ("chain", "OO"),
        ("combinations", "O!nOni"),
        ("compress", "O!n"),
        ("count", "OnO!"),
        ("dropwhile", "I!O!l"),
        ("filterfalse", "I!O!"),
        ("groupby", "I!O!OOpO"),
        ("islice", "Innn"),
        ("repeat", "nO!"),
        ("repeat", "O!i"),
        ("starmap", "OO"),
        ("_tee", "pO!"),
        ("_tee_dataobject", "I!inOa1"),
        ("zip_longest", "nnO!O!O!"),
    ],
)
def test_another_layout_is_refused(monkeypatch: pytest.MonkeyPatch, name, form):
    kind = getattr(itertools, name)
    layout = itertools_state.LAYOUTS[name]
    right = layout.formats[itertools_state.words(kind)]
    monkeypatch.setattr(itertools_state, "_proved", {})
    changed = layout._replace(formats=dict.fromkeys(layout.formats, form))
    monkeypatch.setitem(itertools_state.LAYOUTS, name, changed)
    if {right, form} in ({"II", "OO"}, {"O!I!", "OO"}):
        itertools_state._layout_of(kind)  # it says less, and nothing that is wrong
        return
    with pytest.raises(TypeError, match=f"cannot pickle 'itertools.{name}'.*unknown"):
        itertools_state._layout_of(kind)


def test_another_size_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(itertools_state, "_proved", {})
    for kind in KINDS:
        name = kind.__name__
        layout = itertools_state.LAYOUTS[name]._replace(formats={99: "O"})
        monkeypatch.setitem(itertools_state.LAYOUTS, name, layout)
        with pytest.raises(TypeError, match="unknown layout"):
            itertools_state._layout_of(kind)


def test_every_type_is_known():
    made = {
        kind for kind in itertools_state.ITERTOOLS if not hasattr(kind, "load_module")
    }
    assert made == set(KINDS)
    for kind in made:
        itertools_state._layout_of(kind)


class Counted:
    """To count what refers to it."""


def later(_, value):
    return value


def everything_with(thing):
    one, two = itertools.tee([thing] * 70)
    list(itertools.islice(one, 60))
    iterators = [
        itertools.accumulate([thing, thing], later),
        itertools.chain([thing], [thing]),
        itertools.combinations([thing] * 3, 2),
        itertools.combinations_with_replacement([thing] * 3, 2),
        itertools.compress([thing, thing], [1, 1]),
        itertools.count(2, 3),
        itertools.cycle([thing, thing]),
        itertools.dropwhile(callable, [thing, thing]),
        itertools.filterfalse(callable, [thing, thing]),
        itertools.groupby([thing, thing]),
        itertools.islice([thing, thing], 2),
        itertools.pairwise([thing] * 3),
        itertools.permutations([thing] * 3),
        itertools.product([thing] * 2, [thing]),
        itertools.repeat(thing, 2),
        itertools.starmap(Counted, [(), ()]),
        itertools.takewhile(id, [thing, thing]),
        itertools.zip_longest([thing], [thing, thing], fillvalue=thing),
    ]
    if hasattr(itertools, "batched"):
        iterators.append(itertools.batched([thing] * 3, 2))
    steps = [next(iterator) for iterator in iterators]
    del steps
    return [*iterators, one, two]


def test_references_stay_flat():
    thing = Counted()
    held = everything_with(thing)
    states = [(item, *itertools_state.reduce_iterator(item)[1:3]) for item in held]

    def round_trip():
        for original, arguments, state in states:
            rebuilt = empty(*arguments)
            fill(rebuilt, state)
            fill(rebuilt, state)
            state_of(rebuilt)
            state_of(original)
            next(rebuilt, None)
        pickling.load(pickling.dump(held).data)

    for _ in range(3):
        round_trip()
    gc.collect()
    references, blocks = sys.getrefcount(thing), sys.getallocatedblocks()
    for _ in range(1000):
        round_trip()
    gc.collect()
    assert sys.getrefcount(thing) == references
    assert sys.getallocatedblocks() - blocks < 500  # less than one in a round trip
