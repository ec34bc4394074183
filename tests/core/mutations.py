"""One way to break each rule of a stored stack, and nothing else: name, what is told.

Each function changes a stack that was saved (records_edited.py) where it must; ``AT``
and the others are numbers of csrc/frames.h.
"""

from __future__ import annotations

import dis
import itertools
import opcode
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from greenflow import Continuation
from greenflow.continuation import frames
from tests.core.mutated_stacks import (
    Marker,
    calls,
    cleans_up,
    closes_over,
    fills_dict,
    fills_list,
    fills_set,
    generates,
    handles,
    leaves,
    loop,
    loops_inside,
    nested,
    plain,
)
from tests.core.records_edited import MISSING, Edited

INIT, NEXT, SEND, AT = 1, 2, 3, 7


# --- tools ----------------------------------------------------------------------------


def wait_at(edited: Edited, name: str) -> None:
    """Let the innermost frame wait for a result in another instruction."""
    frame = edited.frames[-1]
    code = edited.functions[frame.function].__code__
    depths, units = frames.stack_depths(code), code.co_code
    op = opcode.opmap[name]
    kept = {
        unit: depths[unit] - 1 + effect(op)
        for unit in range(len(depths))
        if units[2 * unit] == op and depths[unit] >= 0
    }
    frame.pending = next(unit for unit, number in kept.items() if number >= 0)
    number = kept[frame.pending]
    frame.set_stack(*[*frame.slots[frame.first :], *[[]] * number][:number])


def wait_at_loop_function(edited: Edited) -> None:
    """Let it wait in the call whose result a loop takes as it is."""
    frame = edited.frames[-1]
    code = edited.functions[frame.function].__code__
    steps = [each for each in dis.get_instructions(code) if each.opname != "PUSH_NULL"]
    frame.pending = next(
        at.offset // 2
        for at, after in itertools.pairwise(steps)
        if at.opname == "CALL" and after.opname == "FOR_ITER"
    )
    frame.set_stack()


def effect(op: int) -> int:
    return dis.stack_effect(op, 0 if op >= dis.HAVE_ARGUMENT else None)


def replace_dict(edited: Edited) -> None:
    """Where it lies depends on whether a comprehension is a function."""
    frame = edited.frames[-1]
    at = next(
        slot
        for slot in range(frame.first, len(frame.slots))
        if type(frame.slots[slot]) is dict
    )
    frame.slots[at] = []


def replace(edited: Edited, slot: int, value: Any, frame: int = -1) -> None:
    """Put a value into a slot of the stack, counted from below or from the top."""
    found = edited.frames[frame]
    found.slots[slot + (found.first if slot >= 0 else len(found.slots))] = value


def variable(edited: Edited, name: str, frame: int = -1) -> int:
    code = edited.functions[edited.frames[frame].function].__code__
    names = [*code.co_varnames]
    names += [each for each in code.co_cellvars if each not in names]
    return [*names, *code.co_freevars].index(name)


# --- the table ------------------------------------------------------------------------


class Rule(NamedTuple):
    function: Callable[[Marker], Any]
    break_it: Callable[[Edited], Any]
    told: str  #: part of the message
    by_bytes: bool = True  #: it is a saved state too, and not only records


def setting(**changes: Any) -> Callable[[Edited], None]:
    """Of the innermost frame."""

    def change(edited: Edited) -> None:
        for name, value in changes.items():
            setattr(edited.frames[-1], name, value)

    return change


def extra(name: str, value: Any, frame: int = -1) -> Callable[[Edited], None]:
    def change(edited: Edited) -> None:
        edited.frames[frame].extras[name] = value

    return change


def slot(at: int, value: Any, frame: int = -1) -> Callable[[Edited], None]:
    return lambda edited: replace(edited, at, value, frame)


def cell(name: str, value: Any) -> Callable[[Edited], None]:
    def change(edited: Edited) -> None:
        edited.frames[-1].slots[variable(edited, name)] = value

    return change


def into_cache(edited: Edited) -> None:
    edited.frames[-1].pending += 1


def deeper(edited: Edited) -> None:
    frame = edited.frames[-1]
    frame.set_stack(*frame.slots[frame.first :], 1)


def started_generator(edited: Edited) -> None:
    def walk() -> Any:
        yield 1

    waiting = walk()
    next(waiting)
    edited.frames[-1].extras["generator"] = waiting


def of_other_code(edited: Edited) -> None:
    def walk(a: Any, b: Any, c: Any) -> Any:
        yield a, b, c

    edited.frames[-1].extras["generator"] = frames.generator_shell(0, walk, "w", "w")


def in_the_prologue(edited: Edited) -> None:
    frame = edited.frames[-1]
    frame.pending, frame.delivery = 0, AT
    frame.set_stack()


def outer_begins(edited: Edited) -> None:
    edited.frames[0].delivery = AT


