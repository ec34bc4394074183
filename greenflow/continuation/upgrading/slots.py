"""The slots of a stack that a role takes, in each minor version of CPython."""

from __future__ import annotations

import sys
from types import MethodType
from typing import Any, Final

from greenflow.continuation import frames
from greenflow.continuation.editing.parts import NOTHING
from greenflow.continuation.upgrading.operands import (
    CALLED,
    DELEGATE,
    EXIT,
    GROUP,
    HANDLED,
    KEPT,
    KEY,
    LOOP,
    RAISED,
    VALUE,
    Role,
)
from greenflow.continuation.upgrading.trees import Unmatched

HERE: Final = sys.version_info[0] * 100 + sys.version_info[1]
#: From here on a loop keeps beside what it goes over how far it is.
_COUNTED_LOOPS: Final = 315
#: From here on a with block keeps its exit and the self of it.
_EXIT_AND_SELF: Final = 314
#: From here on the constant keys of a dict lie on the stack.
_KEYS_ON_STACK: Final = 314
#: Up to here what is called with no self lies above nothing, and below from then on.
_NULL_BELOW: Final = 312


def width(role: Role, version: int) -> int:
    """Return how many slots a role takes in some version."""
    return {
        LOOP: 1 + (version >= _COUNTED_LOOPS),
        DELEGATE: 1 + (version >= _COUNTED_LOOPS),
        EXIT: 1 + (version >= _EXIT_AND_SELF),
        KEY: int(version >= _KEYS_ON_STACK),
        CALLED: 2,
        KEPT: 1,
        VALUE: 1,
        HANDLED: 1,
        RAISED: 2,
        GROUP: 4,
    }[role.kind]


def taken(role: Role, left: list[Any], version: int) -> Any:
    """Take the slots of a role off the lower end of a stack of some version.

    Raises:
        Unmatched: there is something else.
    """
    count = width(role, version)
    slots = left[:count]
    del left[:count]
    if len(slots) < count:
        raise Unmatched("it keeps fewer values than its source tells of")
    if role.kind == KEY:
        return role.constant
    if role.kind == CALLED and version <= _NULL_BELOW and slots[0] is NOTHING:
        slots.reverse()
    if role.kind == KEPT:
        return slots[0]
    if slots[0] is NOTHING or (count > 2 and NOTHING in slots):
        raise Unmatched("a value that it keeps is not where its source tells")
    if role.kind in _CHECKED:
        return _CHECKED[role.kind](slots)
    return slots[0] if count == 1 else tuple(slots)


def put(role: Role, value: Any) -> list[Any]:
    """Return the slots of a role on a stack of this version."""
    if role.kind in {LOOP, DELEGATE}:
        return [value, NOTHING] if HERE >= _COUNTED_LOOPS else [value]
    if role.kind == EXIT:
        return [value, NOTHING] if HERE >= _EXIT_AND_SELF else [value]
    if role.kind == KEY:
        return [value] if HERE >= _KEYS_ON_STACK else []
    if role.kind == CALLED:
        called, own = value
        is_below = own is NOTHING and HERE <= _NULL_BELOW
        return [NOTHING, called] if is_below else [called, own]
    return list(value) if width(role, HERE) > 1 else [value]


def _iterator(slots: list[Any]) -> Any:
    value, counted = slots[0], slots[1] if len(slots) > 1 else NOTHING
    if isinstance(counted, frames.Index):
        found = iter(value)
        found.__setstate__(int(counted))
        value = found
    if not hasattr(type(value), "__next__"):
        raise Unmatched("what it goes over is no iterator")
    return value


def _awaited(slots: list[Any]) -> Any:
    if slots[1:] not in ([], [NOTHING]):
        raise Unmatched("what it goes on with is not where its source tells")
    return slots[0]


def _exit(slots: list[Any]) -> Any:
    is_bound = len(slots) > 1 and slots[1] is not NOTHING
    return MethodType(*slots) if is_bound else slots[0]


def _handled(slots: list[Any]) -> Any:
    before, *raised = slots
    if before is not None and not isinstance(before, BaseException):
        raise Unmatched("what it handled before is no exception")
    if raised and not isinstance(raised[0], BaseException):
        raise Unmatched("what it handles is no exception")
    return tuple(slots) if raised else before


_CHECKED: Final = {
    LOOP: _iterator,
    DELEGATE: _awaited,
    EXIT: _exit,
    HANDLED: _handled,
    RAISED: _handled,
    GROUP: _handled,
}
