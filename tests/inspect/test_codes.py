"""Code objects read from marshal's bytes are those that marshal makes."""

from __future__ import annotations

import argparse
import asyncio.base_events
import marshal
import tokenize
import typing
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenflow.continuation.code import code_hash, code_identity, digest, identity
from greenflow.errors import BadRecord
from greenflow.inspect.codes import Code
from greenflow.inspect.marshalled import read_code

CONSTANTS = '''
def f(a, /, b=1, *c, d, **e):
    """Docs with ö."""
    x = [1.5, 2j, b"b", 2**70, -(2**70), "", "text" * 20, "\\ud800", ..., None, True]
    w = (1, (2,)), (1, (2,))
    y = a in {1, 2, "s"}, x[1:2], x[None:None:2], -0.0, 1e400
    def g(): return a, (lambda: (b, z))
    z = [q for q in c if q in {"ä", b"o"}]
    return g, x, y, z, e, w
class C:
    t: int = 1
    async def m(self):
        async with self as (p, q):
            yield [r async for r in p]
'''


def all_codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from all_codes(constant)


def assert_same(code: CodeType, found: Code) -> None:
    names = ("co_varnames", "co_freevars", "co_names", "co_code", "co_qualname")
    for name in (*names, "co_firstlineno", "co_filename", "co_exceptiontable"):
        assert getattr(found, name) == getattr(code, name), name
    assert sorted(found.co_cellvars) == sorted(code.co_cellvars)
    assert digest(found) == code_hash(code)
    assert identity(found) == code_identity(code)
    for unit, place in enumerate(code.co_positions()):
        line, end_line, col, end_col = place
        wanted = (line or 0, end_line or line or 0)
        columns = (-1 if col is None else col, -1 if end_col is None else end_col)
        if unit % 7 == 0:
            assert tuple(found.position(unit)) == wanted + columns


def compiled(source: str) -> CodeType:
    return compile(source, "source.py", "exec")


@pytest.mark.parametrize("module", [argparse, asyncio.base_events, tokenize, typing])
def test_modules_of_the_standard_library(module: ModuleType) -> None:
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    for code in all_codes(compiled(source)):
        assert_same(code, read_code(marshal.dumps(code)))


def test_all_kinds_of_constants() -> None:
    for code in all_codes(compiled(CONSTANTS)):
        found = read_code(marshal.dumps(code))
        assert_same(code, found)
        for mine, theirs in zip(found.co_consts, code.co_consts, strict=True):
            assert (
                isinstance(mine, Code) or repr(mine) == repr(theirs) or mine == theirs
            )


@settings(max_examples=300, deadline=None)
@given(changes=st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=5))
def test_damaged_code_is_refused_or_read(changes: list[Any]) -> None:
    data = bytearray(marshal.dumps(compiled(CONSTANTS)))
    for place, value in changes:
        data[place % len(data)] = value
    try:
        found = read_code(bytes(data))
        found.position(3)
        found.last_line()
        digest(found)
    except BadRecord:
        return


@pytest.mark.parametrize(
    "data", [b"", b"N", marshal.dumps((1, 2)), b"r\0\0\0\0", b"\xff"], ids=repr
)
def test_what_is_no_code(data: bytes) -> None:
    with pytest.raises(BadRecord):
        read_code(data)
