"""What a debugger knows of the flow it looks at: its state, and what was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from greenlet import greenlet
from msgspec.structs import replace

from greenflow.continuation.editing import Editor
from greenflow.continuation.head import whole
from greenflow.debugger.headline import changed_lines, told
from greenflow.errors import FlowBusy
from greenflow.inspect import Diff, Stack
from greenflow.runtime import answers
from greenflow.runtime.editing import edit_of, show, waiting_of
from greenflow.store.base import ENDED

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from greenflow.continuation import Continuation, Sent, Thrown
    from greenflow.parted import AnyState
    from greenflow.runtime.flow import Flow
    from greenflow.store.base import Checkpoint, Edit, FlowRecord, Saved, Store

Mode = Literal["fork", "live"]


class Now(NamedTuple):
    """A state that is looked at, with what was said of it."""

    data: bytes
    outcome: Sent | Thrown | None  #: what the waiting call is to give; None: not said
    same_wait: bool  #: it waits where it did
    takes_value: bool  #: it waits, and does not go on by itself


class Session:
    """A flow at rest: one of its checkpoints, and what was changed since.

    Attributes:
        flow: which.
        mode: whether it goes on itself or a fork does; None: nobody has said yet.
        saved: the checkpoint that is looked at.
        now: the state as it is now.
        payload: what the flow is suspended with, while it is looked at.
        holds: the flow does not run for others because of this session.
        is_fork: it was made to be debugged: it stays held.
    """

    def __init__(self, flow: Flow[Any], at: int | None, mode: Mode | None) -> None:
        """Look at a checkpoint, the last one by default.

        Raises:
            FlowNotFound, NoSuchCheckpoint, BadRecord: it is not there, or damaged.
            FlowBusy: it is to go on itself, and has ended.
        """
        if mode == "live" and flow.record.status in ENDED:
            raise FlowBusy(
                f"flow {flow.id} is {flow.record.status}: it does not go on any more",
                hint="step on a fork of it: --fork",
            )
        self.flow, self.mode = flow, mode
        self.payload: object = None
        self.is_fork = self.holds = False
        self.look_at(at)

    def look_at(self, at: int | None) -> None:
        """Take up another checkpoint; what was not saved is gone."""
        self._expected = self.flow.record.seq
        seq = self._expected if at is None else at
        self.saved: Saved = self.base.saved(self.flow.id, seq)
        waits = self.saved.checkpoint.waiting is not None
        self._saved = whole(self.saved.state)
        self.now = Now(self._saved, None, same_wait=True, takes_value=waits)
        self._done: list[Now] = []
        self._undone: list[Now] = []
        #: What the bytes are when nothing was changed: those that were saved by a stack
        #: that ran may tell more objects apart.
        self._plain = self.now.data

    @property
    def base(self) -> Store:
        """The store of bytes that has the flow."""
        return self.flow.store.base

    @property
    def record(self) -> FlowRecord:
        """The flow's record as it is now."""
        return self.flow.record

    @property
    def seq(self) -> int:
        """The number of the checkpoint that is looked at."""
        return self.saved.checkpoint.seq

    @property
    def is_changed(self) -> bool:
        """Whether there is something that is not saved."""
        return self.now.data != self._saved or self.now.outcome is not None

    @property
    def is_last(self) -> bool:
        """Whether what is looked at is what the flow would go on from."""
        return self.seq == self._expected

    @property
    def has_frames(self) -> bool:
        """Whether there is a stack to look at."""
        return Stack(self.now.data).kind == "stack"

    def rest(self, look: Callable[[Continuation, FrameType], None]) -> None:
        """Build the stack, and call ``look`` with its innermost frame.

        Nothing of the flow runs. The stack is in a greenlet of its own: behind its
        outermost frame there is none of who called this.

        Raises: as :meth:`Continuation.loads`, and what ``look`` raises.
        """

        def within() -> None:
            continuation = self._loaded(self.now.data)
            self.payload = continuation.value
            self._plain = continuation.dumps()
            continuation.rest(lambda frame: look(continuation, frame))

        host = greenlet(within)
        host.gr_context = self.flow.store.context()
        host.switch()

    def _loaded(self, data: bytes) -> Continuation:
        return answers.loaded(self.flow.store, self.flow.record, data)

    # --- changes ---

    def note(self, data: bytes) -> None:
        """Take up what the state has become, if it is another."""
        if data not in (self._plain, self.now.data):
            self._turn_to(self.now._replace(data=data))
            self._plain = data

    def answer(self, outcome: Sent | Thrown) -> None:
        """Say what the waiting call gives."""
        if not self.now.takes_value:
            raise FlowBusy("the flow waits for nothing here: it goes on by itself")
        self._turn_to(self.now._replace(outcome=outcome))

    def change(self, call: Callable[[Editor], None]) -> list[str]:
        """Change where it goes on; return what was changed, a line each.

        Raises: as the methods of :class:`Editor`; NotSaveable.
        """
        return self.flow.store.within(self._change, call)

    def _change(self, call: Callable[[Editor], None]) -> list[str]:
        editor = Editor(self._loaded(self.now.data), show)
        call(editor)
        data = editor.continuation().dumps()
        self._loaded(data)  # what cannot be gone on with is no state
        same = self.now.same_wait and editor.same_wait
        outcome = self.now.outcome if editor.same_wait else editor.outcome
        self._turn_to(Now(data, outcome, same, editor.takes_value))
        return editor.changes

    def _turn_to(self, now: Now) -> None:
        self._done.append(self.now)
        self._undone.clear()
        self.now = now

    def undo(self) -> bool:
        """Be as before the last change; return whether there was one."""
        return self._swap(self._done, self._undone)

    def redo(self) -> bool:
        """Take back the last undo; return whether there was one."""
        return self._swap(self._undone, self._done)

    def _swap(self, source: list[Now], target: list[Now]) -> bool:
        if not source:
            return False
        target.append(self.now)
        self.now = source.pop()
        return True

    def diff(self, a: int | None = None, b: int | None = None) -> list[str]:
        """Return what differs between two checkpoints, or from the one looked at."""
        before = self._place(a) if a is not None else self._stack_of(self.saved)
        after = self._place(b) if b is not None else self._stack_now()
        lines = changed_lines(Diff(before, after))
        if b is None and self.now.outcome is not None:
            lines.append(told(self.now.outcome))
        return lines

    def _place(self, seq: int) -> tuple[Checkpoint, Stack]:
        return self._stack_of(self.base.saved(self.flow.id, seq))

    def _stack_of(self, saved: Saved) -> tuple[Checkpoint, Stack]:
        return saved.checkpoint, self._stack(saved.state)

    def _stack_now(self) -> tuple[Checkpoint, Stack]:
        before = self.saved.checkpoint
        checkpoint = replace(before, waiting=waiting_of(self.now, before.waiting))
        return checkpoint, self._stack(self.now.data)

    def _stack(self, state: AnyState) -> Stack:
        return Stack(state, texts=self.base.source, codes=self.base.code)

    # --- who may run it ---

    def take(self) -> None:
        """Let nobody else run the flow while it is debugged."""
        if not self.record.held:
            self.flow.hold()
            self.holds = True

    def close(self) -> None:
        """Let others run it again, unless it was held before."""
        if self.holds and self.record.status not in ENDED:
            self.flow.release()
        self.holds = False

    # --- what is written ---

    def save(self, reason: str) -> int:
        """Write it as the flow's next checkpoint; return its number.

        Raises:
            Conflict: the flow has moved, runs, or has ended.
        """
        seq = self.base.edit(self.flow.id, self._expected, self._edit(reason)).seq
        plain = self._plain  # what the frames that are looked at are as bytes
        self.look_at(seq)
        self._plain = plain
        return seq

    def _edit(self, reason: str) -> Edit:
        make = self.flow.store.within
        what = self.flow, self.saved, self.now, self.now.data, self.diff(), reason
        return make(edit_of, *what)

    def forked(self, new_id: str | None = None) -> Session:
        """Return a session of a fork that is as this is now, and held.

        Raises: as :meth:`Flow.fork`.
        """
        fork = self.flow.fork(at=self.seq, id=new_id)
        fork.hold()
        session = Session(fork, None, "fork")
        session.is_fork = True
        if self.is_changed:
            session.now = self.now
            session.save("as it was in the debugger")
        return session
