"""What every store promises, and the plain records that go in and out.

A store keeps flows, their last saved continuation, one value per flow (the payload
it waits with, its result or its exception) and its mailbox. It knows bytes, never
Python objects: nothing of a user's runs inside a transaction.

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

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Status = Literal["ready", "running", "waiting", "done", "failed", "cancelled"]
#: Of a flow that will never run again.
ENDED = ("done", "failed", "cancelled")

#: What resume() and throw() of a waiting flow write to; no user topic begins with NUL.
ANSWERS = "\x00answer"


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What a flow that is off the stack waits for."""

    kind: Literal["recv", "suspend", "sleep", "once", "intent"]
    topic: str = ""
    preview: str = ""  #: text of suspend()'s payload; never holds live data
    until: float | None = None  #: seconds since the epoch, wall clock; None: for ever
    due: bool = False  #: that time came, and no message before it


class FlowRecord(msgspec.Struct, frozen=True, kw_only=True):
    """All that can be known of a flow without unpickling anything of it."""

    id: str
    status: Status
    function: str  #: "module:qualname"
    created: float  #: seconds since the epoch, wall clock
    updated: float
    seq: int = 0  #: number of saved states so far; the first, by spawn, is 0
    epoch: int = 0  #: number of claims so far: the fencing token
    owner: str = ""  #: id of the worker that has claimed it, while running
    waiting: Waiting | None = None
    label: str = ""  #: of the last checkpoint(label)
    error: str = ""  #: one line, when status is "failed" or "cancelled"
    state_bytes: int = 0


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a mailbox."""

    topic: str
    seq: int
    body: bytes
    kind: Literal["value", "throw"] = "value"


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a step sends; delivered in the step's own transaction."""

    flow: str
    topic: str
    body: bytes


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The right to run one flow until its epoch is passed.

    ``message`` is what the call that the saved state stands at waited for (an answer,
    or the first message of the topic that recv() waits on), also if it was given to a
    worker that died before it saved another state. It is None if the saved state does
    not wait: the flow has not begun, or was saved last by a checkpoint. Also if it
    waited long enough: then ``record.waiting.due`` is true.
    """

    record: FlowRecord
    state: bytes
    message: Message | None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What one commit writes, all of it or nothing.

    ``status`` "running" goes on (a checkpoint); "waiting" needs ``waiting`` and
    leaves the flow unless a message is there; "ready" gives the claim back with the
    flow runnable; "done", "failed" and "cancelled" end it. A step that goes on has
    ``waiting`` of kind "once" if the call it was saved in returns ``value`` (when it is
    claimed again), and of kind "intent" if it is not known what that call did.
    """

    status: Status
    state: bytes | None = None  #: None leaves the last saved state as it is
    value: bytes | None = None  #: payload, result or exception, pickled
    waiting: Waiting | None = None
    label: str | None = None
    error: str = ""
    consumed: tuple[tuple[str, int], ...] = ()  #: (topic, seq)
    sends: tuple[Outgoing, ...] = ()


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a commit.

    For a step that waits: ``message`` is what it waits for if that is in the mailbox
    already (not among ``consumed``), and then the claim is kept and the status stays
    "running"; else the claim is given back. The message stays in the mailbox until a
    later step of this claim lists it as consumed.
    """

    record: FlowRecord
    message: Message | None = None


class Bell(Protocol):
    """What an idle worker waits by. A ring may get lost: look again after a while."""

    def clear(self) -> None:
        """Forget who rang: what they did is looked at next."""

    def wait(self, seconds: float) -> bool:
        """Wait until somebody rings, also since :meth:`clear`; return whether."""

    def ring(self) -> None:
        """Let the wait end; also from a signal handler."""

    def close(self) -> None:
        """Take it down."""


class Store(ABC):
    """A place where flows outlive processes. Safe to use from several threads."""

    @property
    @abstractmethod
    def location(self) -> str:
        """Where it is, for messages to people."""

    @abstractmethod
    def close(self) -> None:
        """Give back all resources, and all claims; later calls raise StoreClosed.

        To close it once more does nothing.
        """

    @abstractmethod
    def create(self, record: FlowRecord, state: bytes) -> None:
        """Add a flow that is ready to run. Raises FlowExists, TooLarge."""

    @abstractmethod
    def get(self, flow_id: str) -> FlowRecord:
        """Return the flow's record. Raises FlowNotFound."""

    @abstractmethod
    def resolve(self, prefix: str) -> str:
        """Return the one id that is ``prefix``, or else begins with it.

        Raises FlowNotFound, also if several begin with it.
        """

    @abstractmethod
    def flows(
        self, *, status: Iterable[Status] = (), function: str = "", limit: int = 0
    ) -> Iterator[FlowRecord]:
        """Yield the flows, oldest first; empty filters let all pass."""

    @abstractmethod
    def state(self, flow_id: str) -> bytes:
        """Return the last saved continuation. Raises FlowNotFound."""

    @abstractmethod
    def value(self, flow_id: str) -> bytes | None:
        """Return the payload, result or exception, pickled, if there is one."""

    @abstractmethod
    def messages(self, flow_id: str, topic: str | None = None) -> Iterator[Message]:
        """Yield what waits in the mailbox, in order; of one topic, or of all."""

    @abstractmethod
    def send(self, flow_id: str, topic: str, body: bytes) -> int:
        """Put a message into a mailbox; wake the flow if it waits for it.

        Returns its seq. Raises FlowNotFound, FlowBusy (the flow has ended), TooLarge.
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
    def cancel(self, flow_id: str, body: bytes) -> None:
        """Give a flow an exception where it waits, now or next.

        Raises FlowNotFound, FlowBusy (the flow has ended), TooLarge.
        """

    @abstractmethod
    def claim(self, flow_id: str | None = None) -> Claim | None:
        """Claim a runnable flow (this one, or the one that is ready longest).

        Runnable: "ready", "waiting" until a time that is past, or "running" under a
        worker that is dead. Returns None if there is none (or this one is not).
        Raises FlowNotFound, BadRecord.
        """

    @abstractmethod
    def wake(self) -> None:
        """Make ready what waits until a time that is past. claim() does so itself.

        Raises BadRecord.
        """

    @abstractmethod
    def next_due(self) -> float | None:
        """Return when the first flow that waits until a time is due, in seconds since
        the epoch, wall clock; None if there is none."""

    @abstractmethod
    def bell(self) -> Bell:
        """Return what rings when a flow may run that could not, in any process."""

    @abstractmethod
    def commit(self, claim: Claim, step: Step) -> Committed:
        """Write a step. Raises Conflict (stale claim), FlowNotFound or FlowBusy
        (of a send's target), TooLarge; then nothing was written."""

    @abstractmethod
    def release(self, claim: Claim) -> None:
        """Give a claim back with nothing written: the flow is ready again, with the
        message it was claimed with still in its mailbox. A stale claim is ignored."""
