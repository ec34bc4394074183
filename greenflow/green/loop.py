"""The scheduler of one thread: who runs, until when, and what is waited for."""

from __future__ import annotations

import heapq
import threading
import time
import weakref
from itertools import count
from typing import TYPE_CHECKING, Any, Final, cast

from greenflow.green.core import (
    IDLE,
    LEAVE,
    LIMIT,
    Bomb,
    _green,
    getcurrent,
)
from greenflow.later import later

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.green import flows, reports, stacks, tasklets
    from greenflow.green.preempt import Watchdog
    from greenflow.green.tasklets import Tasklet
else:
    flows = later(__name__, "greenflow.green.flows")
    reports = later(__name__, "greenflow.green.reports")
    stacks = later(__name__, "greenflow.green.stacks")
    tasklets = later(__name__, "greenflow.green.tasklets")

#: A timer: when, a number that tells equal ones apart, who, and what it is given.
Timer = tuple[float, int, "Tasklet", Any]
_numbers = count()


class _Thread(threading.local):
    #: The loop of this thread.
    home: Loop | None = None


_thread = _Thread()
#: The same, by the ids of threads.
_loops: weakref.WeakValueDictionary[int, Loop] = weakref.WeakValueDictionary()
#: Loops whose threads sleep until another thread wakes them.
_asleep: set[Loop] = set()
_FOREVER: Final = 0.0
#: So many may be there before those are looked for that are not waited for.
_TIMERS: Final = 64
#: A thread may end without a word: how often others are looked for.
POLL_SECONDS: Final = 0.05


