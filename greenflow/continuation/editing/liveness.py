"""Which variables code takes to have a value.

From 3.12 on, the compiler knows where a variable surely has one, and reads it there
without a look. Who unsets one, or lets a frame go on elsewhere, must not let such an
instruction find nothing: the interpreter would crash.
"""

from __future__ import annotations

import dis
from typing import TYPE_CHECKING, Final

from greenflow.continuation.code import ByCode
from greenflow.continuation.editing.flowgraph import Graph, Instruction, graph_of

if TYPE_CHECKING:
    from types import CodeType

    from greenflow.continuation.editing.parts import Record

#: Up to 3.11 every read looks.
_UNCHECKED: Final = "LOAD_FAST_CHECK" in dis.opmap
_READS: Final = frozenset({"LOAD_FAST", "LOAD_FAST_BORROW"})
_READS_TWO: Final = frozenset(
    {"LOAD_FAST_LOAD_FAST", "LOAD_FAST_BORROW_LOAD_FAST_BORROW"}
)
_SETS: Final = frozenset(
    {
        *("STORE_FAST", "STORE_FAST_MAYBE_NULL", "DELETE_FAST", "LOAD_FAST_CHECK"),
        *("LOAD_FAST_AND_CLEAR", "MAKE_CELL"),
    }
)
_known: ByCode[dict[int, int]] = ByCode()


def needed_at(code: CodeType, unit: int) -> set[int]:
    """Return the numbers of the variables that must have a value there."""
    return _numbers(_needed(code).get(unit, 0))


def needed_by(record: Record, *, begins: bool) -> set[int]:
    """Return the same for a frame that waits, or begins, at an instruction."""
    if begins:
        return needed_at(record.code, record.pending)
    graph, needed = graph_of(record.code), _needed(record.code)
    units = [handler.target for handler in graph.handlers_of(record.pending)]
    units += graph.instructions[record.pending].following
    bits = 0
    for unit in units:
        bits |= needed.get(unit, 0)
    return _numbers(bits)


def _numbers(bits: int) -> set[int]:
    return {number for number in range(bits.bit_length()) if bits >> number & 1}


def _needed(code: CodeType) -> dict[int, int]:
    known = _known.get(code)
    if known is None:
        known = _walk(graph_of(code)) if _UNCHECKED else {}
        _known.put(code, known)
    return known


def _walk(graph: Graph) -> dict[int, int]:
    needed = dict.fromkeys(graph.instructions, 0)
    units = sorted(needed, reverse=True)
    changed = True
    while changed:
        changed = False
        for unit in units:
            bits = _before(graph, graph.instructions[unit], needed)
            changed |= bits != needed[unit]
            needed[unit] = bits
    return needed


def _before(graph: Graph, instruction: Instruction, needed: dict[int, int]) -> int:
    bits = 0
    for following in instruction.following:
        bits |= needed[following]
    reads, sets = _effects(instruction.name, instruction.arg)
    bits = reads | (bits & ~sets)
    for handler in graph.handlers_of(instruction.unit):
        bits |= needed[handler.target]
    return bits


def _effects(name: str, arg: int) -> tuple[int, int]:
    """Return what an instruction reads without a look, and what it sets: as bits."""
    high, low = 1 << (arg >> 4), 1 << (arg & 15)
    if name in _READS:
        return 1 << arg, 0
    if name in _SETS:
        return 0, 1 << arg
    if name in _READS_TWO:
        return high | low, 0
    if name == "STORE_FAST_STORE_FAST":
        return 0, high | low
    if name == "STORE_FAST_LOAD_FAST":
        return low & ~high, high
    return 0, 0
