"""What is asked of a slot is what the instruction that fills it puts there.

Of all code that is imported: so no stack of compiled code is refused by these rules.
"""

from __future__ import annotations

import collections
import dis
import importlib
from collections.abc import Iterator
from types import CodeType

import pytest

from greenflow import _frames
from tests.core.features import load
from tests.core.test_depths import imported_codes

NOTHING, ITERATOR, LIST, SET, DICT, RAISED, HANDLED, PLACE = (1 << i for i in range(8))
#: What may be asked of what they push, from the top of the stack.
PUSHED = {
    "BUILD_LIST": (LIST,),
    "BUILD_SET": (SET,),
    "BUILD_MAP": (DICT,),
    "PUSH_EXC_INFO": (RAISED, HANDLED),
    # POP_EXCEPT takes a copy of what was handled before.
    "COPY": (HANDLED,),
    # From 3.15 on the index of the next item is above what is iterated.
    "GET_ITER": (ITERATOR, ITERATOR),
    # Inside a generator expression, of its first argument.
    "LOAD_FAST": (ITERATOR,),
    "LOAD_FAST_BORROW": (ITERATOR,),
    # Of the function of a generator expression, inside `all()` and its like (3.14).
    "CALL": (ITERATOR,),
    # The error that replaces a StopIteration.
    "CALL_INTRINSIC_1": (RAISED,),
    # What is left of an `except*`: an exception, or None.
    "CALL_INTRINSIC_2": (HANDLED,),
    "PREP_RERAISE_STAR": (HANDLED,),
    # Where there is one, it is raised.
    "POP_JUMP_IF_NOT_NONE": (RAISED,),
    "POP_JUMP_FORWARD_IF_NOT_NONE": (RAISED,),
}
#: These only take, or leave what lies below their operands: it ends there, unknown.
LOST = {"UNPACK_SEQUENCE", "END_FOR", "POP_ITER", "STORE_SLICE", "LOAD_CLOSURE"}
LOST |= {"DELETE_DEREF", "DELETE_GLOBAL", "DELETE_NAME", "LOAD_BUILD_CLASS"}
TESTED = ("except_star", "coroutines", "asyncgen", "with", "generators", "patma")


@pytest.fixture(scope="module")
def codes() -> set[CodeType]:
    load()
    for name in TESTED:
        try:
            importlib.import_module(f"test.test_{name}")
        except ImportError:  # many Pythons come without their tests
            break
    return imported_codes()


def steps(code: CodeType) -> Iterator[tuple[str, int, int]]:
    """Return each way from an instruction: its name, its unit, the one it leads to."""
    depths, known = _frames.stack_depths(code), _frames.opcodes()
    for at in dis.get_instructions(code):
        unit = at.offset // 2
        if depths[unit] < 0 or at.opname == "EXTENDED_ARG":
            continue
        _, caches, jump, ends = known[code.co_code[2 * unit]]
        following = unit + 1 + caches
        if jump:
            yield at.opname, unit, following + jump * at.arg
        if not ends:
            yield at.opname, unit, following


def asked_anew(code: CodeType) -> Iterator[tuple[str, int, int]]:
    """Return what is first asked behind an instruction: of which slot from the top."""
    kinds = _frames.slot_kinds(code)
    for name, unit, after in steps(code):
        for slot, kind in enumerate(kinds[after]):
            before = kinds[unit][slot] if slot < len(kinds[unit]) else 0
            new = kind & ~NOTHING & ~before
            if new and name != "SWAP":
                yield name, len(kinds[after]) - 1 - slot, new


def test_only_what_an_instruction_pushes_is_asked_of_it(codes: set[CodeType]) -> None:
    wrong: dict[tuple[str, int, int], str] = {}
    seen: collections.Counter[str] = collections.Counter()
    for code in codes:
        for name, place, new in asked_anew(code):
            seen[name] += 1
            allowed = PUSHED.get(name, ())
            if place < len(allowed):
                fits = new & ~allowed[place] == 0
            else:
                fits = name in LOST or name.startswith("BUILD_")
            if not fits:
                wrong[name, place, new] = f"{code.co_qualname} {code.co_filename}"
    assert wrong == {}
    assert {"BUILD_LIST", "BUILD_SET", "BUILD_MAP", "PUSH_EXC_INFO", "COPY"} <= {*seen}
    assert len(codes) > 2_000


def test_a_handler_is_asked_for_what_was_raised_and_where(codes: set[CodeType]) -> None:
    kinds_of_places, kinds_of_raised = set(), set()
    for code in codes:
        kinds = _frames.slot_kinds(code)
        for entry in dis._parse_exception_table(code):
            row = kinds[entry.target // 2]
            kinds_of_raised.add(row[-1] if row else 0)
            if row and entry.lasti:
                kinds_of_places.add(row[-2])
    assert kinds_of_raised <= {0, RAISED}
    assert kinds_of_places <= {0, PLACE}


def except_star() -> None:
    try:
        print()
    except* ValueError:
        print()


def test_of_an_except_star_nothing_may_be_left() -> None:
    code, found = except_star.__code__, []
    for name, _, after in steps(code):
        if name in {"CALL_INTRINSIC_2", "PREP_RERAISE_STAR"}:
            found.append(_frames.slot_kinds(code)[after][-1])
    assert found == [HANDLED]


def test_no_code() -> None:
    with pytest.raises(TypeError, match="a code object"):
        _frames.slot_kinds(except_star)
