"""The tasklets of this thread as a whole: run, save and load all of them."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenflow.green import images
from greenflow.green.loop import here
from greenflow.green.reports import Watch
from greenflow.green.tasklets import Tasklet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def run(
    seconds: float | None = None, steps: int | None = None, *, threads: bool = False
) -> bool:
    """Let the tasklets of this thread run until none can; sleepers are waited for.

    Args:
        seconds: return after that time, at the next switch.
        steps: return after that many switches.
        threads: also wait for what tasklets of other threads may send.

    Returns:
        Whether a limit ended it.

    Raises:
        BaseException: what a tasklet raised and did not catch.
    """
    return here().run(seconds, steps, threads=threads)


def spawn(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Tasklet:
    """Return a new tasklet that calls the function in its turn."""
    return Tasklet(function)(*args, **kwargs)


@contextmanager
def watch(seconds: float = 1.0) -> Iterator[None]:
    """Name, in the log ``greenflow.green``, a tasklet that lets no other run for long.

    That is done while it runs, with its stack, by a thread. Without this a tasklet is
    named, too, when it lets others run at last after ``here().patience`` seconds.

    Args:
        seconds: how long it may run without a switch.
    """
    loop = here()
    watcher, patience = Watch(loop, seconds), loop.patience
    loop.patience = 0.0
    watcher.start()
    try:
        yield
    finally:
        watcher.end()
        loop.patience, loop._since = patience, 0.0


class Runtime:
    """All tasklets of this thread at once, as an image is of a Smalltalk."""

    @staticmethod
    def snapshot(path: str | os.PathLike[str]) -> int:
        """Write all tasklets of this thread that are alive to a file; return how many.

        With them go the channels and objects that they use, and the order in which they
        run. The caller itself is no part of it. The file is there whole or not at all.

        Raises:
            OSError: it cannot be written.
            NotSaveable, NotSuspendable, ContinuationError: as by ``dumps()``.
        """
        loop = here()
        alive = [each for each in loop.tasklets() if each is not loop.current]
        alive = [each for each in alive if not each.is_main]
        data = images.dumps(alive)
        target = Path(path)
        beside = target.with_name(f"{target.name}.{os.getpid()}.new")
        try:
            with beside.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
        return len(alive)

    @staticmethod
    def restore(path: str | os.PathLike[str]) -> list[Tasklet]:
        """Load what :meth:`snapshot` wrote; the tasklets go on in the next run().

        Returns the tasklets. Loading runs code: load only what you trust.

        Raises:
            OSError: it cannot be read.
            BadRecord, WrongInterpreter, CodeChanged, ...: as by ``loads()``.
        """
        tasklets: list[Tasklet] = images.loads(Path(path).read_bytes())
        return tasklets

    run = staticmethod(run)
    spawn = staticmethod(spawn)
