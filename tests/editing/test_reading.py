"""What editing reads from code, on all code of some modules of the standard library."""

from __future__ import annotations

import ast
import dis
import importlib
import inspect
import sys
from collections.abc import Iterator
from types import CodeType
from typing import Any

import pytest

from greenflow import Continuation
from greenflow.continuation.editing.flowgraph import graph_of, touched
from greenflow.continuation.editing.keeping import HANDLED, kept_at
from greenflow.continuation.editing.liveness import needed_at
from greenflow.continuation.editing.parts import (
    put_together,
    take_apart,
    variable_names,
)
from tests.editing import target_stacks as t

MODULES = (
    *("argparse", "ast", "asyncio.tasks", "contextlib", "dataclasses", "difflib"),
    *("enum", "inspect", "ipaddress", "logging", "pickle", "statistics"),
    *("tarfile", "threading", "typing", "unittest.mock", "zipfile"),
)
#: They touch more than is there, so that nothing can be told of them.
TOO_MUCH = 1 << 20


def codes(name: str) -> Iterator[CodeType]:
    source = inspect.getsource(importlib.import_module(name))
    todo = [compile(ast.parse(source), name, "exec", dont_inherit=True)]
    while todo:
        code = todo.pop()
        todo += [each for each in code.co_consts if isinstance(each, CodeType)]
        if code.co_flags & inspect.CO_OPTIMIZED:
            yield code


def slot_name(code: CodeType, number: int) -> str:
    known: Any = code
    name: str = known._varname_from_oparg(number)
    return name


def argument_count(code: CodeType) -> int:
    more = (inspect.CO_VARARGS, inspect.CO_VARKEYWORDS)
    stars = sum(bool(code.co_flags & each) for each in more)
    return code.co_argcount + code.co_kwonlyargcount + stars


@pytest.mark.parametrize("name", MODULES)
def test_all_instructions_of_a_module_are_understood(name: str):
    seen = 0
    for code in codes(name):
        names = variable_names(code)
        assert list(names) == [slot_name(code, at) for at in range(len(names))]
        graph = graph_of(code)
        for instruction in graph.instructions.values():
            seen += 1
            assert touched(instruction.name, instruction.arg) < TOO_MUCH
            for following in instruction.following:
                assert following in graph.instructions
        cells = {names.index(each) for each in (*code.co_cellvars, *code.co_freevars)}
        given = cells | set(range(argument_count(code)))
        assert needed_at(code, graph.begin) <= given
    assert seen > 1000


@pytest.mark.parametrize("name", MODULES)
def test_what_is_kept_lies_on_the_stack_and_is_taken_off_again(name: str):
    handlers = 0
    for code in codes(name):
        graph = graph_of(code)
        for unit, instruction in graph.instructions.items():
            kept = kept_at(code, unit)
            assert all(place < graph.depths[unit] for place in kept)
            if instruction.name == "POP_EXCEPT":
                handlers += 1
                top = graph.depths[unit] - 1
                assert kept.get(top, HANDLED) == HANDLED
                assert HANDLED in kept.values() or _is_copy(graph, unit)
            if instruction.name.startswith("RETURN_"):
                assert HANDLED not in kept.values()
    assert handlers or name == "statistics"


def _is_copy(graph: Any, unit: int) -> bool:
    """Whether it takes off a copy that it made itself: COPY 3, POP_EXCEPT, RERAISE."""
    before = [each for each in graph.instructions if each < unit]
    return graph.instructions[max(before)].name == "COPY"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="comprehensions have frames")
def test_what_a_comprehension_keeps_is_put_back_by_the_code_itself():
    code = t.comprehension.__code__
    graph, stores = graph_of(code), 0
    for unit, instruction in graph.instructions.items():
        if instruction.name == "STORE_FAST_MAYBE_NULL" or (
            instruction.name == "STORE_FAST"
            and kept_at(code, unit).get(graph.depths[unit] - 1) is not None
        ):
            stores += 1
            kept_for = kept_at(code, unit)[graph.depths[unit] - 1]
            assert kept_for == instruction.arg
    assert stores


@pytest.mark.parametrize(
    "start",
    [
        lambda: Continuation.start(t.shop, 1),
        lambda: Continuation.start(t.driven, "iterating"),
        lambda: Continuation.start(t.in_handlers),
        lambda: Continuation.start(t.sharing),
        lambda: Continuation.start(t.through_c),
        lambda: Continuation.start(t.comprehension, 1).resume(1),
    ],
    ids=["shop", "iterating", "handlers", "sharing", "through_c", "comprehension"],
)
def test_a_stack_that_is_taken_apart_is_put_together_again(start: Any):
    k = start()
    records = k.held_records()
    assert records is not None
    whole = records.parts()
    again = put_together(take_apart(*whole))
    assert again[:2] == whole[:2]
    assert [id(value) for value in again[2]] == [id(value) for value in whole[2]]


def test_every_instruction_of_this_python_is_in_a_list():
    pseudo = {"EXIT_INIT_CHECK", "INTERPRETER_EXIT", "RESERVED", "ENTER_EXECUTOR"}
    unknown = set()
    for name, number in dis.opmap.items():
        if number > 255 or name.startswith("INSTRUMENTED_") or name in pseudo:
            continue
        if touched(name, 2) >= TOO_MUCH:
            unknown.add(name)
    assert unknown <= {"ANNOTATIONS_PLACEHOLDER", "TRACE_RECORD"}
