"""Each function does what its namesake does: results, errors, order of calls."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenflow import soft
from tests.soft import plans_iterators  # noqa: F401 - it adds its plans
from tests.soft.plans import PLANS
from tests.soft.world import BUILTIN, ORIGINALS, Boom, Drawn, World, outcome

numbers = st.integers(-3, 6)
values = st.lists(numbers, max_size=7) | st.lists(
    numbers | st.sampled_from(["a", "b", 2.5, None, True]), max_size=5
)
draws = st.builds(
    Drawn,
    values=values,
    others=values,
    number=st.integers(0, 6),
    small=st.integers(0, 3),
    flag=st.booleans(),
    fails=st.just({})
    | st.dictionaries(
        st.integers(0, 12),
        st.sampled_from([Boom, StopIteration, TypeError, IndexError]),
        max_size=2,
    ),
)


def ran(name: str, lib: Any, drawn: Drawn) -> tuple[Any, list[Any]]:
    world = World(drawn)
    return outcome(lambda: PLANS[name](lib, world, drawn)), world.events


@pytest.mark.parametrize("name", PLANS)
@settings(max_examples=120, deadline=None)
@given(drawn=draws)
def test_it_is_what_the_original_is(name: str, drawn: Drawn) -> None:
    if name not in ORIGINALS and name.split()[0].split(".")[0] not in ORIGINALS:
        pytest.skip("this Python has no such function")
    assert ran(name, soft, drawn) == ran(name, BUILTIN, drawn)


def test_every_function_has_a_plan() -> None:
    planned = {name.split()[0].split(".")[0] for name in PLANS}
    with_tests_below = {"json_dumps", "json_loads"}
    assert planned | with_tests_below == set(soft.__all__)
    assert not planned & with_tests_below


def compare_maps(other: Any) -> None:
    lib = SimpleNamespace(map=other)

    @settings(max_examples=200, deadline=None, database=None)
    @given(drawn=draws)
    def compare(drawn: Drawn) -> None:
        assert ran("map", lib, drawn) == ran("map", BUILTIN, drawn)

    compare()


def test_a_function_that_does_otherwise_is_seen() -> None:
    """The control: of these four, each differs from map() in one way alone."""

    class Others:
        @staticmethod
        def eager(function: Any, source: Any) -> Any:
            return iter([function(value) for value in source])

        @staticmethod
        def ended(function: Any, source: Any) -> Any:
            return (function(value) for value in source)

        @staticmethod
        def backwards(function: Any, source: Any) -> Any:
            return iter([function(value) for value in list(source)[::-1]][::-1])

    seen = []
    for other in (Others.eager, Others.ended, Others.backwards, map):
        try:
            compare_maps(other)
        except AssertionError:
            seen.append(other.__name__)
    assert seen == ["eager", "ended", "backwards"]


# --- sorting ---


class Loose:
    """Compares as it likes."""

    def __init__(self, number: int, answers: list[bool]) -> None:
        self.number, self.answers = number, answers

    def __lt__(self, other: Loose) -> bool:
        return self.answers.pop() if self.answers else self.number < other.number

    __gt__ = __eq__ = __le__ = __ge__ = None
    __hash__ = object.__hash__


@settings(deadline=None)
@given(st.lists(st.integers(0, 40), max_size=200), st.booleans())
def test_long_lists_are_sorted_stably(numbers: list[int], reverse: bool) -> None:
    pairs = list(enumerate(numbers))
    given_ = soft.sorted(pairs, key=lambda pair: pair[1], reverse=reverse)
    assert given_ == sorted(pairs, key=lambda pair: pair[1], reverse=reverse)
    assert soft.sorted(numbers, reverse=reverse) == sorted(numbers, reverse=reverse)


@settings(deadline=None)
@given(st.lists(st.integers(), max_size=80), st.lists(st.booleans(), max_size=400))
def test_only_less_is_asked_and_any_answer_will_do(
    numbers: list[int], answers: list[bool]
) -> None:
    items = [Loose(number, answers) for number in numbers]
    given_ = soft.sorted(items)
    assert sorted(map(id, given_)) == sorted(map(id, items))


@given(st.lists(st.integers(), max_size=40), st.booleans())
def test_heaps_hold_every_item_whatever_is_compared(
    numbers: list[int], raises: bool
) -> None:
    answers = [bool(number % 2) for number in numbers]
    items = [Loose(number, answers) for number in numbers]
    heap = list(items)
    soft.heapify(heap)
    assert sorted(map(id, heap)) == sorted(map(id, items))


def test_a_list_that_could_not_be_sorted_is_as_it_was() -> None:
    values = [3, 1, "a", 2]
    with pytest.raises(TypeError):
        soft.list_sort(values)
    assert values == [3, 1, "a", 2]


@pytest.mark.parametrize("reverse", ["yes", None, 1.5, 1, []])
def test_what_is_no_truth_is_refused_for_reverse(reverse: Any) -> None:
    def sort(lib: Any) -> Any:
        return outcome(lambda: lib.sorted([1, 2], reverse=reverse))

    assert sort(soft) == sort(BUILTIN)


# --- json ---

documents = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=2) | numbers, inner, max_size=3)
    ),
    max_leaves=12,
)


def loaded(lib: Any, text: Any, **options: Any) -> Any:
    events: list[Any] = []

    def hook(kind: str) -> Any:
        return lambda value: (events.append((kind, repr(value))), (kind, value))[1]

    hooks = {name: hook(name) for name, wanted in options.items() if wanted}
    return outcome(lambda: lib.json_loads(text, **hooks)), events


@settings(deadline=None)
@given(document=documents, data=st.data())
def test_json_is_loaded_as_by_the_original(document: Any, data: st.DataObject) -> None:
    text = json.dumps(document)
    cut = data.draw(st.integers(0, len(text)))
    hooks = ("object_hook", "object_pairs_hook", "parse_float", "parse_int")
    wanted = {name: data.draw(st.booleans()) for name in (*hooks, "parse_constant")}
    for given_ in (text, text[:cut], text[:cut] + "," + text[cut:], text.encode()):
        assert loaded(soft, given_, **wanted) == loaded(BUILTIN, given_, **wanted)


class Decoder(json.JSONDecoder):
    """A decoder of the users'."""

    def __init__(self, **options: Any) -> None:
        super().__init__(object_hook=lambda held: sorted(held), **options)


