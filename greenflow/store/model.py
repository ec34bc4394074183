"""The plain records that go into a store and come out of it, and its bell."""

from typing import Literal, Protocol

import msgspec

from greenflow.parted import AnyState

Status = Literal[
    "ready",
    "running",
    "waiting",
    "held",
    "retrying",
    "hospital",
    "done",
    "failed",
    "cancelled",
]
#: Of a flow that will never run again.
ENDED = ("done", "failed", "cancelled")

#: Kinds of waiting that flows end which have ended.
JOINS = ("join", "end", "gather", "first")

#: What resume() and throw() of a waiting flow write to; no user topic begins with NUL.
ANSWERS = "\x00answer"
#: What cancel() writes to: it waits until the flow is not shielded.
CANCELS = "\x00cancel"


class Waiting(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a flow that is off the stack waits for."""

    kind: Literal[
        "recv",
        "suspend",
        "sleep",
        "once",
        "intent",
        "start",
        "join",
        "end",
        "gather",
        "first",
    ]
    topic: str = ""
    preview: str = ""  #: text of suspend()'s payload; never holds live data
    until: float | None = None  #: seconds since the epoch, wall clock; None: for ever
    due: bool = False  #: that time came, and no message before it
    late: bool = False  #: a claim told so: what comes now is not for this wait
    type: str = ""  #: of what recv(type) takes, as text
    expects: bytes = b""  #: that type, pickled
    shielded: bool = False  #: cancel() does not end this wait
    flows: tuple[str, ...] = ()  #: whose end is waited for
    left: int = 0  #: how many of them have to end yet
    topics: tuple[str, ...] = ()  #: of which any message ends the wait of "first"
    takes: bool = False  #: and is given, not only told of


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What can be known of a saved state without loading anything of it."""

    seq: int  #: its number, which counts the states of its flow
    at: float  #: seconds since the epoch, wall clock
    #: The call that saved it ("suspend", "recv", "checkpoint", "once", ...), or how it
    #: came otherwise: "spawn", "fork", "edit", "rollback".
    kind: str
    size: int  #: bytes of the state, before they are compressed
    parent: int | None = None  #: the checkpoint that the flow went on from to this one
    label: str = ""
    reason: str = ""  #: why somebody made it who is not the flow
    by: str = ""  #: who did
    changes: tuple[str, ...] = ()  #: what is changed since ``parent``, a line each
    waiting: Waiting | None = None


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint with its bytes."""

    checkpoint: Checkpoint
    state: AnyState
    value: bytes | None  #: the payload, default or result that belongs to its wait


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the call that a flow waits in returns or raises."""

    body: bytes
    kind: Literal["value", "throw"] = "value"


class Source(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The text of a function, as its code was made of it; lines end in "\\n".

    Attributes:
        identity: what tells its code from any other; a hash of 8 bytes, which leaves
            out lines, if it was written in a format before 3.
        text: empty if it is not known, or longer than is kept.
        code: the code itself, if states refer to it that do not have it with them.
    """

    identity: bytes = msgspec.field(name="code_hash")
    file: str
    first_line: int  #: the number of its first line in the file, from 1
    text: str
    code: bytes = b""

    @property
    def lines(self) -> list[str]:
        """The lines, without their ends."""
        return self.text.split("\n")


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint that somebody makes of a flow, in place of what it would go on from.

    ``parent`` is the checkpoint that the state was made from. An answer that the flow
    has and did not take yet stays if the flow is edited as it is now; it is void if it
    is rolled back, made from another checkpoint, or given another ``answer``.
    """

    state: AnyState
    kind: Literal["edit", "rollback"] = "edit"
    parent: int
    reason: str = ""
    by: str = ""
    label: str = ""
    changes: tuple[str, ...] = ()  #: a line each
    #: What the flow waits for in that state; None: it goes on at once. One that has not
    #: begun needs Waiting(kind="start", due=True): the number of its save is not 0.
    waiting: Waiting | None = None
    #: The payload, default or result of that wait. None: what ``parent`` has.
    value: bytes | None = None
    answer: Answer | None = None
    sources: tuple[Source, ...] = ()  #: of the code in ``state``


class FlowRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
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
    name: str = ""  #: for people
    tags: tuple[str, ...] = ()
    queue: str = ""
    priority: int = 0  #: the higher first, among those of one queue
    parent: str = ""  #: the flow that spawned it, or that it was forked from
    forked: int | None = None  #: the checkpoint of ``parent`` that it was forked from
    retries: int = 0  #: how often it may run again if it raises
    attempts: int = 0  #: claims since it was saved last
    retry_at: float | None = None  #: while status is "retrying"
    trouble: str = ""  #: why the last attempt came to nothing
    killer: str = ""  #: id of the worker that died while it ran this
    held: bool = False  #: it must not run before unhold()
    debugged: bool = False  #: it runs all the same: who claimed it is a debugger
    blocked: str = ""  #: the flow whose mailbox is full, by messages of this one
    code: str = ""  #: what to do if its code was changed; "": as its store says


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
    key: str = ""  #: a second message of that key, for that flow, is dropped
    at: float | None = None  #: seconds since the epoch: not before; None: at once


class NewFlow(msgspec.Struct, frozen=True, kw_only=True):
    """A flow that is made: ready to run, or waiting if its record does so.

    Its first checkpoint has the number ``record.seq``. ``kind``, ``reason`` and ``by``
    are what that says of it, if it is no flow that was spawned.
    """

    record: FlowRecord
    state: AnyState
    value: bytes | None = None  #: that belongs to what it waits for
    kind: Literal["spawn", "fork", "import"] = "spawn"
    reason: str = ""
    by: str = ""
    deadline: float | None = None  #: when ``cancelled`` is thrown in it
    cancelled: bytes = b""
    exist_ok: bool = False  #: that there is one of the id already is no error


class QueueLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a queue allows; ``None`` and 0 mean no limit."""

    name: str
    concurrency: int | None = None  #: flows of it that run at the same time
    count: int = 0  #: slices of its flows that begin ...
    seconds: float = 1.0  #: ... in so many seconds
    left: float = 0.0  #: of ``count``, when it was last looked at
    looked: float = 0.0  #: when that was, in seconds since the epoch


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The right to run one flow until its epoch is passed.

    ``message`` is what the call that the saved state stands at waited for (an answer,
    or the first message of the topic that recv() waits on), also if it was given to a
    worker that died before it saved another state. It is None if the saved state does
    not wait: the flow has not begun, or was saved last by a checkpoint. Also if it
    waited long enough: then ``record.waiting.due`` is true; or for other flows. Of a
    flow that was never saved it is what cancels it.
    """

    record: FlowRecord
    state: AnyState
    message: Message | None


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a flow logged."""

    at: float  #: seconds since the epoch
    level: str
    logger: str
    text: str
    number: int = -1  #: among those of its flow, from 0


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What one commit writes, all of it or nothing.

    ``status`` "running" goes on (a checkpoint); "waiting" needs ``waiting`` and
    leaves the flow unless what it waits for is there; "ready" gives the claim back with
    the flow runnable, "retrying" not before ``retry_at``; "hospital" until somebody
    retries it; "done", "failed" and "cancelled" end it. A step that goes on has
    ``waiting`` of kind "once" if the call it was saved in returns ``value`` (when it is
    claimed again), and of kind "intent" if it is not known what that call did.
    """

    status: Status
    state: AnyState | None = None  #: None leaves the last saved state, and its wait
    value: bytes | None = None  #: payload, result or exception, pickled
    waiting: Waiting | None = None
    label: str | None = None
    error: str = ""
    consumed: tuple[tuple[str, int], ...] = ()  #: (topic, seq)
    sends: tuple[Outgoing, ...] = ()
    spawns: tuple[NewFlow, ...] = ()
    retry_at: float | None = None
    sources: tuple[Source, ...] = ()  #: of the code in ``state``, where they are new
    logged: tuple[LogLine, ...] = ()


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a commit.

    The claim is kept if ``record.status`` is "running"; else it was given back. A step
    that waits is still running if what it waits for is there already: ``message`` is
    that, if it is one (not among ``consumed``). The message stays in the mailbox until
    a later step of this claim lists it as consumed. A step that goes on is "waiting" if
    its messages filled a mailbox, and "held" if the flow is to be.
    """

    record: FlowRecord
    message: Message | None = None


class Bell(Protocol):
    """What one who is idle waits by. A ring may get lost: look again after a while."""

    def clear(self) -> None:
        """Forget who rang: what they did is looked at next."""

    def wait(self, seconds: float) -> bool:
        """Wait until somebody rings, also since :meth:`clear`; return whether."""

    def ring(self) -> None:
        """Let the wait end; also from a signal handler."""

    def close(self) -> None:
        """Take it down."""

    def forget(self) -> None:
        """Let go of it in a forked child: it stays the parent's."""
