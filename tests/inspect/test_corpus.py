"""Every stop of every feature: what is seen without loading is what is loaded."""

from __future__ import annotations

import types
from typing import Any

import pytest

from greenflow import Continuation
from greenflow.inspect import Frame, Stack
from tests.core import driving
from tests.core.features import Run, ended, load

FEATURES = load()
CHARS_MAX = 100_000
STOPS_MAX = 4
LEVELS_MAX = 20
PLAIN = (type(None), bool, int, float, complex, str, bytes, bytearray, range)
HOLDING = (list, tuple, set, frozenset)
NAMED = (types.FunctionType, types.GeneratorType, types.CellType)


def is_plain(value: Any, level: int = 0) -> bool:
    """Whether its repr() is made of that of builtin types alone, and is short."""
    if level > LEVELS_MAX:
        return False
    if type(value) is dict:
        value = [part for pair in value.items() for part in pair]
    if type(value) in HOLDING:
        return len(value) < 100 and all(is_plain(part, level + 1) for part in value)
    return type(value) in PLAIN and len(str(value)) < 1000


def assert_variable(shown: Any, value: Any) -> None:
    if type(value) is types.CellType:
        try:
            value = value.cell_contents
        except ValueError:
            assert not shown.bound
            return
    assert_shown(shown, value)


def assert_shown(shown: Any, value: Any) -> None:
    if not is_plain(value):
        assert shown.text()
        kind = type(value)
        if kind.__module__.startswith("tests.") and "__reduce__" not in vars(kind):
            assert shown.type == f"{kind.__module__}:{kind.__qualname__}"
        elif type(value) in NAMED:
            assert shown.type == kind.__name__
        return
    text = shown.text(CHARS_MAX)
    assert shown.type == type(value).__name__
    if text != repr(value):  # in what order a set is shown is not said
        assert eval(text) == value


def assert_positions(frame: Frame, function: Any, offset: int) -> None:
    found = list(function.__code__.co_positions())[offset // 2]
    line, end_line, col, end_col = found
    assert frame.line == line
    assert tuple(frame.positions) == (line, end_line, col, end_col)
    assert frame.function == function.__qualname__


def is_users(function: Any) -> bool:
    """Whether it is none of those that stand in for C code."""
    return bool(function.__code__.co_filename != "<greenflow>")


def assert_same(data: bytes) -> None:
    stack = Stack(data, reveal=True)
    assert stack.trouble is None
    loaded = Continuation.loads(data)
    frames = [each for each in loaded._records.frames if is_users(each[0])]
    assert len(stack.frames) == len(frames)
    numbers = range(len(frames))
    for number in [*numbers[:20], *numbers[20:][-20:]]:
        frame, (function, offset, _, pairs) = stack.frames[number], frames[number]
        assert_positions(frame, function, offset)
        variables = frame.locals
        given = {name: value for name, value in pairs if type(name) is str}
        assert set(given) <= set(variables)
        for name, shown in variables.items():
            if name in given:
                assert_variable(shown, given[name])
            else:
                assert not shown.bound
        operands = [value for name, value in pairs if type(name) is int]
        assert len(operands) == len(frame.operands)
        for shown, value in zip(frame.operands, operands, strict=True):
            assert_shown(shown, value)
        for inner in frame.generators.values():
            assert inner.line > 0
            assert inner.function
    loaded.dumps()  # its generators live on elsewhere


@pytest.mark.parametrize("name", FEATURES)
def test_what_is_shown_is_what_is_loaded(name: str) -> None:
    item = FEATURES[name]
    seen: list[bytes] = []
    run, k = Run(), None
    with driving.room_for(item):
        try:
            while k is None or not k.done:
                k = driving.advance(item, run, k, len(run.asks))
                if not k.done and len(run.asks) <= STOPS_MAX:
                    data = k.dumps()
                    seen.append(data)
                    k = Continuation.loads(data)
        except Exception as error:
            run.end = ended(error)
        for data in seen:
            assert_same(data)
    assert seen or not item.sends
