"""A captured stack as records that can be changed: see csrc/shape.c for its bytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FunctionType

_HEAD: Final = struct.Struct("<IBB")
_FRAME: Final = struct.Struct("<IIHBB")


class _Nothing:
    """What stands in a slot that holds no value."""

    def __repr__(self) -> str:
        return "<nothing>"


NOTHING: Final = _Nothing()


@dataclass(eq=False, slots=True)
class Record:
    """One frame. What it may lack is NOTHING.

    Attributes:
        function: whose frame it is.
        pending: the code unit of the instruction that waits or, AT, begins.
        delivery: how it takes what the frame inside gives: see gf_delivery.
        generator: whose frame it is.
        exc: what the generator handles.
        namespace: the dictionary that locals() made.
        held: what the delivery needs.
        variables: by their number in the code; cells are not opened.
        stack: what it keeps of its value stack, the lowest first.
        dropped: whether it is part of the stack no more.
    """

    function: FunctionType
    pending: int
    delivery: int
    generator: Any
    exc: Any
    namespace: Any
    held: Any
    variables: list[Any]
    stack: list[Any]
    dropped: bool = False

    @property
    def code(self) -> CodeType:
        """Of its function."""
        return self.function.__code__


@dataclass(eq=False, slots=True)
class Parts:
    """A stack: its records, the outermost first.

    Attributes:
        records: the outermost first.
        exc: what the flow handles outside of generators.
        held, delivery: of what called the outermost.
    """

    records: list[Record]
    exc: Any
    held: Any
    delivery: int


def take_apart(
    functions: tuple[FunctionType, ...], shape: bytes, values: tuple[Any, ...]
) -> Parts:
    """Return what ``Records.parts()`` returned, to be changed."""
    left = iter(values)
    count, flags, delivery = _HEAD.unpack_from(shape)
    exc, held = (_extra(left, flags, bit) for bit in range(2))
    parts, at = Parts([], exc, held, delivery), _HEAD.size
    for _ in range(count):
        number, pending, depth, how, flags = _FRAME.unpack_from(shape, at)
        function = functions[number]
        at += _FRAME.size
        generator, exc, namespace, held = (_extra(left, flags, bit) for bit in range(4))
        variables = len(variable_names(function.__code__))
        slots = variables + depth
        mask = shape[at : at + (slots + 7) // 8]
        at += len(mask)
        held_slots = [
            next(left) if mask[slot >> 3] >> (slot & 7) & 1 else NOTHING
            for slot in range(slots)
        ]
        own, stack = held_slots[:variables], held_slots[variables:]
        extras = generator, exc, namespace, held
        parts.records.append(Record(function, pending, how, *extras, own, stack))
    return parts


def put_together(
    parts: Parts,
) -> tuple[tuple[FunctionType, ...], bytes, tuple[Any, ...]]:
    """Return what ``frames.records()`` takes. The opposite of :func:`take_apart`."""
    functions: dict[int, tuple[int, FunctionType]] = {}
    values: list[Any] = []
    flags = _put(values, (parts.exc, parts.held))
    shape = [_HEAD.pack(len(parts.records), flags, parts.delivery)]
    for record in parts.records:
        key = id(record.function)
        number, _ = functions.setdefault(key, (len(functions), record.function))
        extras = record.generator, record.exc, record.namespace, record.held
        flags = _put(values, extras)
        depth = len(record.stack)
        head = number, record.pending, depth, record.delivery, flags
        mask = _put(values, (*record.variables, *record.stack))
        slots = len(record.variables) + depth
        shape += [_FRAME.pack(*head), mask.to_bytes((slots + 7) // 8, "little")]
    return (
        tuple(function for _, function in functions.values()),
        b"".join(shape),
        tuple(values),
    )


def variable_names(code: CodeType) -> tuple[str, ...]:
    """Return the names of a frame's variables, in the order of its slots."""
    own = set(code.co_varnames)
    cells = tuple(name for name in code.co_cellvars if name not in own)
    return (*code.co_varnames, *cells, *code.co_freevars)


def _extra(left: Iterator[Any], flags: int, bit: int) -> Any:
    return next(left) if flags >> bit & 1 else NOTHING


def _put(values: list[Any], held: tuple[Any, ...]) -> int:
    """Add those that are there; return one bit for each, set if it is."""
    bits = 0
    for bit, value in enumerate(held):
        if value is not NOTHING:
            values.append(value)
            bits |= 1 << bit
    return bits
