"""The control flow of a code object, and what lies on its stack where.

What an instruction does to the stack comes from the interpreter's own table; how much
of it is touched besides, ``dis`` does not tell, so the names of the instructions do.
"""

from __future__ import annotations

import dis
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from greenflow.continuation import frames
from greenflow.continuation.code import ByCode

if TYPE_CHECKING:
    from types import CodeType

_FACTS: Final = frames.opcodes()

#: These take nothing away.
_ADDING: Final = frozenset(
    {
        *("CACHE", "COPY", "COPY_FREE_VARS"),
        *("EXTENDED_ARG", "FOR_ITER", "GET_LEN", "IMPORT_FROM", "JUMP_BACKWARD"),
        *("JUMP_BACKWARD_NO_INTERRUPT", "JUMP_FORWARD", "KW_NAMES"),
        *("LOAD_ASSERTION_ERROR", "LOAD_BUILD_CLASS", "LOAD_CLASSDEREF"),
        *("LOAD_CLOSURE", "LOAD_COMMON_CONSTANT", "LOAD_CONST", "LOAD_DEREF"),
        *("LOAD_FAST", "LOAD_FAST_AND_CLEAR", "LOAD_FAST_BORROW"),
        *("LOAD_FAST_BORROW_LOAD_FAST_BORROW", "LOAD_FAST_CHECK"),
        *("LOAD_FAST_LOAD_FAST", "LOAD_GLOBAL", "LOAD_LOCALS", "LOAD_NAME"),
        *("LOAD_SMALL_INT", "MAKE_CELL", "MATCH_KEYS", "MATCH_MAPPING"),
        *("MATCH_SEQUENCE", "NOP", "NOT_TAKEN", "PRECALL", "PUSH_NULL", "RESUME"),
        *("RETURN_GENERATOR", "SETUP_ANNOTATIONS", "WITH_EXCEPT_START"),
    }
)
#: What else pushes nothing: all of its effect is taken away.
_TAKING: Final = frozenset(
    {
        *("DELETE_ATTR", "DELETE_DEREF", "DELETE_FAST", "DELETE_GLOBAL"),
        *("DELETE_NAME", "DELETE_SUBSCR", "DICT_MERGE", "DICT_UPDATE", "END_ASYNC_FOR"),
        *("END_FOR", "IMPORT_STAR", "LIST_APPEND", "LIST_EXTEND", "MAP_ADD"),
        *("POP_EXCEPT", "POP_ITER", "POP_TOP", "PRINT_EXPR", "RAISE_VARARGS"),
        *("RERAISE", "RETURN_CONST", "RETURN_VALUE", "SET_ADD", "SET_UPDATE"),
        *("STORE_ATTR", "STORE_DEREF", "STORE_FAST", "STORE_FAST_MAYBE_NULL"),
        *("STORE_FAST_STORE_FAST", "STORE_GLOBAL", "STORE_NAME", "STORE_SLICE"),
        "STORE_SUBSCR",
    }
)
#: These push more than one.
_TWO: Final = frozenset(
    {
        *("BEFORE_ASYNC_WITH", "BEFORE_WITH", "CHECK_EG_MATCH", "LOAD_METHOD"),
        *("LOAD_SPECIAL", "PUSH_EXC_INFO"),
    }
)
#: And these one: what else there is touches all of the stack, for all that is known.
_ONE: Final = ("BINARY_", "BUILD_", "CALL", "CONVERT_", "FORMAT_", "GET_", "UNARY_")
_ONE_NAMED: Final = frozenset(
    {
        *("ASYNC_GEN_WRAP", "CHECK_EXC_MATCH", "COMPARE_OP", "CONTAINS_OP"),
        *("END_SEND", "IMPORT_NAME", "IS_OP", "LIST_TO_TUPLE"),
        *("LOAD_FROM_DICT_OR_DEREF", "LOAD_FROM_DICT_OR_GLOBALS"),
        *("MAKE_FUNCTION", "MATCH_CLASS", "PREP_RERAISE_STAR"),
        *("SET_FUNCTION_ATTRIBUTE", "STORE_FAST_LOAD_FAST", "TO_BOOL", "YIELD_VALUE"),
    }
)
#: These depend on more than their effect.
_KNOWN: Final = {
    "CLEANUP_THROW": 4,
    "GET_ITER": 1,
    "GET_YIELD_FROM_ITER": 1,
    "LOAD_ATTR": 1,
    "LOAD_SUPER_ATTR": 3,
    "SEND": 3,
    "UNPACK_EX": 1,
    "UNPACK_SEQUENCE": 1,
}
_ALL: Final = 1 << 30


