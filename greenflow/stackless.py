"""Stackless Python's module ``stackless``, for programs that were written for it.

    import greenflow.stackless as stackless

    def worker(channel):
        for item in channel:
            print(item)

    stackless.tasklet(worker)(channel)
    stackless.run()

Names and meanings are those of Stackless Python 3.8. docs/stackless.md has them all,
each with its test, and tells where this one differs.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

from greenflow.green import Bomb as bomb
from greenflow.green import Channel as channel
from greenflow.green import Tasklet as tasklet
from greenflow.green import TaskletExit, here, schedule, schedule_remove
from greenflow.green.core import _green, raised
from greenflow.green.loop import loop_of, threads_known
from greenflow.green.preempt import run_watchdog as _run_watchdog

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType, TracebackType

    Callback = Callable[..., object] | None

__all__ = [
    "PICKLEFLAGS_PRESERVE_AG_FINALIZER",
    "PICKLEFLAGS_PRESERVE_TRACING_STATE",
    "PICKLEFLAGS_RESET_AG_FINALIZER",
    "TaskletExit",
    "atomic",
    "bomb",
    "channel",
    "current",
    "enable_softswitch",
    "get_channel_callback",
    "get_schedule_callback",
    "get_thread_info",
    "getcurrent",
    "getcurrentid",
    "getmain",
    "getruncount",
    "getthreads",
    "main",
    "make_bomb",
    "pickle_flags",
    "pickle_flags_default",
    "run",
    "runcount",
    "schedule",
    "schedule_remove",
    "set_channel_callback",
    "set_schedule_callback",
    "switch_trap",
    "tasklet",
    "threads",
]

#: What these say of tracing and of async generators is kept, and has no effect.
PICKLEFLAGS_PRESERVE_TRACING_STATE = 1
PICKLEFLAGS_PRESERVE_AG_FINALIZER = 2
PICKLEFLAGS_RESET_AG_FINALIZER = 4
_FLAGS = 7

current: tasklet
main: tasklet
runcount: int
threads: list[int]

_callbacks: dict[str, Callback] = {}
_flags = {"default": 0}
_local = threading.local()


def run(
    timeout: int = 0,
    threadblock: bool = False,
    soft: bool = False,
    ignore_nesting: bool = False,
    totaltimeout: bool = False,
) -> tasklet | None:
    """Let the tasklets run until none can, or one has run for too long.

    Args:
        timeout: how many lines of Python one may run without a switch; 0 is any
            number. Stackless counts instructions.
        threadblock: wait for other threads when nobody can run.
        soft: return at the next switch, and interrupt nobody.
        ignore_nesting: has no meaning here.
        totaltimeout: the timeout is one for all tasklets together.

    Returns:
        The tasklet that was interrupted; it is paused then. None if none was.

    Raises:
        BaseException: what a tasklet raised and did not catch.
    """
    if timeout < 0:
        raise ValueError(f"timeout must not be negative: {timeout}")
    if not timeout:
        here().run(threads=threadblock)
        return None
    return _run_watchdog(timeout, threads=threadblock, soft=soft, total=totaltimeout)


def getcurrent() -> tasklet:
    """Return the tasklet that runs in this thread."""
    return here().current


def getmain() -> tasklet:
    """Return the tasklet that this thread began with."""
    return here().main


def getcurrentid() -> int:
    """Return the id of the tasklet that runs."""
    return id(here().current)


def getruncount() -> int:
    """Return how many tasklets of this thread can run, the current one among them."""
    return here().runcount


def getthreads() -> list[int]:
    """Return the ids of the threads that have tasklets, this one's first."""
    own = here().thread_id
    return [own, *(each for each in threads_known() if each != own)]


def get_thread_info(thread_id: int = -1) -> tuple[tasklet, tasklet, int]:
    """Return main tasklet, current tasklet and run count of a thread."""
    loop = here() if thread_id == -1 else loop_of(thread_id)
    return loop.main, loop.current, loop.runcount


def set_schedule_callback(callable: Callback) -> Callback:  # noqa: A002
    """Call ``callable(previous, next)`` at each switch of this thread; None ends it.

    Returns the one before.
    """
    loop = here()
    before, loop.callback = loop.callback, callable
    loop.set_callbacks()
    return before


def get_schedule_callback() -> Callback:
    """Return what :func:`set_schedule_callback` was given."""
    return here().callback


def set_channel_callback(callable: Callback) -> Callback:  # noqa: A002
    """Call ``callable(channel, tasklet, sending, willblock)`` at each send and receive.

    None for no more. Returns the one before.
    """
    _callbacks["channel"] = callable
    before: Callback = _green.set_channel_callback(callable)
    return before


def get_channel_callback() -> Callback:
    """Return what :func:`set_channel_callback` was given."""
    return _callbacks.get("channel")


def switch_trap(change: int = 0) -> int:
    """Add to the level at which switches raise RuntimeError unless it is 0.

    Returns the level before.
    """
    loop = here()
    before: int = loop._trap
    loop._trap = before + change
    return before


def enable_softswitch(flag: bool | None) -> bool:
    """Return True: a tasklet that waits can always leave its stack, or never could."""
    return True


def pickle_flags_default(new_default: int = -1, mask: int = -1) -> int:
    """Return, and set, flags that have no effect here."""
    return _set_flags(_flags, "default", new_default, mask)


def pickle_flags(new_flags: int = -1, mask: int = -1) -> int:
    """Return, and set, flags of this thread that have no effect here."""
    _local.__dict__.setdefault("flags", _flags["default"])
    return _set_flags(_local.__dict__, "flags", new_flags, mask)


def _set_flags(kept: dict[str, int], name: str, new: int, mask: int) -> int:
    before = kept[name]
    if new != -1:
        mask = _FLAGS if mask == -1 else mask
        if new & ~_FLAGS or mask & ~_FLAGS:
            raise ValueError(f"unknown flags: {new:#x}")
        kept[name] = (before & ~mask) | (new & mask)
    return before


def make_bomb(exc: object = None, val: object = None, tb: object = None) -> bomb:
    """Return an exception as a value, the one that is being handled by default."""
    return bomb(raised(*(sys.exc_info() if exc is None else (exc, val, tb))))


class atomic:
    """``with atomic():`` notes that the current tasklet is not to be interrupted."""

    def __enter__(self) -> None:
        self._before = here().current.set_atomic(True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        here().current.set_atomic(self._before)


_ATTRIBUTES: dict[str, Callable[[], Any]] = {
    "current": getcurrent,
    "main": getmain,
    "runcount": getruncount,
    "threads": getthreads,
    "pickle_with_tracing_state": lambda: bool(pickle_flags() & 1),
}


def __getattr__(name: str) -> Any:
    if name in _ATTRIBUTES:
        return _ATTRIBUTES[name]()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def install() -> ModuleType:
    """Let ``import stackless`` mean this module; return it."""
    sys.modules["stackless"] = sys.modules[__name__]
    return sys.modules[__name__]
