"""A flow that runs under a debugger, claimed as by a worker, step by step."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from greenflow.continuation import LEAVE
from greenflow.continuation.editing import begins_line
from greenflow.errors import FlowBusy
from greenflow.runtime.driving import Left, Release, drive
from greenflow.runtime.editing import waiting_of
from greenflow.runtime.slice import Slice
from greenflow.store.base import Claim
from greenflow.store.base import Step as SavedStep

if TYPE_CHECKING:
    from types import FrameType

    from greenflow.continuation import Continuation
    from greenflow.debugger.front import Front
    from greenflow.debugger.session import Session
    from greenflow.debugger.words import Step
    from greenflow.runtime.flow import Flow
    from greenflow.store.base import FlowRecord


class LeftAlone(BaseException):  # it is no error, and no code of users' may catch it
    """Takes a flow off its stack that a debugger lets go."""


class DebuggedSlice(Slice):
    """A slice whose operations are not traced, and of which nothing is written any more
    once it is left alone."""

    def __init__(self, flow: Flow[Any], claim: Claim, stepped: Stepped) -> None:
        super().__init__(flow.store, claim)
        self._stepped = stepped

    def _go_on(self, continuation: Continuation, outcome: Any) -> None:
        self._stepped.begin(continuation)
        pause = partial(self._stepped.pause, continuation)
        continuation.advance(outcome, self._hook, pause)

    def _returned(self, result: object) -> Exception | None:
        return self._left() if self._stepped.left_alone else super()._returned(result)

    def _failed(self, error: BaseException) -> Exception | None:
        return self._left() if self._stepped.left_alone else super()._failed(error)

    def _hook(self, continuation: Continuation, request: object) -> object:
        if self._stepped.left_alone:
            return LEAVE
        watch_again = self._stepped.front.pause_tracing()
        given = super()._hook(continuation, request)
        if self.live:
            watch_again()
        return given


class Stepped:
    """One claim of a flow under a debugger."""

    def __init__(self, flow: Flow[Any], claim: Claim, front: Front, step: Step):
        self.flow, self.front, self.step = flow, front, step
        self.running = DebuggedSlice(flow, claim, self)
        self.continuation: Continuation | None = None
        self.left_alone = False
        self.at_line = False  #: it goes on at the beginning of a line

    def begin(self, continuation: Continuation) -> None:
        """Trace a function that has not begun."""
        self.continuation = continuation
        records = continuation.held_records()
        if records is None:
            self.front.begin_call(self, continuation)
        else:
            self.at_line = begins_line(records)

    def pause(self, continuation: Continuation, frame: FrameType) -> None:
        """Trace what was built and goes on now."""
        self.front.begin(self, self.step, continuation, frame)

    def save(self, frame: FrameType, label: str) -> int:
        """Save the flow in the middle of a step; return the number of that checkpoint.

        Raises:
            ValueError, NotSuspendable: no line of the frame is about to begin.
            NotSaveable, TooLarge: a value cannot be saved.
        """
        assert self.continuation is not None
        state = self.continuation.snapshot(frame)
        saved = SavedStep(status="running", state=state, label=label or None)
        committed = self.running.commit(
            self.running.with_messages(saved, consumed=True)
        )
        if committed is None:
            raise FlowBusy(f"flow {self.flow.id} could not be saved: another has it")
        return committed.record.seq

    def leave(self) -> None:
        """Let the flow be as it was saved last, once it is off its stack."""
        self.left_alone = True
        self.running.break_off(LeftAlone())

    def run(self) -> Exception | None:
        """Run it until it waits, ends or is left; return why it cannot go on, if so."""
        try:
            return drive(self.running, self._told)
        except LeftAlone:
            return None
        finally:
            self.front.end()

    def _told(self, request: object) -> None:
        if isinstance(request, Left | Release):
            self.front.end()


def go_on(front: Front, step: Step) -> None:
    """Let the flow that a debugger looks at go on, itself or a fork of it.

    Raises:
        FlowBusy: it waits for something that is not there, or has ended.
        Conflict: it has moved, or somebody else has it.
        GreenflowError: it cannot go on here.
    """
    session = front.session
    _check_given(session)
    if session.mode == "fork" and not session.is_fork:
        session = front.session = session.forked()
        front.message(f"on the fork {session.flow.id}")
    else:
        session.take()
        if session.is_changed or not session.is_last:
            session.save("changed in the debugger")
    claim = session.base.claim_held(session.flow.id)
    if claim is None:
        status = session.record.status
        raise FlowBusy(f"flow {session.flow.id} does not go on: it is {status}")
    error = Stepped(session.flow, claim, front, step).run()
    session.look_at(None)
    if error is not None:
        raise error


def _check_given(session: Session) -> None:
    """Refuse to let a flow go on that would wait on. Raises FlowBusy."""
    waiting = waiting_of(session.now, session.saved.checkpoint.waiting)
    if waiting is None or session.now.outcome is not None:
        return
    goes_itself = session.mode == "live" or session.is_fork
    as_it_is = session.is_last and session.now.same_wait
    if goes_itself and as_it_is and _has_it(session.record):
        return
    raise FlowBusy(
        f"the flow waits in {waiting.kind}: nothing is there for it to go on with",
        hint="say what its call gives: value EXPR or throw EXPR",
    )


def _has_it(record: FlowRecord) -> bool:
    """Return whether what the flow waits for has come."""
    if record.status != "waiting":
        return True
    waiting = record.waiting
    until = None if waiting is None else waiting.until
    return until is not None and until <= time.time()
