"""Tasklets inside a flow of a store: they are the flow's own, and are saved with it.

Each flow has a loop, which lives at the greenlet of its slice (``home``). Those of its
tasklets that can run, or sleep, lie in a context variable of the flow, which is part of
its state; those that wait at channels lie in the channels.
"""

from __future__ import annotations

from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from greenflow.continuation.context import name_variable
from greenflow.errors import ContinuationError, NotSuspendable
from greenflow.green import stacks

if TYPE_CHECKING:
    from greenlet import greenlet

    from greenflow.continuation import Continuation
    from greenflow.green.loop import Loop
    from greenflow.green.tasklets import Tasklet

    #: Who goes on, and if not in its turn, in how many seconds, with which value.
    Turn = tuple[Tasklet, tuple[float, Any] | None]

_TURNS: ContextVar[tuple[Turn, ...]] = ContextVar("greenflow_turns", default=())
name_variable(_TURNS, "tasklets_in_turn")


def home_of(here: greenlet | None) -> Any:
    """Return the greenlet of the slice that this one is part of, or None."""
    while here is not None and not hasattr(here, "home"):
        here = here.parent
    return here


def note(loop: Loop) -> None:
    """Let a flow that is about to be saved, in its own context, know its turns."""
    turns = tuple(_turns(loop))
    if turns or _TURNS.get():
        _TURNS.set(turns)


def _turns(loop: Loop) -> list[Turn]:
    in_turn: list[Turn] = [(each, None) for each in loop.runnable if not each.is_main]
    timers = [(each, each.timer_left) for each in loop.tasklets()]
    return in_turn + [(each, left) for each, left in timers if left is not None]


def go_on(loop: Loop, continuation: Continuation) -> None:
    """Let the tasklets of a flow that was loaded have the turns of :func:`note`."""
    for tasklet, timer in continuation.variable(_TURNS) or ():
        if timer is None:
            tasklet.insert()
        else:
            loop.arm(tasklet, *timer)


def drop(loop: Loop) -> None:
    """Forget the tasklets of a flow that left its stack or ended."""
    for each in loop.tasklets():
        if not each.is_main:
            with suppress(ContinuationError, NotSuspendable):
                stacks.take_off(each)
            each._unlink()
            each._stack = each._call = each.timer = None
