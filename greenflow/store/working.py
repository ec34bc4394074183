"""What a store of transactions does for those who run its flows."""

from __future__ import annotations

import time
from abc import abstractmethod
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import lmdb

from greenflow.errors import BadRecord, Deadlock, StoreError
from greenflow.failpoints import reach
from greenflow.later import later
from greenflow.store import claims, history
from greenflow.store.base import NOTHING_KNOWN, Committed
from greenflow.store.claiming import next_due
from greenflow.store.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from greenflow.store import commits
    from greenflow.store.base import Claim, Step
    from greenflow.store.claiming import Claimer
    from greenflow.store.commits import Prepared
    from greenflow.store.mailbox import Found
    from greenflow.store.records import Row
    from greenflow.store.work import Work
else:
    commits = later(__name__, "greenflow.store.commits")

T = TypeVar("T")


class Working(Reading):
    """The part of a store that claims and commits; each call is one transaction."""

    _claimer: Claimer

    @abstractmethod
    def write(self, call: Callable[[Work], T]) -> T:
        """Return what ``call`` returns when all that it changed is on disk.

        It may be called more than once, each time in a new transaction, so it must
        change nothing else. Raises StoreError, and what it raises.
        """

    def claim(self, flow_id: str | None = None) -> Claim | None:
        """Claim a runnable flow: see base.py.

        A damaged flow does not keep others from being claimed; a note of the BadRecord
        names it.
        """
        if flow_id is not None:
            return self._claimer.one(flow_id)
        return next(iter(self.claims(1)), None)

    def claim_held(self, flow_id: str) -> Claim | None:
        """Claim this flow, if it is runnable, though it is held: see base.py."""
        return self._claimer.one(flow_id, held=True)

    def claims(
        self,
        count: int,
        queues: Sequence[str] | None = None,
        known: Mapping[str, int] = NOTHING_KNOWN,
    ) -> list[Claim]:
        """Claim up to ``count`` flows, in one transaction: see base.py."""
        return self._claimer.several(count, queues, known)

    def adopt(self, flow_id: str, epoch: int) -> Claim | None:
        """Take over a claim from another worker: see base.py."""
        return self._claimer.adopt(flow_id, epoch)

    def mark(self, flow_id: str) -> None:
        """Tell which of the claimed flows runs from here on; none if empty."""
        self._claimer.mark(flow_id)

    def wake(self) -> None:
        """Do what is due: deliver messages, make flows ready. Raises BadRecord."""
        due = self.next_due()
        if due is not None and due <= time.time():
            damaged = self.write(lambda work: claims.wake(work, time.time()))
            for error in damaged.values():
                raise error

    def next_due(self) -> float | None:
        """Return when something is due, in seconds since the epoch, or None."""
        return self.read(next_due)

    def prepare(self, claim: Claim, step: Step) -> Prepared:
        """Return a step, its bytes made. Raises TooLarge, StoreError, ValueError."""
        flow_id = claim.record.id
        stored = partial(self.stored, flow_id)
        return commits.prepare(flow_id, step, stored, self.depot)

    def stored(self, flow_id: str, digests: list[bytes]) -> set[bytes]:
        """Return which blocks of a flow's states are stored: see history.stored()."""
        return self.read(lambda work: history.stored(work, flow_id, digests))

    def commit(self, claim: Claim, step: Step) -> Committed:
        """Write a step: see base.py.

        Raises:
            Conflict: another claim came later, or this one was given back.
            FlowNotFound, FlowBusy, FlowExists: a message of the step cannot be
                delivered, a flow cannot be made.
            TooLarge: the state, the value or a message is above its limit.
            Deadlock: the flow would wait for others that wait for it.
            BadRecord: the flow is damaged, or the message that it waits for.
        """
        [outcome] = self.commit_all([(claim, self.prepare(claim, step))])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def commit_all(
        self, steps: Sequence[tuple[Claim, Prepared]]
    ) -> list[Committed | Exception]:
        """Write several steps in one transaction; return what became of each.

        A step that cannot be written is left out, with its error; all others are on
        disk when this returns. One whose flow waits for a message that is damaged is
        written, the flow is in the hospital then. Raises StoreError if it is not known
        what is on disk.
        """

        def commit(work: Work) -> list[tuple[Row, Found | None] | Exception]:
            now = time.time()
            try:
                outcomes = [_outcome(work, *step, now) for step in steps]
                work.flush()
            except lmdb.Error:
                raise
            except Exception as error:
                raise _Spoiled(error) from error
            return outcomes

        try:
            outcomes = self.write(commit)
            reach("after-step")
        except _Spoiled as spoiled:
            # Half of a step is in that transaction, which is void: only it may fail.
            if len(steps) == 1:
                return [spoiled.reason]
            return [outcome for step in steps for outcome in self.commit_all([step])]
        for (_, prepared), outcome in zip(steps, outcomes, strict=True):
            for state in prepared.states:
                state.written(is_there=not isinstance(outcome, Exception))
        return [
            self._opened(claim, outcome)
            for (claim, _), outcome in zip(steps, outcomes, strict=True)
        ]

    def _opened(
        self, claim: Claim, outcome: tuple[Row, Found | None] | Exception
    ) -> Committed | Exception:
        if isinstance(outcome, Exception):
            return outcome
        row, found = outcome
        try:
            return Committed(record=row.record, message=claims.opened(found))
        except BadRecord as error:
            self._claimer.admit(claim.record, error)
            return error

    def release(self, claim: Claim) -> None:
        """Give a claim back with nothing written: the flow is ready again, with the
        message it was claimed with still in its mailbox. A stale claim is ignored."""
        reach("before-release")
        self.write(lambda work: commits.release(work, claim.record, time.time()))


class _Spoiled(Exception):
    """A step met something in its transaction that nobody could see before it."""

    def __init__(self, reason: Exception) -> None:
        self.reason = reason


def _outcome(
    work: Work, claim: Claim, prepared: Prepared, now: float
) -> tuple[Row, Found | None] | Exception:
    try:
        commits.check(work, claim.record, prepared)
    except (StoreError, BadRecord, Deadlock) as error:
        return error
    return commits.write(work, claim.record, prepared, now)
