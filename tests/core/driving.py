"""Drivers: run a feature as a continuation, carried over each suspend in some way.

Nothing here needs pytest: child processes use it too.
"""

from __future__ import annotations

import gc
import importlib
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

from greenflow import Continuation
from tests.core.features import Feature, Run, Throw, ended, run_plainly

Carry = Callable[[Continuation], Continuation]

WARM_RUNS = 100
WARM_RUNS_LONG = 3


class TooManyAsks(Exception):
    """The feature suspends more often than there are answers."""


def in_memory(k: Continuation) -> Continuation:
    return k


def over_bytes(k: Continuation) -> Continuation:
    loaded = Continuation.loads(k.dumps())
    assert not loaded.done
    return loaded


def rested(k: Continuation) -> Continuation:
    k.rest(lambda frame: None)
    return k


def answer_with(k: Continuation, answer: object) -> Continuation:
    if isinstance(answer, Throw):
        return k.throw(answer.make())
    return k.resume(answer)


@contextmanager
def room_for(item: Feature) -> Iterator[None]:
    """Raise the recursion limit to what the feature needs, traced or not."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, 1_000 + 2 * item.frames))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def advance(
    item: Feature, run: Run, k: Continuation | None, until: int
) -> Continuation:
    """Start or resume until that many answers were given, or it is done."""
    if k is None:
        k = Continuation.start(item.function, *item.arguments)
        if not k.done:
            run.asks.append(k.value)
    while not k.done and len(run.asks) <= until:
        if len(run.asks) > len(item.sends):
            raise TooManyAsks(run.asks[-1])
        k = answer_with(k, item.sends[len(run.asks) - 1])
        if not k.done:
            run.asks.append(k.value)
    return k


def run_as_flow(item: Feature, carry: Carry) -> tuple[Run, BaseException | None]:
    """Run the feature; also return the error that it ended by."""
    run, k = Run(), None
    try:
        with room_for(item):
            while k is None or not k.done:
                k = advance(item, run, k, len(run.asks))
                if not k.done:
                    asked, k = k.value, carry(k)
                    assert k.value == asked
            run.end = k.value
    except Exception as error:
        run.end = ended(error)
        return run, error
    return run, None


def check(item: Feature, carry: Carry) -> None:
    """Run the feature and compare; an error that is not expected comes through."""
    run, error = run_as_flow(item, carry)
    if error is not None and run.end != item.expected.end:
        raise error
    assert run == item.expected, f"{run}\nis not {item.expected}"


def make_cold(item: Feature) -> None:
    """Load the feature's module anew, so that its bytecode never ran."""
    importlib.reload(sys.modules[item.module])


def make_warm(item: Feature) -> None:
    """Run it until the interpreter has specialised its bytecode."""
    runs = WARM_RUNS_LONG if item.long else WARM_RUNS
    with room_for(item):
        for _ in range(runs // 2):
            run_plainly(item)
    for _ in range(runs):
        run_as_flow(item, in_memory)


# --- what may be switched on while a flow runs -------------------------------------


_FILES = re.compile(r"(features|rows)_\w+\.py$|/greenflow/\w+/|^<(greenflow|string)>$")


class Events:
    """What a tracer was told: how often, of which code, and what is still open."""

    def __init__(self) -> None:
        self.count = 0
        self.codes: set[CodeType] = set()
        self.stack: list[FrameType] = []
        self.unbalanced: list[str] = []

    def note(self, code: CodeType) -> None:
        self.count += 1
        self.codes.add(code)

    def note_frame(self, frame: FrameType, event: str) -> None:
        """Note an event; calls and returns of flows and of their host must match."""
        code = frame.f_code
        self.note(code)
        if not _FILES.search(code.co_filename):
            return
        if event == "call":
            self.stack.append(frame)
        elif event == "return" and (not self.stack or self.stack.pop() is not frame):
            self.unbalanced.append(code.co_qualname)


@contextmanager
def nothing() -> Iterator[None]:
    yield None


@contextmanager
def collecting(every: int = 1) -> Iterator[None]:
    """Collect garbage at every allocation, or at every so many.

    What is there before stays frozen: thawing would give it all to later collections.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(every, 1, 1)
    try:
        yield None
    finally:
        gc.set_threshold(*before)


@contextmanager
def traced() -> Iterator[Events]:
    events = Events()

    def tracer(frame: Any, event: str, argument: object) -> Any:
        events.note_frame(frame, event)
        return tracer

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        yield events
    finally:
        sys.settrace(before)


@contextmanager
def profiled() -> Iterator[Events]:
    events = Events()
    before = sys.getprofile()
    sys.setprofile(lambda frame, event, argument: events.note_frame(frame, event))
    try:
        yield events
    finally:
        sys.setprofile(before)


TOOL = 4


@contextmanager
def monitored() -> Iterator[Events]:
    """Every event that there is."""
    events, monitoring = Events(), sys.monitoring
    names = [name for name in dir(monitoring.events) if name.isupper()]
    kinds = [getattr(monitoring.events, name) for name in names if name != "NO_EVENTS"]
    monitoring.use_tool_id(TOOL, "tests")
    for kind in kinds:
        monitoring.register_callback(TOOL, kind, lambda code, *rest: events.note(code))
    monitoring.set_events(TOOL, sum(kinds))
    try:
        yield events
    finally:
        monitoring.set_events(TOOL, 0)
        for kind in kinds:
            monitoring.register_callback(TOOL, kind, None)
        monitoring.free_tool_id(TOOL)


INSTRUMENTS: dict[str, Callable[[], Any]] = {
    "nothing": nothing,
    "collecting": collecting,
    "traced": traced,
    "profiled": profiled,
}
if sys.version_info >= (3, 12):
    INSTRUMENTS["monitored"] = monitored


def watching(instrument: str, item: Feature) -> Any:
    """Return the instrument; what allocates very much is collected less often."""
    if instrument == "collecting" and item.long:
        return collecting(every=500)
    return INSTRUMENTS[instrument]()
