"""A tasklet: a call of an ordinary function that takes turns with others."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self

from greenflow.green import stacks
from greenflow.green.core import (
    Bomb,
    TaskletExit,
    _green,
    error_of,
    raised,
)
from greenflow.green.loop import Loop, here
from greenflow.green.operations import operation

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from greenflow.green.loop import Timer
    from greenflow.green.stacks import Stack

    Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


def _run(self: Tasklet) -> Any:
    """Let it run now; the caller keeps its place. Raises RuntimeError if it waits."""
    self._must_be_free()
    return _green.run_now(self, False)  # C, by position


def _switch(self: Tasklet) -> Any:
    """Let it run now; the caller is paused. Raises RuntimeError if it waits."""
    self._must_be_free()
    return _green.run_now(self, True)  # C, by position


def _throw(
    self: Tasklet,
    exc: object,
    val: object = None,
    tb: object = None,
    pending: bool = False,  # Stackless has it so
) -> Any:
    """Let it raise an exception where it waits, at once, or (``pending``) in its turn.

    Raises:
        RuntimeError: it is not alive. To throw TaskletExit then does nothing.
    """
    return _raise_in(self, raised(exc, val, tb), pending=pending)


def _raise_exception(self: Tasklet, exc: type[BaseException], /, *args: Any) -> Any:
    """Let it raise ``exc(*args)`` where it waits, at once. Raises as throw()."""
    return _raise_in(self, error_of(exc, args), pending=False)


def _kill(self: Tasklet, pending: bool = False) -> Any:
    """End it, by TaskletExit; one that has ended stays so."""
    return _raise_in(self, TaskletExit(), pending=pending) if self.alive else None


def _raise_in(self: Tasklet, error: BaseException, *, pending: bool) -> Any:
    if not self.alive:
        if isinstance(error, TaskletExit):
            return None
        raise RuntimeError("nothing can be raised in a tasklet that is not alive")
    if self is here().current:
        raise error
    self._unlink()
    self.timer = None
    self.tempval = Bomb(error)
    if pending or self._loop is not here():
        self._append()
        return None
    return _green.run_now(self, False)  # C, by position


class Tasklet(_green.Tasklet):
    """A function that runs on a green thread.

        tasklet = Tasklet(work)(1, 2)   # it can run from now on
        run()                           # until nobody can

    It is what Stackless Python calls so, with the same methods and attributes. One that
    does not run can be pickled, wherever it waits, and goes on in any process.

    Attributes:
        name: for people, in messages.
        tempval: what the call that it waits in returns.
        block_trap: whether it raises instead of waiting at a channel.
        priority: 1 has its turns before all others, -1 when no other can run; 0 is
            usual. Among equals it is who waits longest. Where two meet at a channel the
            higher one goes on, and among equals ``preference`` tells who.
    """

    __slots__ = ("__dict__",)

    _loop: Loop
    _stack: Stack | None
    _call: Call | None
    _function: Callable[..., Any] | None
    name: str | None
    timer: Timer | None

    def __init__(
        self,
        func: Callable[..., Any] | None = None,
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        """Bind it to a function, and to its arguments if they are given."""
        if args is not None or kwargs is not None:
            self.bind(func, args, kwargs)
        elif callable(func):
            self._function = func
        elif func is not None:
            raise TypeError(f"a function is needed, not {func!r}")

    def __call__(self, *args: Any, **kwargs: Any) -> Self:
        """Give the function its arguments and let it run in its turn."""
        if self._call is not None or self.alive:
            raise RuntimeError("the tasklet is alive")
        if self._function is None:
            raise TypeError("the tasklet is bound to no function")
        self._call = self._function, args, kwargs
        self._append()
        return self

    setup = __call__

    def bind(
        self,
        func: Callable[..., Any] | None = None,
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> Self:
        """Bind it to a function; with arguments it is alive, and paused.

        Without any it drops what it has done so far, and no ``finally`` of that runs.

        Raises:
            TypeError: ``func`` cannot be called, or is needed.
            RuntimeError: it runs, can run, or waits at a channel; or its stack cannot
                be saved, so it cannot be dropped.
        """
        if func is not None and not callable(func):
            raise TypeError(f"a function is needed, not {func!r}")
        if self.is_current or self.scheduled:
            raise RuntimeError("a tasklet that runs or waits for its turn stays bound")
        if self._green is not None:
            stacks.take_off(self)
        self._stack = self._call = None
        if func is not None:
            self._function = func
        if args is None and kwargs is None:
            self._function = func
        elif self._function is None:
            raise TypeError("the tasklet is bound to no function")
        else:
            self._call = self._function, tuple(args or ()), dict(kwargs or {})
        return self

    # --- its turns ---

    def insert(self) -> Self:
        """Let it run in its turn, behind all. Raises RuntimeError if it waits."""
        self._must_be_free()
        if not self.scheduled:
            self.timer = None
            self._append()
        return self

    def remove(self) -> Self:
        """Take it out of its turn, or its sleep: it is paused.

        Raises RuntimeError if it waits at a channel.
        """
        if self.blocked:
            raise RuntimeError("a tasklet that waits at a channel cannot be removed")
        if self.is_current:
            raise RuntimeError("the current tasklet cannot be removed")
        self.timer = None
        self._unlink()
        return self

    def _must_be_free(self) -> None:
        if self.blocked:
            raise RuntimeError("a tasklet that waits at a channel cannot be run")
        if not self.alive:
            raise RuntimeError("a tasklet that is not alive cannot be run")

    run = operation("run", _run, "Tasklet.run")
    switch = operation("switch", _switch, "Tasklet.switch")
    throw = operation("throw", _throw, "Tasklet.throw")
    raise_exception = operation(
        "raise_exception", _raise_exception, "Tasklet.raise_exception"
    )
    kill = operation("kill", _kill, "Tasklet.kill")

    # --- what it is doing ---

    @property
    def alive(self) -> bool:
        """Whether it has something to do: also if it has not begun."""
        return (
            self._call is not None or self._stack is not None or self._green is not None
        )

    @property
    def paused(self) -> bool:
        """Whether it is alive, but has no turn and does not wait at a channel."""
        return self.alive and not self.scheduled

    @property
    def timer_left(self) -> tuple[float, Any] | None:
        """In how many seconds it goes on, with what, if nothing comes before."""
        if self.timer is None or (self.scheduled and not self.blocked):
            return None  # it waits for its turn only
        return max(0.0, self.timer[0] - time.monotonic()), self.timer[3]

    @property
    def is_current(self) -> bool:
        """Whether it runs, in its thread."""
        return self._loop.current is self

    @property
    def is_main(self) -> bool:
        """Whether its thread began with it."""
        return self._loop.main is self

    @property
    def thread_id(self) -> int:
        """The id of its thread, or -1 if that has ended."""
        return stacks.thread_of(self)

    @property
    def restorable(self) -> bool:
        """Whether it can be saved: it does not run, and its stack can be left."""
        return stacks.is_restorable(self)

    @property
    def frame(self) -> FrameType | None:
        """The frame that it is in, or None if it is in none, or off its stack."""
        return stacks.frame_of(self)

    def set_atomic(self, flag: bool) -> bool:
        """Note that it is not to be interrupted; return what was noted before."""
        before, self._atomic = self._atomic, bool(flag)
        return before

    def set_ignore_nesting(self, flag: bool) -> bool:
        """Note a flag that has no meaning here; return what was noted before."""
        before, self._nesting = self._nesting, bool(flag)
        return before

    def bind_thread(self, thread_id: int | None = None) -> None:
        """Let it belong to another thread, or to this one.

        Raises:
            RuntimeError: it runs or waits, or its stack cannot be moved.
            ValueError: there is no such thread, or it never ran tasklets.
        """
        stacks.move(self, thread_id)

    def __reduce__(self) -> Any:
        from greenflow.green.images import dump_one

        return dump_one(self)

    def __repr__(self) -> str:
        if self.is_main:
            return f"<tasklet main of thread {self.thread_id}>"
        states = ("is_current", "blocked", "scheduled", "paused")
        doing = next((state for state in states if getattr(self, state)), "dead")
        named = self.name or getattr(self._function, "__qualname__", "?")
        return f"<tasklet {named} {doing.removeprefix('is_')} at {id(self):#x}>"

    # --- on its stack ---

    def _enter(self) -> Any:
        return stacks.enter(self)

    def _left(self, context: Any, outcome: Any, error: BaseException | None) -> None:
        stacks.left(self, context, outcome, error)
