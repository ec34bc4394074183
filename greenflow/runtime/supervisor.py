"""Worker processes, started again when they die, and ended together."""

from __future__ import annotations

import signal
import subprocess
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: How long a worker may go on with its slice when all are to end.
_END_SECONDS: Final = 10.0
#: One that dies young is started again later and later.
_PAUSE_SECONDS_MIN: Final = 0.1
_PAUSE_SECONDS_MAX: Final = 30.0
_OLD_SECONDS: Final = 10.0
_ENDING: Final = (signal.SIGTERM, signal.SIGINT)


class _Post:
    """One worker process after another."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._pause = 0.0
        self._next = self._started = 0.0
        self.process: subprocess.Popen[bytes] | None = None

    def fill(self, told: Callable[[str], object]) -> None:
        """See if the process died; start one if it is time to."""
        process, now = self.process, time.monotonic()
        if process is not None:
            if process.poll() is None:
                return
            told(f"worker {process.pid} died: {_how(process.returncode)}")
            young = now - self._started < _OLD_SECONDS
            doubled = max(2 * self._pause, _PAUSE_SECONDS_MIN)
            self._pause = min(doubled, _PAUSE_SECONDS_MAX) if young else 0.0
            self._next, self.process = now + self._pause, None
        if now >= self._next:
            self.process = subprocess.Popen(self._command)
            self._started = now


def supervise(
    command: Sequence[str], count: int, told: Callable[[str], object]
) -> None:
    """Keep ``count`` processes of ``command`` running until SIGTERM or SIGINT.

    Then each gets SIGTERM, and SIGKILL if it has not ended after ten seconds. Must be
    called in the main thread.

    Args:
        command: what to run.
        count: how many at a time.
        told: hears, in words, of each that died.
    """
    signals: SimpleQueue[int] = SimpleQueue()
    watched = (*_ENDING, signal.SIGCHLD)
    before = {
        number: signal.signal(number, lambda got, _: signals.put(got))
        for number in watched
    }
    posts = [_Post(command) for _ in range(count)]
    try:
        while True:
            for post in posts:
                post.fill(told)
            try:
                if signals.get(timeout=_PAUSE_SECONDS_MIN * 5) in _ENDING:
                    return
            except Empty:
                pass
    finally:
        _end(posts)
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(posts: Sequence[_Post]) -> None:
    running = [post.process for post in posts if post.process is not None]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + _END_SECONDS
    for process in running:
        try:
            process.wait(max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
