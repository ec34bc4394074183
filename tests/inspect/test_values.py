"""Values of stored stacks: text, type, parts; cycles, sizes, secrets."""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest

import greenflow
from greenflow import Continuation, suspend
from greenflow.errors import ContinuationError, NoSuchPart
from greenflow.inspect import Stack, Value
from greenflow.inspect.paths import find
from greenflow.inspect.text import is_secret


class Point(NamedTuple):
    x: int
    y: int


class Colour(enum.Enum):
    RED = "red"


@dataclass
class Order:
    number: int
    lines: list[Any] = field(default_factory=list)
    api_key: str = "k-1"


class Slotted:
    __slots__ = ("left", "right")

    def __init__(self) -> None:
        self.left, self.right = 1, self


def holds(value: Any) -> Any:
    return suspend(), value


def shown(value: Any, **options: Any) -> Value:
    return (
        Stack(Continuation.start(holds, value).dumps(), **options)
        .frames[0]
        .locals["value"]
    )


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, 0, -(2**70), 1.5, float("inf"), 1 + 2j, "it's", b"\0", "\x1b[2J"),
        *([], (), {}, set(), frozenset(), (1,), [1, (2, [3])], {"a": {1: None}}),
        *(frozenset({1}), bytearray(b"x"), range(3), range(0, 9, 2), "ö\u2028"),
        decimal.Decimal("1.50"),
        datetime.datetime(2026, 1, 2, 3, 4, 5),
        datetime.date(2026, 1, 2),
        datetime.time(1, 2),
        collections.deque([1, 2]),
        collections.deque([1], maxlen=3),
    ],
    ids=repr,
)
def test_what_python_would_write(value: Any) -> None:
    assert shown(value).text(1000) == repr(value)


def test_objects_and_their_parts() -> None:
    value = shown(Order(7, [Point(1, 2), Colour.RED]))
    assert value.preview == (
        "Order(number=7, lines=[Point(1, 2), Colour('red')], api_key=********)"
    )
    assert value.type == f"{__name__}:Order"
    number, lines, key = value.children
    assert (number.step, number.literal, lines.step, lines.size) == (
        ".number",
        7,
        ".lines",
        2,
    )
    assert (key.preview, key.literal, list(key.children)) == ("********", None, [])
    assert [part.step for part in lines.children] == ["[0]", "[1]"]


MISSING = object()


def with_its_dictionary() -> Any:
    order = Order(7)
    own = vars(order)
    missing = MISSING
    suspend()
    return order, own, missing


def test_an_object_whose_dictionary_is_in_a_variable() -> None:
    continuation = Continuation.start(with_its_dictionary)
    values = Stack(continuation.dumps()).frames[0].locals
    told = "Order(number=7, lines=[], api_key=********)"
    assert values["order"].preview == told
    assert values["own"].preview.startswith("{'number': 7")
    assert values["missing"].preview == "<object MISSING>"


def test_secrets_are_shown_if_asked_for() -> None:
    order = Order(7, [{"password": "p", "name": "n"}])
    assert "'password': ********, 'name': 'n'" in shown(order).preview
    revealed = shown(order, reveal=True)
    assert "api_key='k-1'" in revealed.preview
    assert "'password': 'p'" in revealed.preview


@pytest.mark.parametrize("name", ["API_URL", "token", "my_key", "Secret", "passwd"])
def test_names_of_secrets(name: str) -> None:
    assert is_secret(name)
    assert not is_secret("amount")


def test_slots_cycles_and_what_is_shared() -> None:
    value = shown(Slotted())
    assert value.preview == "Slotted(left=1, right=Slotted(...))"
    cycle: list[Any] = [1]
    cycle.append(cycle)
    assert shown(cycle).preview == "[1, [...]]"
    table: dict[str, Any] = {}
    table["me"] = table
    assert shown(table).preview == "{'me': {...}}"
    part = [0]
    assert shown([part, part]).preview == "[[0], [0]]"
    for _ in range(60):
        part = [part, part]
    assert len(shown(part).preview) == 200


