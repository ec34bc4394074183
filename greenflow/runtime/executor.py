"""Runs many flows of a store in one thread, each in a greenlet of its own.

A slice that commits is set aside until its step is on disk, and others run meanwhile. A
flow that waits stays on its stack, warm, for a while: if it is claimed again by this
very process, with no other save in between, it goes on by a greenlet switch.
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack, suppress
from queue import Empty
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from greenflow import limits
from greenflow.errors import BadRecord, FlowNotFound, StackTooDeep, StoreError
from greenflow.runtime import logs
from greenflow.runtime.committer import Claimed, Committer, Written
from greenflow.runtime.deep import make_room
from greenflow.runtime.driving import (
    Commit,
    Left,
    Pause,
    Release,
    Stopped,
    switched_away,
)
from greenflow.runtime.isolation import Isolation
from greenflow.runtime.slice import Slice
from greenflow.runtime.warm import Warm
from greenflow.store.base import Committed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from greenflow.runtime.stores import Store
    from greenflow.store.base import Claim

#: A flow that runs so long at a stretch makes this worker run one at a time: it would
#: keep others waiting that another worker could run.
_LONG_SECONDS: Final = 0.02
#: How often a flow that waits on its stack looks if it can go on.
_PAUSE_SECONDS: Final = 0.02


class Executor:
    """Runs what can run, until it is closed.

    Attributes:
        slices: how many slices were run.
    """

    def __init__(
        self,
        store: Store,
        told: Callable[[str, Exception], object],
        *,
        queues: Sequence[str] | None = None,
        warm: int = limits.WARM_FLOWS_MAX,
        preload: Sequence[str] = (),
    ) -> None:
        """Make one; ``told(flow_id, error)`` hears of flows that cannot go on.

        Args:
            store: whose flows to run.
            told: see above.
            queues: only flows of these.
            warm: how many flows that wait are kept on their stacks.
            preload: modules of the processes of flows that run alone.
        """
        self.slices = 0
        self._store, self._told = store, told
        self._committer = Committer(store.base, queues)
        self._alone = Isolation(store, preload, _log)
        self._stopping = False
        self._running: dict[Slice, None] = {}
        #: Those of them that wait on their stacks, in once() for instance.
        self._paused: set[Slice] = set()
        self._warm = Warm(store.base)
        self._warm_max = warm
        self._at_once = 1
        self._claiming = False
        #: Whether somebody may have made a flow ready since none was.
        self._look = True
        self._damaged: set[str] = set()

    @property
    def busy(self) -> bool:
        """Whether there is anything to wait for but other processes."""
        return bool(self._running) or self._claiming or self._look

    def rung(self) -> None:
        """Hear that a flow may run that could not."""
        self._look = True

    def turn(self) -> None:
        """Do what is to be done now, or wait for the next commit. Not when idle.

        Raises:
            KeyboardInterrupt: in the flow that ran; it is ready again.
            Exception: the store failed.
        """
        self._alone.look()
        self._ask()
        news = self._committer.news
        if self._running or self._claiming:
            if news.empty():
                self._store.base.mark("")
            # Flows that wait on their stacks look by themselves, but not all the time.
            with suppress(Empty):
                self._hear(
                    self._committer.wait(_PAUSE_SECONDS if self._paused else None)
                )
            while not news.empty():
                self._hear(news.get())
        self._begin()
        for paused in list(self._paused):
            self._paused.discard(paused)
            self._switch(paused, None)
        self._alone.look()

    @property
    def hurries(self) -> bool:
        """Whether a flow waits for another one's process to end."""
        return self._alone.waits

    def rest(self) -> None:
        """Be told that there is nothing to do for a while."""
        self._store.base.mark("")
        self._alone.look()
        self._warm.forget_stale()

    def close(self) -> None:
        """Let what runs come to its next save, and take all flows off their stacks."""
        self._stopping = True
        with ExitStack() as stack:
            stack.callback(self._alone.close)
            stack.callback(self._warm.clear)
            stack.callback(self._break_off)
            stack.callback(self._committer.close)
            while self._committer.busy:
                with suppress(StoreError):
                    self._hear(self._committer.news.get())

    def _break_off(self) -> None:
        """Take off their stacks those that run, to go on from their last save."""
        self._paused.clear()
        for running in list(self._running):
            if running.begun:
                with suppress(StoreError):
                    self._switch(running, Stopped("the worker is to end"))

    # --- asking, and hearing the answers ---

    def _ask(self) -> None:
        room = self._at_once - len(self._running)
        if self._look and not self._claiming and room > 0:
            self._look, self._claiming = False, True
            self._committer.claim(room, self._warm.known())

    def _hear(self, news: Written | Claimed) -> None:
        if isinstance(news, Claimed):
            self._claiming = False
            # Where some can run more can.
            self._look |= news.found > 0
            if isinstance(news.error, BadRecord):
                self._tell_damage(news.error)
            elif news.error is not None:
                raise news.error
            return
        outcome = news.outcome
        if self._stopping and isinstance(outcome, Committed) and _may_stop(outcome):
            outcome = Stopped("the worker is to end")
        self._switch(news.slice, outcome, flow_id=news.flow_id)

    def _tell_damage(self, error: BadRecord) -> None:
        if str(error) not in self._damaged:
            self._damaged.add(str(error))
            self._told("", error)

    def _begin(self) -> None:
        """Let the claimed flows go on, each to its next commit."""
        while len(self._running) < self._at_once:
            claim = self._committer.begin()
            if claim is None:
                return
            self._go_on(claim)

    def _go_on(self, claim: Claim) -> None:
        kept = self._warm.take(claim)
        if claim.record.killer:
            self._alone.start(claim)
        elif kept is not None:
            self._running[kept] = None
            self._switch(kept, claim)
        else:
            running = Slice(self._store, self._with_state(claim))
            self._running[running] = None
            self._switch(running)

    def _with_state(self, claim: Claim) -> Claim:
        """Return the claim with the state that was left out of it: it is not warm."""
        if not claim.state:
            with suppress(BadRecord):  # without it the flow goes to the hospital
                state = self._store.base.state(claim.record.id)
                return replace(claim, state=state)
        return claim

    # --- running ---

    def _switch(self, running: Slice, *given: Any, flow_id: str = "") -> None:
        """Let a slice run until it asks for something that takes time.

        ``flow_id`` is the flow that runs then, if it is another one, run inside it.
        """
        base = self._store.base
        base.mark(flow_id or running.id)
        began = time.monotonic()
        try:
            request = running.host.switch(*given)
            while not running.host.dead:
                if isinstance(request, Commit):
                    claim = request.slice.claim
                    self._committer.commit(running, claim, request.prepared)
                    return
                if isinstance(request, Left):
                    self._keep(running)
                    return
                if isinstance(request, Pause):
                    self._paused.add(running)
                    return
                if isinstance(request, Release):
                    base.release(running.claim)
                    request = running.host.switch()
                else:
                    request = running.host.throw(switched_away(running.id))
        except BaseException as error:
            self._running.pop(running, None)
            with suppress(StoreError, BadRecord):
                base.release(running.claim)
            if isinstance(error, BadRecord):
                self._tell_damage(error)
            elif not isinstance(error, Stopped):
                raise
            return
        finally:
            self._pace(time.monotonic() - began)
        del self._running[running]
        self._ended(running, request)

    def _pace(self, seconds: float) -> None:
        more = min(self._at_once * 2, limits.FLOWS_AT_ONCE_MAX)
        self._at_once = 1 if seconds > _LONG_SECONDS or _is_watched() else more

    def _ended(self, running: Slice, error: Exception | None) -> None:
        if error is None:
            self.slices += 1
        elif not isinstance(error, StackTooDeep) or not self._makes_room(running.id):
            self._told(running.id, error)
        self._look = True

    def _makes_room(self, flow_id: str) -> bool:
        with suppress(FlowNotFound, BadRecord):
            return make_room(self._store.base, flow_id)
        return False

    def _keep(self, running: Slice) -> None:
        del self._running[running]
        self.slices += 1
        self._look = True
        self._warm.keep(running, 0 if _is_watched() else self._warm_max)


def _log(text: str) -> None:
    logs.LOG.warning("%s", text)


def _is_watched() -> bool:
    """Return whether a tracer or profiler is set, which wants one stack at a time."""
    return sys.gettrace() is not None or sys.getprofile() is not None


def _may_stop(outcome: Committed) -> bool:
    """Return whether the flow runs on, and may be stopped here."""
    waiting = outcome.record.waiting
    intends = waiting is not None and waiting.kind == "intent"
    return outcome.record.status == "running" and not intends