class Loop(_green.Loop):
    """The tasklets of one thread, of which one runs at a time.

    Attributes:
        callback: called as ``callback(before, after)`` at each switch, or None.
        wake: tells an event loop, which hosts this one, that somebody can run.
        awaiting: how many wait for coroutines.
        watchdog: what interrupts those that run for too long, or None.
        saver: who ordered one of them to save itself, while it does.
        ordered: that one.
        patience: a tasklet that lets no other run for so many seconds is named in the
            log ``greenflow.green`` when it does; 0 for none.
        of_flow: whether it is of a flow of a store, not of a thread.
    """

    current: Tasklet
    main: Tasklet

    def __init__(self, *, of_flow: bool = False) -> None:
        super().__init__()
        self.of_flow = of_flow
        self.saver: Any = None
        self.ordered: Tasklet | None = None
        self.callback: Callable[[Tasklet, Tasklet], object] | None = None
        self.wake: Callable[[], object] | None = None
        self.awaiting = 0
        self.watchdog: Watchdog | None = None
        self._timers: list[Timer] = []
        self._timers_max = _TIMERS
        self._until = _FOREVER
        self._event = threading.Event()

    @classmethod
    def _find(cls) -> Loop:
        """Called by the core: the loop of who asks, which is made if there is none."""
        home = flows.home_of(getcurrent())
        holder = _thread if home is None else home
        if holder.home is None:
            holder.home = loop = cls(of_flow=home is not None)
            loop._adopt(tasklets.Tasklet.__new__(tasklets.Tasklet))
            if home is None:
                _loops[loop.thread_id] = loop
        found: Loop = holder.home
        return found

    def _was_blocked(self, tasklet: Tasklet, seconds: float) -> None:
        """Called by the core when one that ran for too long lets others run."""
        reports.blocked(tasklet, seconds)

    def set_callbacks(self) -> None:
        """Let the core tell of switches to those who asked for it, if any did."""
        asked = self.callback is not None or self.watchdog is not None
        self._callback = self._switched if asked else None

    def _switched(self, before: Tasklet, after: Tasklet) -> None:
        if self.watchdog is not None:
            self.watchdog.switched()
        if self.callback is not None:
            self.callback(before, after)

    def tasklets(self) -> list[Tasklet]:
        """Return all that there are of this thread and alive, the oldest first."""
        known = [each for each in self.known if isinstance(each, tasklets.Tasklet)]
        return [each for each in reversed(known) if each.alive]

    # --- timers ---

    def arm(self, tasklet: Tasklet, seconds: float, value: Any = None) -> None:
        """Let a tasklet go on after a time, with a value, if nothing comes first."""
        timer = (time.monotonic() + seconds, next(_numbers), tasklet, value)
        tasklet.timer = timer
        if len(self._timers) > self._timers_max:
            # Waits that ended early would be kept until their times.
            self._timers = [each for each in self._timers if each[2].timer is each]
            heapq.heapify(self._timers)
            self._timers_max = max(_TIMERS, 2 * len(self._timers))
        heapq.heappush(self._timers, timer)
        self._set_alarm()

    def _set_alarm(self) -> None:
        timers = self._timers
        while timers and timers[0][2].timer is not timers[0]:
            heapq.heappop(timers)
        at = [each for each in (self._until, timers[0][0] if timers else 0) if each]
        self._alarm_at = min(at, default=0.0)

    def _fire(self) -> None:
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            timer = heapq.heappop(self._timers)
            _, _, tasklet, value = timer
            if tasklet.timer is timer:
                tasklet.timer = None
                tasklet._wake(value)  # unless what it waited for came before
        self._set_alarm()

    def _alarm(self) -> bool:
        """Called by the core when the time of the alarm has come."""
        self._fire()
        return bool(self._until) and time.monotonic() >= self._until

    # --- when nobody can run ---

    def _bell(self) -> None:
        self._event.set()
        if self.wake is not None:
            self.wake()

    def seconds_left(self) -> float | None:
        """Return how long the first sleeper sleeps; None if there is none."""
        self._set_alarm()
        return max(0.0, self._alarm_at - time.monotonic()) if self._timers else None

    def fire(self) -> None:
        """Let those run whose time has come."""
        self._fire()

    def _sleep_until(self, end: float) -> None:
        """Sleep until somebody can run or it is time; raises nothing but signals."""
        self._event.clear()
        self._waiting = True
        _asleep.add(self)
        try:
            if self.runcount == 0:
                left = end - time.monotonic() if end else None
                if left is None or left > 0:
                    self._event.wait(left)
        finally:
            _asleep.discard(self)
            self._waiting = False
            self._since = 0.0

    def _may_be_woken(self) -> bool:
        """Whether there is a thread that may still send something here."""
        if self.of_flow:
            return False  # it is what the flow itself does, wherever it runs
        sleeping = {
            each.thread_id
            for each in list(_asleep)
            if each.runcount == 0 and not each._alarm_at
        }
        return any(
            each.ident not in sleeping
            and each.is_alive()  # the first one has ended while the rest is waited for
            and not getattr(each, "watches", False)
            for each in threading.enumerate()
            if each is not threading.current_thread()
        )

    def _may_be_sent(self) -> bool:
        """Whether somebody waits here for what another thread may send."""
        return any(each.blocked for each in self.tasklets()) and self._may_be_woken()

    def _idle(self) -> None:
        """Called by the core: the main tasklet waits, and nobody can run.

        Raises:
            ChannelDeadlock: nobody can wake it.
        """
        while self.runcount == 0:
            self._set_alarm()
            if not self._alarm_at and not self._may_be_woken():
                raise reports.deadlock(self)
            self._sleep_until(self._alarm_at or time.monotonic() + POLL_SECONDS)
            self._fire()

    # --- run() ---

    def run(
        self,
        seconds: float | None = None,
        steps: int | None = None,
        *,
        threads: bool = False,
    ) -> bool:
        """Let the others run until none can, or a limit is reached; see green.run()."""
        me = self.current
        if not self._runners:
            self._steps = -1 if steps is None else steps + 1
            if seconds is not None:
                self._until = time.monotonic() + seconds
        self._runners.append(me)
        me._unlink()
        self._set_alarm()
        try:
            return self._run(threads=threads)
        finally:
            self._runners.remove(me)
            me._put_first()
            if not self._runners:
                self._steps, self._until = -1, _FOREVER
                self._set_alarm()

    def _run(self, *, threads: bool) -> bool:
        while True:
            answer = _green.switch()
            while answer is LEAVE:
                answer = stacks.refuse(self, "it runs others")
            if answer is LIMIT:
                return True
            if answer is not IDLE or not self._wait_for_more(threads=threads):
                return bool(self._until) and time.monotonic() >= self._until

    def _wait_for_more(self, *, threads: bool) -> bool:
        """Sleep if somebody may run later; return False if nobody will, or in time."""
        if self.runcount:
            return True
        if self.wake is not None or (self._until and time.monotonic() >= self._until):
            return False
        self._set_alarm()
        if not self._timers and not (threads and self._may_be_sent()):
            return False
        self._sleep_until(self._alarm_at or time.monotonic() + POLL_SECONDS)
        self._fire()
        return True

    def fail(self, error: BaseException) -> None:
        """Let the main tasklet raise an error that nobody caught, next of all."""
        main = self.main
        main._unlink()
        main.timer = None
        main.tempval = Bomb(error)
        main._put_first()
        self._pick(main)


def here() -> Loop:
    """Return the scheduler of this thread."""
    return cast("Loop", _green.here())


def loop_of(thread_id: int) -> Loop:
    """Return the scheduler of another thread. Raises ValueError: it has none."""
    try:
        return _loops[thread_id]
    except KeyError:
        raise ValueError(f"thread {thread_id} never ran tasklets") from None


def threads_known() -> list[int]:
    """Return the ids of the threads that have a scheduler and run."""
    running = {each.ident for each in threading.enumerate()}
    return [each for each in _loops if each in running]
