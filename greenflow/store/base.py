"""What every store promises.

A store keeps flows, their saved continuations (the last one, and some before it), the
value that belongs to each (the payload it waits with), the result or exception of those
that have ended, and their mailboxes. It knows bytes, never Python objects: nothing of a
user's runs inside a transaction.

The promises:
* every method that writes is one transaction: all of it is there afterwards, on
  disk, or nothing is;
* a commit needs the epoch that its claim was given; if another claim came later the
  commit raises Conflict and writes nothing (fencing);
* a message leaves its mailbox only in the commit of a step that lists it as consumed;
* messages of one (flow, topic) come out in the order they went in;
* a flow that waits is made ready in the same transaction that brings the message.
"""

from __future__ import annotations

from abc import abstractmethod
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal

from greenflow.store.base_reads import StoreReads
from greenflow.store.model import (
    ANSWERS,
    CANCELS,
    ENDED,
    JOINS,
    Answer,
    Bell,
    Checkpoint,
    Claim,
    Committed,
    Edit,
    FlowRecord,
    LogLine,
    Message,
    NewFlow,
    Outgoing,
    QueueLimits,
    Saved,
    Source,
    Status,
    Step,
    Waiting,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenflow.store.ends import Ends

__all__ = [
    "ANSWERS",
    "CANCELS",
    "ENDED",
    "JOINS",
    "Answer",
    "Bell",
    "Checkpoint",
    "Claim",
    "Committed",
    "Edit",
    "FlowRecord",
    "LogLine",
    "Message",
    "NewFlow",
    "Outgoing",
    "QueueLimits",
    "Saved",
    "Source",
    "Status",
    "Step",
    "Store",
    "Waiting",
]


#: No flow is known by its last save.
NOTHING_KNOWN: Final[Mapping[str, int]] = MappingProxyType({})


class Store(StoreReads):
    """A place where flows outlive processes. Safe to use from several threads."""

    @abstractmethod
    def close(self) -> None:
        """Give back all resources, and all claims; later calls raise StoreClosed.

        To close it once more does nothing.
        """

    @abstractmethod
    def create(self, new: NewFlow) -> bool:
        """Add a flow; return whether there was none of its id (see ``exist_ok``).
        Raises FlowExists, TooLarge, ValueError."""

    @abstractmethod
    def send(
        self,
        flow_id: str,
        topic: str,
        body: bytes,
        *,
        key: str = "",
        at: float | None = None,
    ) -> int | None:
        """Put a message into a mailbox; wake the flow if it waits for it.

        Returns its seq; None if there was a message of that topic and ``key`` before,
        which makes this one void, or if it is delivered at a later time (``at``).
        Raises FlowNotFound, FlowBusy (the flow has ended), MailboxFull, TooLarge.
        """

    @abstractmethod
    def answer(
        self, flow_id: str, kind: Literal["value", "throw"], body: bytes
    ) -> None:
        """Give a waiting flow the value, or the exception, its call will give it.

        A value needs a flow that waits in suspend() and has no answer yet; an
        exception needs any waiting flow. Raises FlowNotFound, FlowBusy, TooLarge.
        """

    @abstractmethod
    def cancel(self, flow_id: str, body: bytes, error: str, value: bytes) -> None:
        """Give a flow an exception where it waits, now or next, unless it is shielded.

        One that was never saved and does not run ends, with ``error`` and ``value`` (as
        a step has them).
        Raises FlowNotFound, FlowBusy (the flow has ended), TooLarge.
        """

    @abstractmethod
    def kill(self, flow_id: str, error: str, value: bytes) -> None:
        """End a flow as cancelled, whatever it does; a claim of it is void. Raises
        FlowNotFound, FlowBusy (the flow has ended)."""

    @abstractmethod
    def hold(self, flow_id: str) -> None:
        """Let a flow not run, as soon as it is not running, until unhold().

        Raises FlowNotFound, FlowBusy (the flow has ended).
        """

    @abstractmethod
    def unhold(self, flow_id: str) -> None:
        """Undo hold(). Raises FlowNotFound, FlowBusy (the flow has ended)."""

    @abstractmethod
    def retry(self, flow_id: str) -> None:
        """Let a flow that is in the hospital, or is to be retried later, run now.

        Raises FlowNotFound, FlowBusy (it is neither).
        """

    @abstractmethod
    def edit(self, flow_id: str, expected_seq: int, edit: Edit) -> FlowRecord:
        """Let a flow go on from another state: it has one more checkpoint, and is ready
        or waits there; a claim of it is void. Nothing that it had is deleted.

        Raises FlowNotFound; Conflict if its last checkpoint is not ``expected_seq``, if
        it is running under a worker that lives, or has ended; NoSuchCheckpoint
        (``edit.parent``, if its value is needed), Deadlock, TooLarge, ValueError (an
        answer that nothing would take).
        """

    @abstractmethod
    def claim(self, flow_id: str | None = None) -> Claim | None:
        """Claim a runnable flow (this one, or the one that is ready longest).

        Runnable: "ready", "waiting" until a time that is past, or "running" under a
        worker that is dead. Returns None if there is none (or this one is not). The
        limits of its queue do not keep one back that is asked for by its id.
        A flow whose state is damaged goes to the hospital, and BadRecord is raised.
        Raises FlowNotFound, BadRecord.
        """

    @abstractmethod
    def claim_held(self, flow_id: str) -> Claim | None:
        """Claim this flow, if it is runnable, also if it is held: for a debugger. It
        stays held, so that no worker takes it when this claim is over.

        Raises FlowNotFound, BadRecord.
        """

    @abstractmethod
    def claims(
        self,
        count: int,
        queues: Sequence[str] | None = None,
        known: Mapping[str, int] = NOTHING_KNOWN,
    ) -> list[Claim]:
        """Claim up to ``count`` flows of these queues, or of all, each in its turn.

        The state is left out (``b""``) of flows that are ``known`` by the number of
        their last save. Raises BadRecord if one is damaged and no other can be claimed.
        """

    @abstractmethod
    def adopt(self, flow_id: str, epoch: int) -> Claim | None:
        """Take over the claim of that epoch from another worker, which lets go of it.

        Returns None if it does not hold any more. Raises FlowNotFound, BadRecord.
        """

    @abstractmethod
    def mark(self, flow_id: str) -> None:
        """Tell which of the claimed flows runs from here on; none if empty.

        If the process dies, that one is what may have killed it.
        """

    @abstractmethod
    def note_death(self, worker: str, how: str) -> None:
        """Note how a worker died, for people: the number of a signal, an exit code."""

    @abstractmethod
    def death(self, worker: str) -> str:
        """Return how a worker died, if that was noted; else ""."""

    @abstractmethod
    def limit_queue(self, limits: QueueLimits) -> None:
        """Set the limits of a queue; without any, forget them. Raises ValueError."""

    @abstractmethod
    def queue_limits(self) -> list[QueueLimits]:
        """Return the limits of all queues that have any. Raises BadRecord."""

    @abstractmethod
    def wake(self) -> None:
        """Make ready what waits until a time that is past. claim() does so itself.
        Raises BadRecord."""

    @abstractmethod
    def next_due(self) -> float | None:
        """Return when the first flow that waits until a time is due, in seconds since
        the epoch, wall clock; None if there is none."""

    @abstractmethod
    def bell(self, *, ends: bool = False) -> Bell:
        """Return what rings when a flow may run that could not, in any process; with
        ``ends``, when a flow has ended."""

    @abstractmethod
    def ended(self, place: bytes) -> Ends:
        """Return which flows have ended behind a place: see ends.py.

        If ``place`` is empty, none, and the place behind which others will.
        """

    @abstractmethod
    def commit(self, claim: Claim, step: Step) -> Committed:
        """Write a step. Raises Conflict (stale claim), FlowNotFound or FlowBusy
        (of a send's target), FlowExists, TooLarge, Deadlock (flows that wait for each
        other); then nothing was written."""

    @abstractmethod
    def prepare(self, claim: Claim, step: Step) -> Any:
        """Return a step with its bytes made, for commit_all(). Raises TooLarge."""

    @abstractmethod
    def commit_all(
        self, steps: Sequence[tuple[Claim, Any]]
    ) -> list[Committed | Exception]:
        """Write several steps in one transaction; return what became of each.

        A step that cannot be written is left out, with what commit() would raise. One
        whose flow waits for a message that is damaged is written: BadRecord tells of
        the message, and the flow is in the hospital.
        """

    @abstractmethod
    def release(self, claim: Claim) -> None:
        """Give a claim back with nothing written: the flow is ready again, with the
        message it was claimed with still in its mailbox. A stale claim is ignored."""
