"""What is told of tasklets that stand still: a deadlock, one that lets nobody run."""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING, Final

from greenflow.continuation import summary
from greenflow.errors import ChannelDeadlock
from greenflow.green import stacks

if TYPE_CHECKING:
    from types import FrameType

    from greenflow.green.loop import Loop
    from greenflow.green.tasklets import Tasklet

LOG = logging.getLogger("greenflow.green")
_TASKLETS_MAX: Final = 20
_FRAMES_MAX: Final = 8


def deadlock(loop: Loop) -> ChannelDeadlock:
    """Return the error that tells where each tasklet of a thread waits."""
    waiting = [each for each in loop.tasklets() if each.blocked]
    lines = ["Deadlock: the last runnable tasklet cannot be blocked."]
    for each in waiting[:_TASKLETS_MAX]:
        lines.append(f"{each!r} waits{_at(each)}")
        lines += [line.rstrip() for line in _stack_of(each)]
    if len(waiting) > _TASKLETS_MAX:
        lines.append(f"and {len(waiting) - _TASKLETS_MAX} more")
    return ChannelDeadlock(
        "\n".join(lines), hint="a sender or a receiver is missing for one of these"
    )


def _at(tasklet: Tasklet) -> str:
    if tasklet._channel is not None:
        doing = "to send" if tasklet._direction > 0 else "to receive"
        return f" {doing} at {tasklet._channel!r}"
    return f" for {tasklet._cases!r}"


def _stack_of(tasklet: Tasklet) -> list[str]:
    frame = stacks.frame_of(tasklet)
    if frame is not None:
        return traceback.format_stack(frame, _FRAMES_MAX)
    if tasklet._stack is None:
        return []
    places = tasklet._stack.records.places[-_FRAMES_MAX:]
    return traceback.format_list(
        traceback.FrameSummary(
            function.__code__.co_filename,
            summary.position(function.__code__, offset)[0],
            function.__qualname__,
        )
        for function, offset in places
    )


def blocked(tasklet: Tasklet, seconds: float, frame: FrameType | None = None) -> None:
    """Name, in the log, a tasklet that let no other run, and its stack."""
    where = "".join(traceback.format_stack(frame, _FRAMES_MAX)) if frame else ""
    text = "%r has let no other tasklet run for %.1f s\n%s"
    LOG.warning(text, tasklet, seconds, where)


class Watch(threading.Thread):
    """Names, in the log, a tasklet that lets no other run for too long."""

    #: It sends nothing to anybody: a deadlock is one in spite of it.
    watches = True

    def __init__(self, loop: Loop, seconds: float) -> None:
        super().__init__(name="greenflow-watch", daemon=True)
        self._loop, self._seconds = loop, seconds
        self._ended = threading.Event()

    def run(self) -> None:
        """Look, until :meth:`end`."""
        loop, told, since = self._loop, -1, time.monotonic()
        seen = loop.switches
        while not self._ended.wait(self._seconds / 4):
            now = time.monotonic()
            if loop.switches != seen or loop._waiting:
                seen, since = loop.switches, now
            elif now - since >= self._seconds and told != seen and loop._runners:
                told = seen
                self._tell(loop.current, now - since)

    def _tell(self, tasklet: Tasklet, seconds: float) -> None:
        frame: FrameType | None = sys._current_frames().get(self._loop.thread_id)
        blocked(tasklet, seconds, frame)

    def end(self) -> None:
        """Look no more."""
        self._ended.set()
        self.join()