class Namespace(dict):  # type: ignore[type-arg]
    """No plain dict."""


def other_globals(edited: Edited) -> None:
    function = edited.functions[edited.frames[-1].function]
    made = type(function)(function.__code__, Namespace(function.__globals__))
    edited.functions = tuple(
        made if each is function else each for each in edited.functions
    )


def no_function(edited: Edited) -> None:
    edited.functions = (5, *edited.functions[1:])


#: Where the pushed exception's place lies: below what was handled before, and itself.
PLACE = -3

RULES = {
    "at a cache": Rule(plain, into_cache, "offset is not at an instruction"),
    "at no unit": Rule(plain, setting(pending=9999), "offset is not at an instruction"),
    "a large offset": Rule(plain, setting(pending=2**31), "out of range"),
    "no such function": Rule(plain, setting(function=7), "out of range"),
    "one value more": Rule(plain, deeper, "another depth"),
    "nothing in a call": Rule(nested, slot(-1, MISSING), "nothing where a value must"),
    "no iterator": Rule(loop, slot(0, 5), "no iterator in a loop"),
    "no list": Rule(fills_list, slot(0, ()), "another type than is filled"),
    "no dict": Rule(fills_dict, replace_dict, "another type than is filled"),
    "no set": Rule(fills_set, slot(0, []), "another type than is filled"),
    "no exception before": Rule(handles, slot(0, 5), "no exception where one is"),
    "no exception to raise": Rule(cleans_up, slot(-1, 5), "no exception where one is"),
    "no place": Rule(leaves, slot(PLACE, "x", 0), "no place where an exception"),
    "a place outside": Rule(leaves, slot(PLACE, 9999, 0), "no place where an"),
    "pushes for GET_ITER": Rule(loop, lambda e: wait_at(e, "GET_ITER"), "the delivery"),
    **(
        {"pushes for a loop": Rule(loops_inside, wait_at_loop_function, "the delivery")}
        if sys.version_info >= (3, 14)
        else {}
    ),
    "pushes for LIST_EXTEND": Rule(
        fills_list, lambda e: wait_at(e, "LIST_EXTEND"), "the delivery"
    ),
    "pushes for POP_TOP": Rule(
        handles, lambda e: wait_at(e, "POP_TOP"), "the delivery"
    ),
    "no such delivery": Rule(plain, setting(delivery=99), "an unknown delivery"),
    "no loop": Rule(plain, setting(delivery=NEXT), "a loop without its iterator"),
    "no await": Rule(plain, setting(delivery=SEND), "nothing that is awaited"),
    "no instance": Rule(plain, setting(delivery=INIT), "no instance to give"),
    "a prologue": Rule(closes_over, in_the_prologue, "no instruction can begin there"),
    "an outer one begins": Rule(calls, outer_begins, "with others inside it begins"),
    "a free variable": Rule(closes_over, cell("marker", 5), "free variable without"),
    "a cell": Rule(
        closes_over,
        lambda e: e.frames[0].slots.__setitem__(variable(e, "marker", 0), MISSING),
        "a cell variable without its cell",
    ),
    "locals": Rule(plain, extra("locals", 5), "its locals are no dict"),
    "a generator too many": Rule(
        plain, extra("generator", 5), "a generator's frame without it"
    ),
    "a generator too few": Rule(
        generates,
        lambda e: e.frames[-1].extras.clear(),
        "a generator's frame without it",
        by_bytes=False,
    ),
    "no generator": Rule(
        generates, extra("generator", 5), "a generator that is none", by_bytes=False
    ),
    "a generator elsewhere": Rule(
        generates, started_generator, "suspended elsewhere", by_bytes=False
    ),
    "a generator of others": Rule(
        generates, of_other_code, "a generator of other code", by_bytes=False
    ),
    "handles no exception": Rule(
        generates, extra("exc", 5), "being handled is no exception", by_bytes=False
    ),
    "handles without": Rule(
        plain, extra("exc", KeyError()), "an exception without a generator"
    ),
    "the flow handles": Rule(
        plain, lambda e: e.extras.update(exc=5), "being handled is no exception"
    ),
    "the outermost": Rule(
        plain, lambda e: setattr(e, "delivery", 3), "the outermost delivery"
    ),
    "globals": Rule(plain, other_globals, "globals or builtins", by_bytes=False),
    "no function": Rule(plain, no_function, "is no function", by_bytes=False),
    "values missing": Rule(plain, lambda e: e.cut_to(values=-1), "values are missing"),
    "values left over": Rule(
        plain, lambda e: e.cut_to(more=(1,)), "something is left over"
    ),
    "a shape that is cut": Rule(plain, lambda e: e.cut_to(shape=-1), "is cut"),
    "no frames": Rule(plain, lambda e: e.frames.clear(), "the number of frames"),
}


def saved(rule: Rule) -> bytes:
    return Continuation.start(rule.function, Marker()).dumps()
