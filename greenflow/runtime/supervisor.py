"""Worker processes, started again when they die, and ended together."""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final

from greenflow.errors import StoreError
from greenflow.runtime.processes import WorkerProcess, end

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from greenflow.store.base import Store

#: One that dies young is started again later and later.
_PAUSE_SECONDS_MIN: Final = 0.1
_PAUSE_SECONDS_MAX: Final = 30.0
_OLD_SECONDS: Final = 10.0
_ENDING: Final = (signal.SIGTERM, signal.SIGINT)


class _Post:
    """One worker process after another."""

    def __init__(self, location: str, arguments: Sequence[str]) -> None:
        self._location, self._arguments = location, arguments
        self._pause = 0.0
        self._next = self._started = 0.0
        self.process: WorkerProcess | None = None

    def fill(self, died: Callable[[WorkerProcess, str], object]) -> None:
        """See if the process died; start one if it is time to."""
        process, now = self.process, time.monotonic()
        if process is not None:
            death = process.death()
            if death is None:
                return
            died(process, death or "it ended")
            young = now - self._started < _OLD_SECONDS
            doubled = max(2 * self._pause, _PAUSE_SECONDS_MIN)
            self._pause = min(doubled, _PAUSE_SECONDS_MAX) if young else 0.0
            self._next, self.process = now + self._pause, None
        if now >= self._next:
            self.process = WorkerProcess(self._location, self._arguments)
            self._started = now


def supervise(
    base: Store, arguments: Sequence[str], count: int, told: Callable[[str], object]
) -> None:
    """Keep ``count`` worker processes running until SIGTERM or SIGINT.

    Then each gets SIGTERM, and SIGKILL if it has not ended after ten seconds. Must be
    called in the main thread.

    Args:
        base: the store they work for, in which their deaths are noted.
        arguments: those of ``greenflow worker``, but for its store.
        count: how many at a time.
        told: hears, in words, of each that died.
    """

    def died(process: WorkerProcess, how: str) -> None:
        told(f"worker {process.pid} died: {how}")
        with suppress(StoreError):  # the others must go on
            base.note_death(process.worker, how)

    signals: SimpleQueue[int] = SimpleQueue()
    watched = (*_ENDING, signal.SIGCHLD)
    before = {
        number: signal.signal(number, lambda got, _: signals.put(got))
        for number in watched
    }
    posts = [_Post(base.location, arguments) for _ in range(count)]
    try:
        while True:
            for post in posts:
                post.fill(died)
            try:
                if signals.get(timeout=_PAUSE_SECONDS_MIN * 5) in _ENDING:
                    return
            except Empty:
                pass
    finally:
        end([post.process for post in posts if post.process is not None])
        for number, handler in before.items():
            signal.signal(number, handler)