def test_long_values_are_cut() -> None:
    assert shown("x" * 10**6).preview.endswith("...")
    assert len(shown("x" * 10**6).preview) == 200
    many = shown(list(range(100_000)))
    assert (many.size, len(many.preview)) == (100_000, 200)
    assert shown(1 << 10**6).preview == "<int of 1000001 bits>"
    nested: Any = None
    for number in range(100_000):
        nested = [number, nested]
    assert shown(nested).preview.endswith("...")
    assert shown(nested).preview.startswith("[99999, [99998, ")


def test_ways_to_parts() -> None:
    order = Order(7, [Point(1, 2), {"a": [5], 3: "three"}])
    frames = Stack(Continuation.start(holds, order).dumps()).frames
    for way, text in {
        "value.number": "7",
        "value.lines[1]['a'][0]": "5",
        "value.lines[-1][3]": "'three'",
        " value.lines": "[Point(1, 2), {'a': [5], 3: 'three'}]",
    }.items():
        frame, value = find(frames, way)
        assert (frame.function, value.preview) == ("holds", text)
    for way in (
        "other",
        "value.no",
        "value.lines[9]",
        "value[0]",
        "value.lines.x",
    ):
        with pytest.raises(NoSuchPart, match="HINT"):
            find(frames, way)
    with pytest.raises(NoSuchPart, match="no frame 1"):
        find(frames, "value", 1)
    with pytest.raises(NoSuchPart, match="secret"):
        find(frames, "value.api_key.x")
    for way in ("value()", "value + 1", "value[x]", "1", "", "value.lines[0:1]", "a b"):
        with pytest.raises(ValueError, match="no way to a value"):
            find(frames, way)


def test_a_call_that_has_not_begun_and_a_result() -> None:
    call = Stack(Continuation.new(holds, (3,), {}).dumps())
    assert (call.kind, call.frames, call.trouble) == ("call", [], None)
    assert {name: value.preview for name, value in call.arguments.items()} == {"1": "3"}
    done = Continuation.start(len, "abc")
    stack = Stack(done.dumps())
    assert stack.value is not None
    assert (stack.kind, stack.value.preview) == ("done", "3")


def test_a_page_has_everything_escaped() -> None:
    flow = "<script>alert(1)</script>"
    stack = Stack(Continuation.start(holds, {flow: Order(1, [flow])}).dumps())
    for html in (
        stack._repr_html_(),
        stack.frames[0].locals["value"]._repr_html_(),
    ):
        assert "<script" not in html
        assert "&lt;script&gt;" in html
        assert "********" in html
        assert "k-1" not in html


def test_flows_are_looked_at_and_loaded_only_when_asked(tmp_path: Any) -> None:
    with greenflow.open(tmp_path / "store") as store:
        flow = store.spawn(holds, Order(7))
        assert flow.inspect().kind == "call"
        store.run()
        stack = flow.inspect()
        (frame,) = stack.frames
        assert frame.source.stored
        assert frame.locals["value"].type == f"{__name__}:Order"
        with pytest.raises(ContinuationError, match="load=True"):
            frame.locals["value"].load()
        value = flow.inspect(load=True).frames[0].locals["value"]
        assert value.load() == Order(7)
        assert next(iter(value.children)).load() == 7
        html = flow._repr_html_()
        assert flow.id in html
        assert "holds" in html
        flow.resume()
        store.run()
        assert "<details" not in flow._repr_html_()
        store.close()


def test_the_text_that_is_stored_of_a_payload_has_no_secrets(tmp_path: Any) -> None:
    with greenflow.open(tmp_path / "store") as store:
        flow = store.spawn(suspend_with, {"api_key": "k-1", "n": [{"token": "t-1"}]})
        store.run()
        waiting = flow.record.waiting
        assert waiting is not None
        assert waiting.preview == "{'api_key': ********, 'n': [{'token': ********}]}"
        assert flow.payload["api_key"] == "k-1"
        store.close()


def suspend_with(payload: Any) -> Any:
    return greenflow.suspend(payload)
