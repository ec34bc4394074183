"""The computed depths of the value stack, against the interpreter's own."""

from __future__ import annotations

import ast
import asyncio
import collections
import dis
import inspect
import json
import sys
import textwrap
from types import CodeType, FunctionType
from typing import Self

import pytest

from greenflow import _frames
from tests.core import driving
from tests.core.features import load, run_plainly

FEATURES = load()
CACHE, UNREACHED = -2, -1
TELLS_AT_LINES = sys.version_info >= (3, 12)


class Oracle:
    """A tracer that compares wherever the interpreter tells the depth."""

    def __init__(self) -> None:
        self.depths: dict[int, tuple[CodeType, list[int]]] = {}
        self.opcodes: set[str] = set()
        self.compared = 0
        self.told_at_opcodes = False
        self.wrong: dict[tuple[str, int], tuple[str, int, int]] = {}

    def __enter__(self) -> Self:
        self.before = sys.gettrace()
        sys.settrace(self.trace)
        return self

    def __exit__(self, *details: object) -> None:
        sys.settrace(self.before)

    def trace(self, frame, event, argument):
        # Where the interpreter does not save the depth it tells -1 (3.12, 3.13: at
        # opcodes), or what it was at the call before (3.11: at lines).
        frame.f_trace_opcodes = True
        if event == "opcode" or (event == "line" and TELLS_AT_LINES):
            self.compare(frame, event)
        return self.trace

    def compare(self, frame, event) -> None:
        real = _frames.stack_depth_of(frame)
        if real < 0:
            return
        self.told_at_opcodes |= event == "opcode"
        code, unit = frame.f_code, frame.f_lasti // 2
        known = self.depths.get(id(code))
        if known is None:
            known = self.depths[id(code)] = code, _frames.stack_depths(code)
        computed = known[1][unit]
        self.compared += 1
        self.opcodes.add(dis.opname[code.co_code[2 * unit]])
        if computed != real:
            name = dis.opname[code.co_code[2 * unit]]
            self.wrong[code.co_qualname, unit] = name, computed, real


class Example:
    """Something for the standard library to chew on."""

    def method(self, a, *rest, b: int = 1, **named) -> list[int]:
        return [x for x in (a, *rest) if x and b and named]


async def gathered():
    async def one(n):
        await asyncio.sleep(0)
        async with asyncio.Lock():
            return n

    async def numbers():
        for n in range(3):
            yield await one(n)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(n)) for n in range(3)]
    return [task.result() for task in tasks], [n async for n in numbers()]


def library():
    """Run much Python code of the standard library."""
    source = inspect.getsource(textwrap) + inspect.getsource(Example)
    tree = ast.parse(source)
    text = ast.unparse(tree)
    assert ast.dump(ast.parse(text)) == ast.dump(tree)
    data = {"a": [1, 2.5, None, True, "ü"], "b": {"c": ()}}
    assert json.JSONEncoder(indent=1).encode(data) == json.dumps(data, indent=1)
    json.decoder.JSONDecoder(object_pairs_hook=list).decode(json.dumps(data))
    assert asyncio.run(gathered()) == ([0, 1, 2], [0, 1, 2])
    inspect.signature(Example.method).bind(None, 1, 2, b=3, c=4)
    kinds = collections.Counter(i.opname for i in dis.get_instructions(ast.unparse))
    assert kinds
    return textwrap.fill(source, 60)


def test_no_event_differs():
    with Oracle() as oracle:
        library()
        for item in FEATURES.values():
            if item.frames <= 1_000:
                with driving.room_for(item):
                    run_plainly(item)
    assert oracle.wrong == {}
    assert oracle.compared > 20_000
    assert len(oracle.opcodes) > (60 if oracle.told_at_opcodes else 25)


def codes_of(value, seen):
    if isinstance(value, FunctionType):
        value = value.__code__
    if isinstance(value, CodeType) and value not in seen:
        seen.add(value)
        for constant in value.co_consts:
            codes_of(constant, seen)


def imported_codes():
    seen: set[CodeType] = set()
    for module in list(sys.modules.values()):
        for value in list(getattr(module, "__dict__", {}).values()):
            codes_of(value, seen)
            if isinstance(value, type):
                for member in list(vars(value).values()):
                    codes_of(member, seen)
    return seen


@pytest.fixture(scope="module")
def codes():
    return imported_codes()


def test_every_code_object_can_be_computed(codes):
    assert len(codes) > 2_000
    for code in codes:
        depths = _frames.stack_depths(code)
        assert len(depths) == len(code.co_code) // 2, code
        assert max(depths) <= code.co_stacksize, code
        assert min(depths) >= CACHE, code
        assert depths[0] == 0, code


def cache_units(code: CodeType):
    for shown in dis.get_instructions(code, show_caches=True):
        unit = shown.offset // 2
        if shown.opname == "CACHE":
            yield unit
        # from 3.13 on they are told with their instruction
        words = sum(size for _, size, _ in getattr(shown, "cache_info", None) or ())
        yield from range(unit + 1, unit + 1 + words)


def test_caches_are_where_the_disassembler_sees_them(codes):
    for code in list(codes)[:500]:
        depths = _frames.stack_depths(code)
        caches = set(cache_units(code))
        found = {unit for unit, depth in enumerate(depths) if depth == CACHE}
        assert found == caches, code


def test_only_code_objects_are_taken():
    for wrong in (None, run_plainly, "code"):
        with pytest.raises(TypeError):
            _frames.stack_depths(wrong)
