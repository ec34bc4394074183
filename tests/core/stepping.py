"""Drivers: save a flow, or leave it, at the lines of its code, in the middle of a step.

Nothing here needs pytest: child processes use it too.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from greenflow import Continuation, NotSaveable, NotSuspendable
from greenflow.continuation import frames
from tests.core import driving
from tests.core.features import Feature, Run, ended

#: Files whose frames are stepped through.
STEPPED = re.compile(r"/(features_\w+|lines|adventure|solver)\.py$")

#: What is told of frames that cannot be gone on with, and is no fault.
REFUSALS = (NotSuspendable, NotSaveable)

NEVER = 10**9

Line = Callable[[FrameType], object]


@contextmanager
def told_of_lines(line: Line) -> Iterator[None]:
    """Call ``line(frame)`` at each line that one of the frames begins."""

    def local(frame: FrameType, event: str, argument: object) -> Any:
        if event == "line":
            line(frame)
        return local

    def called(frame: FrameType, event: str, argument: object) -> Any:
        return local if STEPPED.search(frame.f_code.co_filename) else None

    before = sys.gettrace()
    sys.settrace(called)
    try:
        yield
    finally:
        sys.settrace(before)


class Recorder:
    """Saves a continuation at every line of it, or at every so many."""

    def __init__(self, k: Continuation, run: Run, every: int = 1) -> None:
        self.k, self.run, self.every = k, run, every
        self.lines = 0
        #: (how many answers it had, its bytes, where it is)
        self.saved: list[tuple[int, bytes, str]] = []
        self.refused: list[str] = []

    def line(self, frame: FrameType) -> None:
        self.lines += 1
        if self.lines % self.every:
            return
        where = f"{frame.f_code.co_qualname}:{frame.f_lineno}"
        try:
            data = self.k.snapshot(frame, where)
        except REFUSALS as error:
            self.refused.append(f"{where}: {error}")
        else:
            self.saved.append((len(self.run.asks), data, where))


class Leaver:
    """Leaves the flow at one of its lines, or at the next that it can be left at."""

    def __init__(self, at: int) -> None:
        self.at, self.lines = at, 0
        self.where: str | None = None
        self.goes_on = False
        self.k: Continuation | None = None

    def line(self, frame: FrameType) -> None:
        self.lines += 1
        if self.lines < self.at or self.where is not None:
            return
        assert self.k is not None
        try:
            self.k.snapshot(frame)
        except NotSuspendable:
            return  # it can be left here, but nothing could go on
        except NotSaveable:
            pass
        self.k = None  # its frames lead to this tracer
        self.where = f" line {frame.f_lineno},"
        # What it raises takes the stack apart, and the tracer off.
        frames.abandon(frame)

    def gone_on(self, k: Continuation) -> Continuation:
        """Let it go on if it was just left."""
        if self.where is None or self.goes_on:
            return k
        assert self.where in repr(k), f"{self.where} {k!r}"
        self.goes_on = True
        with suppress(NotSaveable):  # then it goes on here
            k = Continuation.loads(k.dumps())
        return k.resume()


def go_on(
    item: Feature, k: Continuation, run: Run, leaver: Leaver | None = None
) -> None:
    """Let a new or waiting one go on, answer what it asks, note all until it ends."""
    leaver = leaver or Leaver(NEVER)
    leaver.k = k
    try:
        with driving.room_for(item):
            k = leaver.gone_on(k.resume())
            while not k.done:
                run.asks.append(k.value)
                driving.answer_with(k, item.sends[len(run.asks) - 1])
                k = leaver.gone_on(k)
        run.end = k.value
    except Exception as error:
        run.end = ended(error)


def record(item: Feature, every: int = 1) -> tuple[Run, Recorder]:
    """Run the feature, saved at its lines."""
    run, k = Run(), Continuation.new(item.function, item.arguments)
    recorder = Recorder(k, run, every)
    with told_of_lines(recorder.line):
        go_on(item, k, run)
    return run, recorder


def go_on_from(item: Feature, answered: int, data: bytes) -> Run:
    """Load a saved one and run it to its end; the run has what came before, too."""
    run = Run(list(item.expected.asks[:answered]))
    go_on(item, Continuation.loads(data), run)
    return run


def leave(item: Feature, at: int) -> tuple[Run, Leaver]:
    """Run the feature, left at a line of it, and gone on with from its bytes."""
    run, leaver = Run(), Leaver(at)
    with told_of_lines(leaver.line):
        go_on(item, Continuation.new(item.function, item.arguments), run, leaver)
    return run, leaver


# --- at one line of one function ------------------------------------------------------


def line_of(function: Callable[..., Any], text: str) -> int:
    """Return the line of a function in which the text is."""
    code = function.__code__
    with open(code.co_filename) as file:
        source = file.read().splitlines()
    found = [n for n, line in enumerate(source, 1) if text in line]
    return min(n for n in found if n >= code.co_firstlineno)


def when(function: Callable[..., Any], text: str, take: Line) -> Any:
    """Call ``take(frame)`` when that line of the function is about to begin."""
    code, number = function.__code__, line_of(function, text)

    def line(frame: FrameType) -> None:
        if frame.f_code is code and frame.f_lineno == number:
            take(frame)

    return told_of_lines(line)


def saved_at(
    function: Callable[..., Any], text: str, k: Continuation, value: object = 1
) -> Continuation:
    """Go on, and return what was saved at that line."""
    saved: list[bytes] = []

    def take(frame: FrameType) -> None:
        saved.append(k.snapshot(frame, "saved"))

    with when(function, text, take):
        k.resume(value)
    return Continuation.loads(saved[0])


def left_at(
    function: Callable[..., Any], text: str, k: Continuation, value: object = 1
) -> Continuation:
    with when(function, text, frames.abandon):
        k.resume(value)
    assert sys.gettrace() is None
    assert f" line {line_of(function, text)}," in repr(k)
    return k


# --- while it rests ------------------------------------------------------------------


def look(frame: FrameType) -> None:
    """Look only."""


def setting(**values: Any) -> Callable[[FrameType], None]:
    """Return a look that sets variables, in whichever frame has them."""

    def change(frame: FrameType | None) -> None:
        while frame is not None:
            local = frame.f_locals
            for name in values.keys() & local.keys():
                local[name] = values[name]
                frames.write_locals(frame)
            frame = frame.f_back

    return change
