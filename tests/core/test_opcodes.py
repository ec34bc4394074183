"""The lists of instructions, against the interpreter's own."""

from __future__ import annotations

import opcode

import pytest

from greenflow import Continuation, _frames
from greenflow.errors import NotSuspendable
from tests.core.features import run_plainly

#: These never stand in co_code, or only in code that the interpreter itself runs: they
#: are left out on purpose, and code that has one is refused.
NEVER = {
    "CACHE",
    "RESERVED",
    "DO_TRACING",
    "ENTER_EXECUTOR",
    "EXIT_INIT_CHECK",
    "INTERPRETER_EXIT",
    "TRACE_RECORD",
}
#: They have an argument that looks like a jump's and go on behind themselves.
NO_JUMPS = {"END_ASYNC_FOR"}
ENDING = {
    "RETURN_VALUE",
    "RETURN_CONST",
    "RAISE_VARARGS",
    "RERAISE",
    "JUMP_FORWARD",
    "JUMP_BACKWARD",
    "JUMP_BACKWARD_NO_INTERRUPT",
}
OWN_KINDS = {"yield", "start", "prefix", "precall"}
WAITING_KINDS = {
    "call",
    "call_kw",
    "call_ex",
    "for_iter",
    "send",
    "enter",
    "exit",
    "subscript",
    "attribute",
    "method",
    "one",
    "two",
    "compare",
    "format",
    "slice",
    "super",
    "or_pop",
    "raise",
    "three",
}


def specialised() -> set[str]:
    found = getattr(opcode, "_specialized_opmap", None)
    return set(found or opcode._specialized_instructions)


def base_instructions() -> dict[str, int]:
    """What co_code may hold."""
    return {
        name: number
        for name, number in opcode.opmap.items()
        if number < 256
        and name not in specialised()
        and not name.startswith("INSTRUMENTED_")
    }


def caches_of(name: str, number: int) -> int:
    entries = opcode._inline_cache_entries
    return entries[number] if isinstance(entries, list) else entries.get(name, 0)


LISTED = _frames.opcodes()
BASE = base_instructions()


def test_each_instruction_is_listed_or_left_out_on_purpose():
    assert {name for name, number in BASE.items() if number not in LISTED} <= NEVER
    assert len(BASE) > 100


def test_nothing_is_listed_that_the_interpreter_does_not_know():
    assert set(LISTED) <= set(BASE.values())
    assert not {BASE[name] for name in NEVER & set(BASE)} & set(LISTED)


def test_kinds():
    assert {kind for kind, *_ in LISTED.values()} <= {
        "inert",
        "opaque",
        *WAITING_KINDS,
        *OWN_KINDS,
    }


@pytest.mark.parametrize("name", sorted(set(BASE) - NEVER))
def test_facts(name):
    number = BASE[name]
    _, caches, jump, ends = LISTED[number]
    assert caches == caches_of(name, number)
    jumps = number in opcode.hasjrel and name not in NO_JUMPS
    assert jump == (0 if not jumps else -1 if "BACKWARD" in name else 1)
    assert ends == (name in ENDING)


@pytest.mark.parametrize("name", sorted(NEVER & set(BASE)))
def test_code_with_another_one_is_refused(name):
    code = run_plainly.__code__
    assert Continuation  # it connects the core with its words
    if name in {"ENTER_EXECUTOR", "DO_TRACING", "TRACE_RECORD"}:
        pytest.skip("code.replace() itself would follow it")
    other = code.replace(co_code=bytes([BASE[name], 0]) + code.co_code[2:])
    with pytest.raises(NotSuspendable, match="an instruction that greenflow does not"):
        _frames.stack_depths(other)
