"""The thread of a worker that writes: what many slices ask for, in one transaction.

What is asked for gathers until the thread that runs flows has nothing left to do but
wait, so a busy worker pays one trip to the disk for many steps. Both threads share one
interpreter: a transaction beside running flows would wait for its turn at every read
and write. A flow that runs on and on keeps the others' steps waiting for a moment only.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

import msgspec

from greenflow import limits
from greenflow.errors import BadRecord, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenflow.runtime.slice import Slice
    from greenflow.store.base import Claim, Committed, Store

#: What was asked for waits so long, if the thread that runs flows goes on running them.
_GATHER_SECONDS: Final = 0.002
#: A flow that was claimed and has not begun after so long is left to other workers.
_UNBEGUN_SECONDS: Final = 0.1


class Written(msgspec.Struct, frozen=True):
    """What became of a step: a Committed, or what it raised."""

    slice: Slice  #: who asked for it
    flow_id: str  #: whose step it is
    outcome: Committed | BaseException


class Claimed(msgspec.Struct, frozen=True):
    """An answer to :meth:`Committer.claim`."""

    found: int  #: of the flows that wait to be begun now; 0: none can run
    error: BaseException | None


class Committer:
    """Commits and claims for one thread that runs flows.

    Attributes:
        news: what is answered, in order: Written, Claimed.
    """

    def __init__(self, base: Store, queues: Sequence[str] | None) -> None:
        self.news: SimpleQueue[Written | Claimed] = SimpleQueue()
        self._base = base
        self._queues = queues
        self._changed = threading.Condition()
        self._steps: deque[tuple[Slice, Claim, Any]] = deque()
        self._wanted = 0
        self._known: Mapping[str, int] = {}
        self._unbegun: deque[Claim] = deque()
        self._since = 0.0
        #: How many answers are to come.
        self._owed = 0
        self._closing = False
        #: Whether the thread that runs flows waits for news.
        self._awaited = False
        self._thread = threading.Thread(
            target=self._work, name="greenflow committer", daemon=True
        )
        self._thread.start()

    def commit(self, running: Slice, claim: Claim, prepared: Any) -> None:
        """Ask for a step of a claim to be written, and ``running`` to be told."""
        with self._changed:
            if self._closing:
                ended = StoreError("the worker has ended")
                self.news.put(Written(running, claim.record.id, ended))
                return
            self._steps.append((running, claim, prepared))
            self._owed += 1
            if len(self._steps) == 1:
                self._changed.notify()

    def claim(self, count: int, known: Mapping[str, int]) -> None:
        """Ask for up to ``count`` flows.

        ``known`` are flows and the number of their save that need not be read.
        """
        with self._changed:
            self._wanted, self._known = count, known
            self._owed += 1
            self._changed.notify()

    def wait(self, seconds: float | None) -> Written | Claimed:
        """Return the next news, as soon as there are any. Raises queue.Empty."""
        if self.news.empty():
            with self._changed:
                self._awaited = True
                self._changed.notify()
        try:
            return self.news.get(timeout=seconds)
        finally:
            self._awaited = False

    def begin(self) -> Claim | None:
        """Return a claimed flow that is to begin, or None."""
        with self._changed:
            self._since = time.monotonic()
            return self._unbegun.popleft() if self._unbegun else None

    @property
    def busy(self) -> bool:
        """Whether there is, or will be, something among the news."""
        with self._changed:
            owes = self._owed > 0 and self._thread.is_alive()
            return owes or not self.news.empty()

    def close(self) -> None:
        """Write what was asked for, give back what has not begun, and end."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        try:
            while self._turn():
                pass
        except BaseException as error:
            self._fail(error)

    def _turn(self) -> bool:
        """Do what was asked for, or wait for that; return False at the end."""
        with self._changed:
            while not (self._steps or self._wanted or self._closing or self._is_late()):
                self._changed.wait(_UNBEGUN_SECONDS if self._unbegun else None)
            if self._steps or self._wanted:
                self._changed.wait_for(self._has_gathered, _GATHER_SECONDS)
            count = min(len(self._steps), limits.GROUP_STEPS_MAX)
            steps = [self._steps.popleft() for _ in range(count)]
            wanted, self._wanted = self._wanted, 0
            late, closing = self._is_late(), self._closing and not steps
        if steps:
            self._write(steps)
        if wanted:
            self._claim(wanted)
        if late or closing:
            self._give_back()
        return not closing

    def _fail(self, error: BaseException) -> None:
        """Tell what nobody expected, whoever waits."""
        with self._changed:
            steps, self._closing = list(self._steps), True
            self._steps.clear()
            self._owed = len(steps) + 1
        for running, claim, _ in steps:
            self._answer(Written(running, claim.record.id, error))
        self._answer(Claimed(0, error))

    def _answer(self, news: Written | Claimed) -> None:
        # At once: who sees one without the other would wait for what does not come.
        with self._changed:
            self._owed -= 1
            self.news.put(news)

    def _has_gathered(self) -> bool:
        return self._awaited or self._closing

    def _is_late(self) -> bool:
        late = time.monotonic() - self._since > _UNBEGUN_SECONDS
        return bool(self._unbegun) and late

    def _write(self, steps: Sequence[tuple[Slice, Claim, Any]]) -> None:
        outcomes: Sequence[Committed | BaseException]
        try:
            outcomes = self._base.commit_all([(claim, it) for _, claim, it in steps])
        except BaseException as error:
            outcomes = [error] * len(steps)
        for (running, claim, _), outcome in zip(steps, outcomes, strict=True):
            self._answer(Written(running, claim.record.id, outcome))

    def _claim(self, count: int) -> None:
        found: list[Claim] = []
        trouble: BaseException | None = None
        try:
            found = self._base.claims(count, self._queues, self._known)
        except BaseException as error:
            trouble = error
        with self._changed:
            self._unbegun.extend(found)
            self._since = time.monotonic()
        self._answer(Claimed(len(found), trouble))

    def _give_back(self) -> None:
        """Leave to others what this worker does not come to."""
        with self._changed:
            claims, self._unbegun = list(self._unbegun), deque()
        for claim in claims:
            with suppress(BadRecord):
                self._base.release(claim)
