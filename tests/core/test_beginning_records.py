"""Records of a frame that begins an instruction: what cannot be is refused."""

from __future__ import annotations

import dis
import struct
import sys
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

import pytest

from greenflow import Continuation, suspend
from greenflow.continuation import frames
from greenflow.continuation.frames import Records
from tests.core import stepping
from tests.core.features import FEATURES, load
from tests.core.records_edited import MISSING

AT = 7
HEAD_BYTES, FRAME_BYTES = 6, 12
FIELDS = struct.Struct("<IIHBB")


def slots_of(code: CodeType) -> int:
    cells = [name for name in code.co_cellvars if name not in code.co_varnames]
    return code.co_nlocals + len(cells) + len(code.co_freevars)


class Parts:
    """The last frame of records, taken apart so that it can be another one."""

    def __init__(self, records: Records) -> None:
        self.functions, shape, values = records.parts()
        (self.count,) = struct.unpack_from("<I", shape)
        at, taken = HEAD_BYTES, shape[4].bit_count()
        for number in range(self.count):
            fields = FIELDS.unpack_from(shape, at)
            function, self.unit, self.depth, self.delivery, self.flags = fields
            self.code = self.functions[function].__code__
            slots = slots_of(self.code) + self.depth
            bits = int.from_bytes(
                shape[at + FRAME_BYTES : at + FRAME_BYTES + (slots + 7) // 8], "little"
            )
            taken += self.flags.bit_count()
            if number < self.count - 1:
                taken += bits.bit_count()
                at += FRAME_BYTES + (slots + 7) // 8
        self.function = function
        self.before, self.kept = shape[:at], values[:taken]
        rest = iter(values[taken:])
        self.slots = [next(rest) if bits >> i & 1 else MISSING for i in range(slots)]

    def made(self, unit: int, depth: int, delivery: int = AT) -> Records:
        """Return records whose last frame is at that unit, with so many values."""
        number = slots_of(self.code)
        # As a handler finds it: a place, and above it what was raised there.
        filled = [(1, KeyError())[i % 2] for i in range(depth)]
        stack = [*self.slots[number:], *filled][:depth]
        slots = self.slots[:number] + stack
        bits = sum(1 << i for i, value in enumerate(slots) if value is not MISSING)
        shape = FIELDS.pack(self.function, unit, depth, delivery, self.flags)
        mask = bits.to_bytes((len(slots) + 7) // 8, "little")
        values = (*self.kept, *(value for value in slots if value is not MISSING))
        return frames.records(self.functions, self.before + shape + mask, values)


def plain(first, second=2):
    got = suspend(first)
    return got, second


def with_cells(first):
    got = suspend(first)
    return lambda: (got, first)


def free(first):
    def inner():
        return suspend(first), first

    return inner()


def generator(first):
    got = suspend(first)
    yield got, first


def uses_a_generator():
    return [value for value in generator(1)]  # noqa: C416


def keywords(first):
    got = suspend(first)
    return dict(first=got, second=suspend(got))  # noqa: C408


#: So many names that arguments need a prefix.
LONG = compile(
    "def long(first):\n    got = suspend(first)\n"
    + "".join(f"    v{i} = {i}\n" for i in range(300))
    + "    return got, v299, v298\n",
    __file__,
    "exec",
)
exec(LONG)
STARTS: dict[str, Callable[[], Continuation]] = {
    "plain": lambda: Continuation.start(plain, 1),
    "with_cells": lambda: Continuation.start(with_cells, 1),
    "free": lambda: Continuation.start(free, 1),
    "generator": lambda: Continuation.start(uses_a_generator),
    "keywords": lambda: Continuation.start(keywords, 1),
    "long": lambda: Continuation.start(globals()["long"], 1),
}


def units(code: CodeType) -> Iterator[tuple[int, str, bool]]:
    """Return each code unit, its instruction, whether one begins there."""
    names = {at.offset // 2: at.opname for at in dis.get_instructions(code)}
    for unit in range(len(code.co_code) // 2):
        yield unit, names.get(unit, "CACHE"), unit in names


def expected(code: CodeType) -> set[int]:
    """Return the units at which a frame can begin."""
    depths = frames_depths(code)
    found, begun, prepared = set(), False, False
    for unit, name, begins in units(code):
        if not begins or name in {"EXTENDED_ARG", "CACHE"}:
            continue
        begun |= name == "RESUME"
        if begun and not prepared and depths[unit] >= 0:
            found.add(unit)
        prepared = name in {"KW_NAMES", "PRECALL"}
    return found


def frames_depths(code: CodeType) -> list[int]:
    from greenflow import _frames

    return _frames.stack_depths(code)


@pytest.mark.parametrize("name", STARTS)
def test_only_where_an_instruction_begins(name: str) -> None:
    parts = Parts(STARTS[name]()._records)
    depths, allowed = frames_depths(parts.code), expected(parts.code)
    seen = {"refused": 0, "made": 0}
    for unit, _, _ in units(parts.code):
        depth = max(depths[unit], 0)
        if unit in allowed:
            parts.made(unit, depth)
            seen["made"] += 1
            continue
        with pytest.raises(ValueError, match="not a valid stack"):
            parts.made(unit, depth)
        seen["refused"] += 1
    assert min(seen.values()) > 1
    names = {text for _, text, _ in units(parts.code)}
    if name == "long":
        assert "EXTENDED_ARG" in names
    if name == "keywords" and sys.version_info < (3, 13):
        assert "KW_NAMES" in names
    if name == "with_cells":
        assert "MAKE_CELL" in names
    if name == "free":
        assert "COPY_FREE_VARS" in names
    if name == "generator":
        assert "RETURN_GENERATOR" in names
        assert min(allowed) > 0


@pytest.mark.parametrize("name", STARTS)
def test_only_with_the_depth_that_the_code_has_there(name: str) -> None:
    parts = Parts(STARTS[name]()._records)
    depths = frames_depths(parts.code)
    for unit in expected(parts.code):
        for wrong in {0, 1, 2, 7, 4_000} - {depths[unit]}:
            with pytest.raises(ValueError, match="not a valid stack"):
                parts.made(unit, wrong)


@pytest.mark.parametrize("unit", [-1, 100_000, 2**31, 2**32 - 1])
def test_outside_of_the_code(unit: int) -> None:
    parts = Parts(STARTS["plain"]()._records)
    with pytest.raises(ValueError, match="not a valid stack"):
        parts.made(unit % 2**32, 0)


def test_only_the_innermost_frame_begins() -> None:
    k = Continuation.start(uses_a_generator)
    functions, shape, values = k._records.parts()
    changed = bytearray(shape)
    assert k._records.depth >= 2
    changed[HEAD_BYTES + 10] = AT
    with pytest.raises(ValueError, match="with others inside it"):
        frames.records(functions, bytes(changed), values)


def test_a_delivery_that_there_is_not() -> None:
    parts = Parts(STARTS["plain"]()._records)
    for delivery in (8, 9, 255):
        with pytest.raises(ValueError, match="unknown delivery"):
            parts.made(parts.unit, parts.depth, delivery)


def test_a_generator_that_waits_by_itself_does_not_begin() -> None:
    walker = (value for value in [1, 2])
    next(walker)
    kind, function, shape, values, name, qualname = frames.generator_state(walker)
    shell = frames.generator_shell(kind, function, name, qualname)
    changed = bytearray(shape)
    changed[HEAD_BYTES + 10] = AT
    with pytest.raises(ValueError, match="not a valid stack"):
        frames.generator_fill(shell, bytes(changed), values)
    frames.generator_fill(shell, shape, values)
    assert list(shell) == [2]


LINES = [name for name in load() if name.startswith("lines.")]


@pytest.mark.parametrize("name", LINES)
def test_a_saved_line_is_what_its_parts_make(name: str) -> None:
    """The control: what a line is saved as, is made and accepted here too."""
    _, recorder = stepping.record(FEATURES[name])
    assert recorder.saved
    for _, data, _ in recorder.saved:
        records: Any = Continuation.loads(data)._records
        parts = Parts(records)
        assert parts.delivery == AT
        assert parts.unit in expected(parts.code)
        assert parts.made(parts.unit, parts.depth).depth == records.depth
