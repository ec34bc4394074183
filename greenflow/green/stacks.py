"""The stack of a tasklet: it begins, ends, leaves its greenlet and is put on another.

A tasklet that waits is on a greenlet's stack. To save it, it is woken with the order to
save itself: the call that it waits in, which is an ``Operation``, captures its frames
and takes them off. From then on it is a value, and goes on in a new greenlet.
"""

from __future__ import annotations

import sys
import threading
from contextvars import Context
from types import FunctionType
from typing import TYPE_CHECKING, Any

from greenflow.continuation import Continuation, frames, tags
from greenflow.continuation.generators import forget
from greenflow.errors import ContinuationError, NotSuspendable
from greenflow.green.core import (
    LEAVE,
    GreenletExit,
    TaskletExit,
    getcurrent,
)
from greenflow.green.loop import here

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from greenflow.continuation.frames import Records
    from greenflow.green.loop import Loop
    from greenflow.green.tasklets import Tasklet

    Entry = tuple[Context, Callable[..., Any], tuple[Any, ...]]


class Stack:
    """Frames that were taken off: what :class:`Continuation` is to stored flows."""

    __slots__ = ("context", "records", "waiting")

    def __init__(
        self, records: Records, context: Context, waiting: list[Any] | None = None
    ) -> None:
        self.records, self.context = records, context
        #: Generators among its values that are to go without their ``finally``.
        self.waiting = waiting or []

    def continuation(self) -> Continuation:
        """Return it as what picklers of ours save."""
        return Continuation("suspended", None, None, self.records, self.context)

    @classmethod
    def of(cls, continuation: Continuation) -> Stack:
        """Return the stack of a continuation that was loaded."""
        records = continuation.held_records()
        assert records is not None
        return cls(records, continuation._context)

    def going_on(self, tasklet: Tasklet) -> Entry:
        """Return how it goes on, with what the tasklet is given."""
        for each in self.waiting:
            frames.generator_recall(each)
        error: BaseException | None = None
        try:
            value = tasklet._take()
        except BaseException as raised:  # it is raised on the stack
            value, error = None, raised
        return self.context, frames.resume, (self.records, value, error, None)


# --- from its first instruction to its end ---


def _called(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Be the first frame of a tasklet whose function has none, as ``channel.send``."""
    return function(*args, **kwargs)


tags.register("called_in_tasklet", _called)


def enter(tasklet: Tasklet) -> Entry:
    """Return what the tasklet's greenlet is to call: context, function, arguments.

    Raises:
        BaseException: what it was thrown before it began.
    """
    stack, tasklet._stack = tasklet._stack, None
    if stack is not None:
        return stack.going_on(tasklet)
    tasklet._take()
    call, tasklet._call = tasklet._call, None
    assert call is not None
    if not isinstance(getattr(call[0], "__func__", call[0]), FunctionType):
        call = _called, call, {}
    return Context(), frames.start, (*call, None)


def left(
    tasklet: Tasklet,
    context: Context,
    outcome: tuple[bool, Any, Records | None] | None,
    error: BaseException | None,
) -> None:
    """Let another greenlet go on when this one, whose tasklet left it, ends."""
    loop = here()
    records = None if outcome is None else outcome[2]
    tasklet._green = None
    tasklet._stack = None if records is None else Stack(records, context)
    if isinstance(error, GreenletExit):
        tasklet._unlink()
        return  # nobody refers to it: it does not matter who runs
    if loop.ordered is tasklet:
        loop.ordered = None
        getcurrent().parent = loop.saver
        return
    if error is not None and not isinstance(error, TaskletExit):
        loop.fail(error)
    if records is None:
        tasklet._end()
    else:
        tasklet._leave()


# --- off its stack ---


def order(taken: Records | BaseException) -> object:
    """Called by the core on the stack that was told to save itself.

    Returns LEAVE to take it off, or else what the call returns that it waits in.
    """
    loop = here()
    tasklet = loop.ordered
    assert tasklet is not None
    tasklet._ordered = False
    if isinstance(taken, BaseException):
        return _wait_on(loop, tasklet, taken)
    return LEAVE


def _wait_on(loop: Loop, tasklet: Tasklet, error: BaseException) -> object:
    loop.ordered = None
    loop.saver.switch(error)
    return tasklet._take()


def refuse(loop: Loop, why: str) -> Any:
    """Tell who ordered it that this tasklet cannot be saved; return in its turn.

    Returns what it is given then: LEAVE if it is ordered again.
    """
    tasklet = loop.ordered
    assert tasklet is not None
    tasklet._ordered = False
    loop.ordered = None
    loop.saver.switch(NotSuspendable(f"{tasklet!r} cannot be saved now: {why}"))
    return tasklet._take()


def take_off(tasklet: Tasklet) -> None:
    """Take a tasklet off its greenlet's stack; nothing of it runs.

    Raises:
        ContinuationError: it runs, or is of another thread.
        NotSuspendable: its stack holds C code that cannot be entered again.
    """
    loop = here()
    if tasklet._green is None:
        return
    if tasklet is loop.current or tasklet.is_main:
        raise ContinuationError(
            f"{tasklet!r} runs, and cannot be saved",
            hint="save it from another tasklet, or from the main one, while it waits",
        )
    if tasklet._loop is not loop:
        raise ContinuationError(
            f"{tasklet!r} is of another thread",
            hint="save it in the thread that runs it",
        )
    loop.saver, loop.ordered = getcurrent(), tasklet
    tasklet._ordered = True
    refusal = tasklet._green.switch()
    if refusal is not None:
        raise refusal


def forget_waiting(stack: Stack, generators: list[Any]) -> None:
    """Let generators that live on in a saved copy go without their ``finally``."""
    stack.waiting += forget(generators)


# --- to look at ---


def is_restorable(tasklet: Tasklet) -> bool:
    """Whether it can be saved; to know it, it is taken off its stack."""
    if tasklet.is_main or tasklet.is_current:
        return False
    try:
        take_off(tasklet)
    except (ContinuationError, NotSuspendable):
        return False
    return True


def frame_of(tasklet: Tasklet) -> FrameType | None:
    """Return the innermost frame that is the tasklet's own."""
    frame: FrameType | None
    if tasklet is here().current:
        frame = sys._getframe(2)
    elif tasklet._green is None:
        return None
    else:
        frame = tasklet._green.gr_frame
    while frame is not None and frame.f_globals.get("__package__") == __package__:
        frame = frame.f_back
    return frame


def thread_of(tasklet: Tasklet) -> int:
    """Return the id of its thread, or -1."""
    thread = tasklet._loop.thread_id
    return thread if any(each.ident == thread for each in threading.enumerate()) else -1


def move(tasklet: Tasklet, thread_id: int | None) -> None:
    """Let a tasklet belong to another thread: see Tasklet.bind_thread()."""
    from greenflow.green.loop import loop_of

    if tasklet.is_current or tasklet.is_main or tasklet.scheduled:
        raise RuntimeError("a tasklet that runs or waits cannot change its thread")
    loop = here() if thread_id is None else loop_of(thread_id)
    try:
        take_off(tasklet)
    except (ContinuationError, NotSuspendable) as error:
        raise RuntimeError(f"its stack cannot be moved: {error}") from error
    tasklet._loop = loop
