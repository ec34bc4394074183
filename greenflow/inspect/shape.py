"""The shape of a saved stack (csrc/shape.c), read without the core."""

from __future__ import annotations

import struct
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from greenflow import limits
from greenflow.errors import BadContents, TooLarge
from greenflow.inspect.nodes import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from greenflow.inspect.nodes import Item

_HEAD: Final = struct.Struct("<IBB")
_FRAME: Final = struct.Struct("<IIHBB")
_EXCEPTION: Final = 1
_HELD: Final = 2


class FrameState(NamedTuple):
    """One frame of a shape, with its values; ABSENT is a slot that holds none."""

    function: int  #: its number
    unit: int  #: of the instruction that waits
    generator: Item  #: whose frame it is, or ABSENT
    exception: Item  #: what it handles, if it has a state of its own; or ABSENT
    slots: tuple[Item, ...]  #: variables, then operands


class StackState(NamedTuple):
    """A whole shape: the frames, outermost first, and what is being handled."""

    frames: list[FrameState]
    exception: Item


def read_shape(
    shape: bytes, values: Sequence[Item], variables: Callable[[int], int]
) -> StackState:
    """Return the frames of a shape.

    Args:
        shape: the bytes.
        values: all objects of the stack.
        variables: tells how many variables the function of a number has.

    Raises:
        BadContents: it does not fit these values and functions.
        TooLarge: it has more variables than are looked at.
    """
    if len(shape) < _HEAD.size:
        raise _damaged("it is cut")
    count, flags, _ = _HEAD.unpack_from(shape)
    if count > (len(shape) - _HEAD.size) // _FRAME.size:
        raise _damaged(f"it says that it has {count} frames")
    left = iter(values)
    exception = _next(left) if flags & _EXCEPTION else ABSENT
    if flags & _HELD:
        _next(left)
    frames = []
    at, total = _HEAD.size, 0
    for _ in range(count):
        if len(shape) - at < _FRAME.size:
            raise _damaged("it is cut")
        function, unit, stack, _, bits = _FRAME.unpack_from(shape, at)
        extras = [_next(left) if bits >> bit & 1 else ABSENT for bit in range(4)]
        at += _FRAME.size
        slots = variables(function) + stack
        total += slots
        if total > limits.INSPECTED_SLOTS_MAX:
            raise TooLarge(f"a stack of more than {total - 1} values")
        mask = shape[at : at + (slots + 7) // 8]
        if len(mask) < (slots + 7) // 8:
            raise _damaged("it is cut")
        at += len(mask)
        held = _slots(left, mask, slots)
        frames.append(FrameState(function, unit, extras[0], extras[1], held))
    if at != len(shape) or next(left, left) is not left:
        raise _damaged("something is left over")
    return StackState(frames, exception)


def _slots(left: Iterator[Item], mask: bytes, count: int) -> tuple[Item, ...]:
    present = [mask[bit >> 3] >> (bit & 7) & 1 for bit in range(count)]
    held = list(islice(left, sum(present)))
    if len(held) < sum(present):
        raise _damaged("values are missing")
    rest = iter(held)
    return tuple([next(rest) if bit else ABSENT for bit in present])


def _next(left: Iterator[Item]) -> Item:
    for item in left:
        return item
    raise _damaged("values are missing")


def _damaged(why: str) -> BadContents:
    return BadContents(f"a saved stack is damaged: {why}")
