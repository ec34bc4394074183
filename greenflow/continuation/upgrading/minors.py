"""What is known of the bytecode of every minor version of CPython: where control goes.

Nothing else of another version's bytecode is used. A version whose bytecode has another
number (an alpha, say) is not known, and no frame of it is carried.
"""

from __future__ import annotations

from typing import Final

_COMMON: Final = (
    "CALL COPY EXTENDED_ARG FOR_ITER JUMP_BACKWARD JUMP_BACKWARD_NO_INTERRUPT "
    "JUMP_FORWARD LOAD_CONST NOP POP_EXCEPT POP_TOP PUSH_EXC_INFO PUSH_NULL "
    "RAISE_VARARGS RERAISE RESUME RETURN_GENERATOR RETURN_VALUE SEND SWAP YIELD_VALUE "
)
_TESTS: Final = (
    "POP_JUMP_IF_FALSE POP_JUMP_IF_NONE POP_JUMP_IF_NOT_NONE POP_JUMP_IF_TRUE "
)
_LATE: Final = (
    f"{_COMMON}{_TESTS}CALL_KW END_FOR NOT_TAKEN POP_ITER LOAD_SMALL_INT "
    "LOAD_COMMON_CONSTANT LOAD_FAST_AND_CLEAR CALL_FUNCTION_EX LOAD_ATTR BINARY_OP"
)


def _table(names: str, numbers: str) -> dict[int, str]:
    return dict(zip(map(int, numbers.split()), names.split(), strict=True))


#: The names of instructions by their numbers, by what a head says of its Python.
MINORS: Final[dict[str, dict[int, str]]] = {
    "cpython-311-3495": _table(
        _COMMON + "JUMP_IF_FALSE_OR_POP JUMP_IF_TRUE_OR_POP "
        "POP_JUMP_BACKWARD_IF_FALSE POP_JUMP_BACKWARD_IF_NONE "
        "POP_JUMP_BACKWARD_IF_NOT_NONE POP_JUMP_BACKWARD_IF_TRUE "
        "POP_JUMP_FORWARD_IF_FALSE POP_JUMP_FORWARD_IF_NONE "
        "POP_JUMP_FORWARD_IF_NOT_NONE POP_JUMP_FORWARD_IF_TRUE KW_NAMES "
        "PRECALL BEFORE_WITH CALL_FUNCTION_EX LOAD_ATTR BINARY_SUBSCR",
        "171 120 144 93 140 134 110 100 9 89 1 35 2 130 119 151 75 83 123 99 86 "
        "111 112 175 174 173 176 114 129 128 115 172 166 53 142 106 25",
    ),
    "cpython-312-3531": _table(
        _COMMON
        + _TESTS
        + "END_FOR KW_NAMES RETURN_CONST BEFORE_WITH LOAD_FAST_AND_CLEAR "
        "CALL_FUNCTION_EX LOAD_ATTR BINARY_SUBSCR",
        "171 120 144 93 140 134 110 100 9 89 1 35 2 130 119 151 75 83 123 99 "
        "150 114 129 128 115 4 172 121 53 143 142 106 25",
    ),
    "cpython-313-3571": _table(
        _COMMON
        + _TESTS
        + "CALL_KW END_FOR RETURN_CONST BEFORE_WITH LOAD_FAST_AND_CLEAR "
        "CALL_FUNCTION_EX LOAD_ATTR BINARY_SUBSCR",
        "53 61 71 72 77 78 79 83 30 31 32 33 34 101 102 149 35 36 104 115 118 "
        "97 98 99 100 57 11 103 2 86 54 82 5",
    ),
    "cpython-314-3627": _table(
        _LATE,
        "52 59 69 70 75 76 77 82 27 29 31 32 33 104 105 128 34 35 106 117 120 "
        "100 101 102 103 55 9 28 30 94 81 85 4 80 44",
    ),
    "cpython-315-3666": _table(
        _LATE,
        "50 57 67 68 74 75 76 81 25 27 29 30 31 103 104 128 32 33 105 116 119 "
        "99 100 101 102 53 9 26 28 93 80 84 4 79 42",
    ),
}

#: These go on nowhere, or at their target alone.
_ENDS: Final = frozenset(
    {
        *("JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT", "JUMP_FORWARD"),
        *("RAISE_VARARGS", "RERAISE", "RETURN_CONST", "RETURN_VALUE"),
    }
)
_FORWARD: Final = frozenset({"FOR_ITER", "JUMP_FORWARD", "SEND"})
_BACKWARD: Final = ("JUMP_BACKWARD", "POP_JUMP_BACKWARD_")
_CONDITIONAL: Final = ("POP_JUMP_IF_", "POP_JUMP_FORWARD_", "JUMP_IF_")


def ends(name: str) -> bool:
    """Whether control never goes on behind an instruction."""
    return name in _ENDS


def jump(name: str) -> int:
    """Return 1 if an instruction may jump forward, -1 backward, 0 if it does not."""
    if name in _FORWARD or name.startswith(_CONDITIONAL):
        return 1
    return -1 if name.startswith(_BACKWARD) else 0