class Instruction(NamedTuple):
    """One instruction, its EXTENDED_ARGs left out.

    Attributes:
        unit: its code unit.
        name, arg: the base instruction.
        following: where control goes on, besides handlers.
    """

    unit: int
    name: str
    arg: int
    following: tuple[int, ...]


class Handler(NamedTuple):
    """An entry of the exception table, in code units; ``end`` is behind it."""

    start: int
    end: int
    target: int
    depth: int


class Graph:
    """The instructions that are reached, by their code units."""

    def __init__(self, code: CodeType) -> None:
        self.code = code
        self.depths = frames.stack_depths(code)
        self.instructions = {
            each.offset // 2: _instruction(each)
            for each in dis.get_instructions(code)
            if each.opname != "CACHE" and self.depths[each.offset // 2] >= 0
        }
        self.handlers = [
            Handler(entry.start // 2, entry.end // 2, entry.target // 2, entry.depth)
            for entry in _exception_entries(code)
        ]

    def low(self, unit: int) -> int:
        """Return how many of the lowest values the instruction leaves alone."""
        instruction = self.instructions[unit]
        return max(0, self.depths[unit] - touched(instruction.name, instruction.arg))

    def handlers_of(self, unit: int) -> list[Handler]:
        """Return the handlers that may be entered from an instruction."""
        return [each for each in self.handlers if each.start <= unit < each.end]

    @cached_property
    def begin(self) -> int:
        """The unit of the first RESUME behind where cells and generators are made.

        From 3.15 on a generator expression has another one, before it takes hold of
        what it goes over.
        """
        units = dict[str, int]()
        for unit, each in sorted(self.instructions.items()):
            if each.name == "RETURN_GENERATOR":
                units.clear()
            units.setdefault(each.name, unit)
        return units["RESUME"]


def _exception_entries(code: CodeType) -> list[Any]:
    shown: Any = dis.Bytecode(code)
    found: list[Any] = shown.exception_entries
    return found


def _instruction(shown: dis.Instruction) -> Instruction:
    unit, arg = shown.offset // 2, shown.arg or 0
    _, caches, jump, ends = _FACTS[shown.opcode]
    behind = unit + 1 + caches
    following = [] if ends else [behind]
    if jump:
        following.append(behind + jump * arg)
    return Instruction(unit, shown.opname, arg, tuple(following))


def touched(name: str, arg: int) -> int:
    """Return how many of the uppermost values an instruction may take or change."""
    if name in _ADDING:
        return 0
    if name == "SWAP":
        return arg
    if name == "CALL":  # 3.11 tells a part of its effect as that of PRECALL
        return arg + 2
    if name in _KNOWN:
        return _KNOWN[name]
    if name.startswith(("POP_JUMP_", "JUMP_IF_")):
        return 1
    effect = _effect(name, arg)
    if name in _TAKING:
        return -effect
    if name in _TWO:
        return 2 - effect
    if name in _ONE_NAMED or name.startswith(_ONE):
        return 1 - effect
    return _ALL


def _effect(name: str, arg: int) -> int:
    opcode = dis.opmap[name]
    takes_arg = opcode in dis.hasarg if hasattr(dis, "hasarg") else opcode >= _HAS_ARG
    return dis.stack_effect(opcode, arg if takes_arg else None, jump=False)


_HAS_ARG: Final = dis.HAVE_ARGUMENT
_graphs: ByCode[Graph] = ByCode()


def graph_of(code: CodeType) -> Graph:
    """Return the graph of a code object, made once."""
    known = _graphs.get(code)
    if known is None:
        known = Graph(code)
        _graphs.put(code, known)
    return known
