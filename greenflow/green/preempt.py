"""run() with a watchdog: a tasklet that runs for too long is interrupted at a line.

Lines of Python are counted by a tracer. Where the count is reached the tasklet is taken
off its stack, as a debugger's step is (``frames.abandon``), so it can be saved there.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from greenflow.continuation import frames
from greenflow.errors import GreenflowError
from greenflow.green import stacks
from greenflow.green.core import getcurrent
from greenflow.green.loop import here

if TYPE_CHECKING:
    from types import FrameType

    from greenflow.green.loop import Loop
    from greenflow.green.tasklets import Tasklet


class Watchdog:
    """Counts the lines that the tasklets of a thread run.

    Attributes:
        interrupted: the tasklet that was, or None.
    """

    def __init__(self, loop: Loop, lines: int, *, soft: bool, total: bool) -> None:
        self._loop, self._lines, self._soft, self._total = loop, lines, soft, total
        self._left = lines
        self._switches = loop.switches
        self.interrupted: Tasklet | None = None

    def switched(self) -> None:
        """Be told of a switch: the next tasklet has all its lines."""
        if not self._total:
            self._left = self._lines

    def trace(self, frame: FrameType, event: str, _argument: Any) -> Any:
        """Be told of a line; leave the stack if it is one too many."""
        if event == "call":
            own = frame.f_globals.get("__package__") == __package__
            return None if own else self.trace
        if event == "line":
            self._left -= 1
            if self._left < 0:
                self._reached(frame)
        return self.trace

    def _reached(self, frame: FrameType) -> None:
        loop = self._loop
        me = loop.current
        if me.is_main or me in loop._runners or me.atomic:
            return
        if self._soft:
            loop._steps = 1
            return
        try:
            frames.snapshot(frame, getcurrent().gr_context)
        except (ValueError, GreenflowError):
            return  # it cannot leave here; perhaps at the next line
        self.interrupted, loop._steps = me, 1
        frames.abandon(frame)


def run_watchdog(
    lines: int, *, threads: bool, soft: bool, total: bool
) -> Tasklet | None:
    """Let the tasklets run; return one that ran too many lines without a switch."""
    loop = here()
    if loop.watchdog is not None:
        loop.run(threads=threads)  # only the outermost one counts
        return None
    loop.watchdog = watchdog = Watchdog(loop, lines, soft=soft, total=total)
    for each in loop.tasklets():
        # What was built before a tracer was set is not told of to it (3.11).
        with suppress(GreenflowError):
            stacks.take_off(each)
    before = sys.gettrace()
    sys.settrace(watchdog.trace)
    loop.set_callbacks()
    try:
        loop.run(threads=threads)
    finally:
        sys.settrace(before)
        loop.watchdog = None
        loop.set_callbacks()
    return watchdog.interrupted