@pytest.mark.parametrize("text", [5, "\ufeff1", b"\xff", "", "[1", '{"a": [{}]}'])
def test_json_from_odd_things(text: Any) -> None:
    for options in ({}, {"cls": Decoder}, {"strict": False}):
        given_ = outcome(lambda o=options: soft.json_loads(text, **o))
        assert given_ == outcome(lambda o=options: json.loads(text, **o))


class Other:
    def __repr__(self) -> str:
        return "Other()"


class Encoder(json.JSONEncoder):
    """An encoder of the users'."""

    def default(self, held: Any) -> Any:
        return {"other": repr(held)} if isinstance(held, Other) else 1 / 0


class Written(json.JSONEncoder):
    """One that does all by itself."""

    def iterencode(self, held: Any, _one_shot: bool = False) -> Any:
        yield "written"


@settings(deadline=None)
@given(
    document=documents,
    indent=st.sampled_from([None, 0, 2, "-"]),
    flags=st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_json_is_written_as_by_the_original(
    document: Any, indent: Any, flags: list[bool]
) -> None:
    names = ("sort_keys", "ensure_ascii", "skipkeys", "allow_nan")
    options = dict(zip(names, flags, strict=True), indent=indent)
    for held in (document, [Other(), document, {"a": Other()}], {(1, 2): document}):
        events: list[list[Any]] = []

        def written(lib: Any, held: Any = held, events: Any = events) -> Any:
            told: list[Any] = []
            events.append(told)

            def default(other: Any) -> Any:
                told.append(repr(other))
                return {"other": [1]}

            return outcome(lambda: lib.json_dumps(held, default=default, **options))

        assert written(soft) == written(BUILTIN)
        assert events[0] == events[1]


def test_json_of_odd_things() -> None:
    circular: list[Any] = []
    circular.append({"in": circular})
    for held in (circular, Other(), [Other()], "text", {1: Other()}, float("nan")):
        for options in ({}, {"cls": Encoder}, {"cls": Written}, {"allow_nan": False}):
            given_ = outcome(lambda h=held, o=options: soft.json_dumps(h, **o))
            assert given_ == outcome(lambda h=held, o=options: json.dumps(h, **o))
