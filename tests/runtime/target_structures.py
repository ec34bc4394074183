"""Every control structure, with stops in it; the tests kill the process at each stop.

``stop(text)`` returns the number of the stop, from 1, and ``note(text)`` tells what was
done, so that a plain call of each function, whose stops only count, is the model.
"""

from __future__ import annotations

import itertools
import os
from contextlib import ExitStack, contextmanager

import greenflow
from tests.runtime import target_flows


@contextmanager
def closing(name, note):
    note(f"open {name}")
    try:
        yield name
    finally:
        note(f"close {name}")


class Closing:
    def __init__(self, name, note):
        self.name = name
        self.note = note

    def __enter__(self):
        self.note(f"enter {self.name}")
        return self

    def __exit__(self, *error):
        self.note(f"exit {self.name} {error[0] is not None}")
        return self.name == "swallows"


def branches(stop, note):
    for value in (0, 1, 2):
        if stop(f"if {value}") and value == 0:
            note("is zero")
        elif value == 1:
            stop("elif")
            note("is one")
        else:
            stop("else")
            note("is two")
    return "even" if stop("condition") % 2 == 0 else "odd"


def while_loop(stop, note):
    count = 0
    while count < 3:
        count += 1
        if count == 2:
            stop("continue")
            continue
        note(f"turn {count} {stop('turn')}")
    else:
        stop("else")
        note("no break")
    while True:
        if stop("forever") > 5:
            break
    return count


def nested_loops(stop, note):
    found = []
    for outer in range(3):
        for inner in "ab":
            if (outer, inner) == (1, "b"):
                stop("break")
                break
            found.append((outer, inner, stop("inner")))
            note(f"{outer} {inner}")
        else:
            stop("else")
            note(f"{outer} whole")
    return found


def with_blocks(stop, note):
    with closing("a", note) as a, Closing("b", note) as b:
        note(f"in {a} {b.name} {stop('two')}")
        with ExitStack() as stack:
            for name in "cd":
                stack.enter_context(closing(name, note))
                stop(name)
        stop("after")
    with Closing("swallows", note):
        stop("before raise")
        raise ValueError
    return stop("end")


def try_blocks(stop, note):
    for fails in (False, True):
        try:
            stop("try")
            if fails:
                raise LookupError("fails")
        except LookupError as error:
            stop("except")
            note(f"handles {error}")
            try:
                stop("inner")
                raise
            except LookupError as again:
                note(f"again {again is error}")
        else:
            stop("else")
            note("no error")
        finally:
            stop("finally")
            note(f"finally {fails}")
    return "through"


def return_in_try(stop, note):
    try:
        return stop("returning")
    finally:
        stop("finally")
        note("left")


def raise_through_finally(stop, note):
    def inner():
        try:
            stop("before")
            raise KeyError("deep")
        finally:
            stop("on the way")
            note("passed")

    try:
        inner()
    except KeyError as error:
        stop("outside")
        return repr(error)


def matches(stop, note):
    seen = []
    for subject in (7, [1, 2, 3], {"kind": "box", "size": 4}, "text"):
        match subject:
            case int(number) if stop("guard") > 0:
                seen.append(number)
            case [first, *rest]:
                seen.append((first, rest, stop("sequence")))
            case {"kind": kind, **others}:
                seen.append((kind, others, stop("mapping")))
            case _:
                seen.append(stop("else"))
        note(f"matched {seen[-1]}")
    return seen


def comprehensions(stop, note):
    squares = [stop(f"list {n}") * n for n in range(3)]
    table = {n: stop(f"dict {n}") for n in range(2)}
    picked = {n for n in range(3) if stop(f"set {n}") % 2}
    return squares, table, picked


def generators(stop, note):
    def numbers():
        for number in range(3):
            stop(f"generator {number}")
            yield number
        note("exhausted")

    total = 0
    for number in numbers():
        stop("between")
        note(f"number {number}")
        total += number
    return total


def operands(stop, note):
    left, *rest = (1, stop("tuple"), stop("again"))
    text = f"{left} {stop('formatted')} {rest}"
    return text, left + stop("added") * 2, not stop("negated"), [*rest, stop("starred")]


STRUCTURES = (
    branches,
    while_loop,
    nested_loops,
    with_blocks,
    try_blocks,
    return_in_try,
    raise_through_finally,
    matches,
    comprehensions,
    generators,
    operands,
)


class Count:
    """The model's stop: counts, and is never off the stack."""

    def __init__(self):
        self.numbers = itertools.count(1)

    def __call__(self, _):
        return next(self.numbers)


def note_of(name, line):
    target_flows.note(f"{name}: {line}")


def at_checkpoint(_):
    process = os.getpid()
    number = greenflow.checkpoint()
    if process == os.getpid():  # what kills its worker again and again is given up
        target_flows.die_at("checkpoint")
    return number


def at_suspend(text):
    return greenflow.suspend(text)


def at_recv(_):
    return greenflow.recv()


def answer_and_run():
    """Let every waiting flow go on by one stop; the numbers count its stops."""
    for flow in greenflow.flows(status="waiting"):
        record = flow.record
        if record.waiting.kind == "suspend":
            flow.resume(record.seq)
        else:
            greenflow.send(flow, record.seq)
    greenflow.run()
