"""Work on large values, in a few threads if there is much of it."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final

from greenflow._pages import room
from greenflow.store.spans import AT_ONCE, BLOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Less is not worth another thread.
_THREAD_BYTES_MIN: Final = 4 * 1024 * 1024
_THREADS_MAX: Final = 4


def spread(tasks: Sequence[Callable[[memoryview], None]], total_bytes: int) -> None:
    """Do all tasks, in some threads if that is faster. Raises what the first raises."""
    left = iter(tasks)  # threads take from it one after the other
    failed: list[BaseException] = []

    def work() -> None:
        _, copy = room(BLOCK * AT_ONCE, True)
        try:
            for task in left:
                if failed:
                    return
                task(copy)
        except BaseException as error:
            failed.append(error)

    count = min(len(os.sched_getaffinity(0)), _THREADS_MAX, len(tasks))
    others = []
    if total_bytes >= _THREAD_BYTES_MIN:
        others = [threading.Thread(target=work) for _ in range(count - 1)]
    for thread in others:
        thread.start()
    work()
    for thread in others:
        thread.join()
    if failed:
        raise failed[0]
