"""Mutated states: shown or refused, whatever they say; nothing is imported or run."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from itertools import islice
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenflow import Continuation, suspend
from greenflow.continuation.head import encode_head, pack, read_head, unpack
from greenflow.errors import BadRecord
from greenflow.inspect import Stack, Value
from tests.core import driving
from tests.core.features import Run, load

EXAMPLES = int(os.environ.get("GREENFLOW_EXAMPLES", "150"))
FORBIDDEN = (
    *("import", "exec", "compile", "marshal", "pickle.find_class", "os.", "subprocess"),
    *("code.__new__", "function.__new__", "ctypes", "socket", "shutil", "cpython.run"),
)
NAMES = [
    "closures.counter",
    "generators.delegation",
    "exceptions.raised_in_a_handler",
    "classes.local_class",
    "comprehensions.closures_over_the_variable",
    "managers.inside_a_contextmanager",
]

events: list[tuple[str, Any]] = []
watching = False


def watch(event: str, arguments: Any) -> None:
    if watching and (event.startswith(FORBIDDEN) or event == "open"):
        events.append((event, arguments))


def state_of(name: str) -> bytes:
    item = FEATURES[name]
    run = Run()
    with driving.room_for(item):
        return driving.advance(item, run, None, 0).dumps()


def everyday(order: dict[str, Any]) -> Any:
    lines = [(1, "a", 2.5), {"k": {1, 2}, b"b": frozenset("x")}, bytearray(b"z")]
    pending = (n * n for n in range(5))
    next(pending)

    def inside(x: int) -> Any:
        api_key = "secret"
        try:
            raise ValueError("v")
        except ValueError as error:
            return suspend(order), x, error, api_key, len(lines)

    return inside(len(lines)), pending


FEATURES = load()
sys.addaudithook(watch)


@pytest.fixture(scope="module")
def states() -> list[bytes]:
    known = [name for name in NAMES if name in FEATURES]
    found = [Continuation.start(everyday, {"id": 7}).dumps()]
    found += [state_of(name) for name in known or list(FEATURES)[:6]]
    return found


def look(value: Value, level: int = 0) -> None:
    assert len(value.preview) <= 200
    assert isinstance(value.type, str)
    assert value.size is None or value.size >= 0
    if level < 3:
        for part in islice(value.children, 20):
            look(part, level + 1)


def look_at_everything(data: bytes) -> None:
    stack = Stack(data)
    assert stack._repr_html_() or not stack.frames
    assert all(isinstance(name, str) for name in stack.calls)
    for value in [*stack.arguments.values(), stack.value]:
        if value is not None:
            look(value)
    for frame in stack.frames[:20]:
        assert frame.source.lines is not None
        if stack.trouble is not None:
            continue
        handled = frame.exception
        for held in [*frame.locals.values(), *frame.operands, handled]:
            if held is not None:
                look(held)
        for inner in frame.generators.values():
            for held in inner.locals.values():
                look(held)


def mutated(data: bytes, changes: list[tuple[int, int, int]]) -> bytes:
    found = bytearray(data)
    for kind, place, value in changes:
        at = place % (len(found) + 1)
        if kind == 0 and at < len(found):
            found[at] = value
        elif kind == 1:
            found[at:at] = bytes([value])
        elif kind == 2:
            del found[at : at + value % 8 + 1]
        else:
            begin = value * 7 % (len(found) + 1)
            found[at:at] = found[begin : begin + 20]
    return bytes(found)


CHANGES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 5000), st.integers(0, 255)),
    min_size=1,
    max_size=6,
)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(number=st.integers(0, 20), changes=CHANGES, in_shape=st.booleans())
def test_mutated_states(
    states: list[bytes], number: int, changes: list[Any], in_shape: bool
) -> None:
    data = states[number % len(states)]
    head, body = unpack(data)
    if in_shape:
        known = read_head(data)
        shape = mutated(known.shape, changes)
        head = encode_head(type(known)(**{**fields(known), "shape": shape}))
    else:
        body = mutated(body, changes)
    assert_harmless(pack(head, body))


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(states: list[bytes], data: bytes) -> None:
    head, _ = unpack(states[0])
    assert_harmless(pack(head, b"\x80\x05" + data))


def test_the_states_themselves(states: list[bytes]) -> None:
    for data in states:
        assert Stack(data).trouble is None
        assert_harmless(data)


def fields(head: Any) -> dict[str, Any]:
    return {name: getattr(head, name) for name in head.__struct_fields__}


def assert_harmless(data: bytes) -> None:
    global watching
    look_at_everything_once()
    before = set(sys.modules)
    watching = True
    try:
        with suppress(BadRecord):
            look_at_everything(data)
    finally:
        watching = False
    # Source lines are read from files, which is all that is opened.
    found = [event for event in events if not is_source(*event)]
    events.clear()
    assert found == []
    assert set(sys.modules) == before


def is_source(event: str, arguments: Any) -> bool:
    if event in {"os.listdir", "os.scandir"}:
        return False
    return event == "open" and arguments[1] in ("r", "rb") and "w" not in arguments[1]


warm: list[bool] = []


def look_at_everything_once() -> None:
    """What looking needs itself is imported before anybody watches."""
    if not warm:
        warm.append(True)
        look_at_everything(Continuation.start(everyday, {"id": 1}).dumps())
