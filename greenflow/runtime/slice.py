"""One slice of a flow: from a claim until the flow leaves, ends or is interrupted.

The one place where a continuation's bytes and a store meet. Everything between two
commits (messages taken, messages sent) is kept here and written by the next commit,
in one transaction with the state.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from greenlet import GreenletExit

from greenflow.continuation import LEAVE, Continuation, Sent, Thrown
from greenflow.errors import (
    BadRecord,
    Cancelled,
    Conflict,
    ContinuationError,
    FlowBusy,
    FlowNotFound,
    NotRestorable,
    NotSaveable,
    StoreError,
    TooLarge,
)
from greenflow.runtime import mailbox, values
from greenflow.runtime.answers import step_of, without_message
from greenflow.runtime.effects import Once
from greenflow.runtime.hosting import Host
from greenflow.store.base import Outgoing, Step, Waiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.runtime.stores import Store
    from greenflow.store.base import Claim, Committed, Message, Status

_LOG = logging.getLogger("greenflow")


class Slice:
    """A claimed flow on its way to its next leaving.

    Attributes:
        id: the flow's.
        store: where it lives.
        live: whether what the flow does now is still part of this slice.
    """

    def __init__(self, store: Store, claim: Claim) -> None:
        self.id = claim.record.id
        self.store = store
        self.live = True
        self._claim = claim
        self._consumed: list[tuple[str, int]] = []
        self._sends: list[Outgoing] = []
        self._seq, self._keys = claim.record.seq, 0
        #: Why the flow was taken off the stack: this process cannot go on with it...
        self._stuck: Exception | None = None
        #: ... or it may not, or its store failed.
        self._broken: BaseException | None = None

    def run(self) -> Exception | None:
        """Run the flow until it leaves or ends.

        Returns:
            Why this process cannot go on with the flow, which then is as it was
            last saved; None if it ran.

        Raises:
            KeyboardInterrupt: it came while the flow ran; the flow is ready again,
                as it was last saved.
            Exception: the store failed; the flow is as it was last saved.
        """
        try:
            stuck = self._run()
        except BadRecord as error:
            stuck = error
        except BaseException:
            # The store may be what failed; what it says now would hide the reason.
            with suppress(StoreError):
                self._release()
            raise
        finally:
            self.live = False
        if stuck is not None:
            self._release()
        return stuck

    def send(self, flow_id: str, topic: str, message: object) -> None:
        """Keep a message for the next commit. Raises as :func:`greenflow.send`."""
        body = values.dump_message(message, f"the message to flow {flow_id}")
        mailbox.check_receiver(self.store.base.get(flow_id))
        self._sends.append(Outgoing(flow=flow_id, topic=topic, body=body))

    def keeps_message_to(self, flow_id: str) -> bool:
        """Return whether a message to that flow waits for the next commit."""
        return any(item.flow == flow_id for item in self._sends)

    def _run(self) -> Exception | None:
        try:
            continuation, outcome = self.store.within(self._load)
        except Exception as error:
            return error
        host = Host(continuation.advance, self)
        host.gr_context = self.store.context()
        try:
            returned = host.switch(outcome, self._hook)
            while not host.dead:
                returned = host.throw(_switched_away(self.id))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if isinstance(error, NotRestorable | BadRecord) and values.is_own(error):
                return error  # it was put on the stack again in vain
            self._failed(error)
            return None
        if isinstance(returned, GreenletExit):
            # A greenlet hands this exception on as if it had been returned.
            self._failed(returned)
            return None
        if continuation.done:
            self._returned(continuation.value)
            return None
        continuation.discard()
        return self._left()

    def _load(self) -> tuple[Continuation, Sent | Thrown]:
        """Return the last saved state, and what the call gives that it stands at."""
        continuation = Continuation.loads(self._claim.state)
        record, message = self._claim.record, self._claim.message
        if message is None:
            return continuation, without_message(record, self.store.base.value)
        value = self._take(message)
        if message.kind == "throw":
            return continuation, Thrown(value)
        return continuation, Sent(value)

    def _take(self, message: Message) -> Any:
        value = values.load(message.body)
        self._consumed.append((message.topic, message.seq))
        return value

    def _hook(self, continuation: Continuation, request: object) -> object:
        """Answer an operation, inside the flow's stack.

        What it raises is raised at the call in the flow, so only what is the flow's
        own doing is; all else takes the flow off the stack and is told outside.
        """
        if isinstance(request, Once):
            return self._once(continuation, request)
        step, moved = self.store.within(self._step, continuation, request)
        committed = self._commit(step)
        if committed is None:
            return LEAVE
        if step.status == "running":
            return committed.record.seq
        if committed.message is None:
            moved()
            return LEAVE
        try:
            value = self.store.within(self._take, committed.message)
        except Exception as error:
            self._stuck = error
            return LEAVE
        if committed.message.kind == "throw":
            raise value
        return value

    def _once(self, continuation: Continuation, request: Once) -> object:
        """Call what once() is to call, and commit what it returned.

        Raises: what the function raises; NotSaveable, TooLarge before it is called if
            the flow cannot be saved.
        """
        # Once the function has done its work it is too late to find that out.
        state = self.store.within(continuation.dumps)
        if request.at_most_once:
            intent = Waiting(kind="intent", due=True)
            step = Step(status="running", state=state, waiting=intent)
            if self._commit(self._with_messages(step, consumed=True)) is None:
                return LEAVE
        result = request.call()
        step = Step(
            status="running",
            state=self.store.within(continuation.dumps),
            value=self.store.within(values.dump, result, "the result of once()"),
            waiting=Waiting(kind="once", due=True),
        )
        committed = self._commit(self._with_messages(step, consumed=True))
        return LEAVE if committed is None else result

    def idempotency_key(self) -> str:
        """Return a new key; the same ones come again if the process dies."""
        self._keys += 1
        return f"{self.id}-{self._seq}-{self._keys}"

    def _step(
        self, continuation: Continuation, request: object
    ) -> tuple[Step, Callable[[], None]]:
        """Return what is to be written, and what to call once the flow has left.

        Raises:
            NotSaveable, TooLarge: the state or the payload cannot be saved.
        """
        step, moved = step_of(request, continuation.dumps())
        return self._with_messages(step, consumed=True), moved

    def _commit(self, step: Step) -> Committed | None:
        """Write a step from inside the flow; None takes the flow off the stack.

        Raises:
            FlowNotFound, FlowBusy: a message cannot be delivered; it is dropped.
            TooLarge: the state or a value is above its limit.
        """
        try:
            committed = self.store.base.commit(self._claim, step)
        except (FlowNotFound, FlowBusy):
            self._drop_undeliverable()
            raise
        except TooLarge:
            raise
        except BadRecord as error:
            self._stuck = error
            return None
        except BaseException as error:
            self._broken = error
            return None
        self._consumed.clear()
        self._sends.clear()
        self._seq, self._keys = committed.record.seq, 0
        return committed

    def _left(self) -> Exception | None:
        broken, self._broken = self._broken, None
        if isinstance(broken, Conflict):
            _LOG.info("flow %s: another worker has it now, so it was left", self.id)
        elif broken is not None:
            raise broken
        return self._stuck

    def _returned(self, result: object) -> None:
        what = "the result of the flow"
        try:
            value, moved = self.store.within(values.dump_moved, result, what)
            step = Step(status="done", value=value)
            self._end(self._with_messages(step, consumed=True))
        except (NotSaveable, TooLarge) as error:
            self._failed(error)
        else:
            moved()

    def _failed(self, error: BaseException) -> None:
        value = self.store.within(values.dump_failure, error, self.id)
        status: Status = "cancelled" if isinstance(error, Cancelled) else "failed"
        step = Step(status=status, value=value, error=values.error_line(error))
        # What it took stays in the mailbox: the last saved state stands at its recv().
        self._end(self._with_messages(step, consumed=False))

    def _end(self, step: Step) -> None:
        """Write the last step; nobody is left to be told of a message not delivered."""
        try:
            self.store.base.commit(self._claim, step)
        except (FlowNotFound, FlowBusy) as error:
            if not self._drop_undeliverable():
                raise
            _LOG.warning("flow %s ended, its message was dropped: %s", self.id, error)
            self._end(msgspec.structs.replace(step, sends=tuple(self._sends)))
        except Conflict:
            _LOG.info("flow %s: another worker has it now, so it was left", self.id)

    def _with_messages(self, step: Step, *, consumed: bool) -> Step:
        taken = tuple(self._consumed) if consumed else ()
        return msgspec.structs.replace(step, consumed=taken, sends=tuple(self._sends))

    def _drop_undeliverable(self) -> bool:
        """Forget kept messages that cannot be delivered; return whether there were."""
        sent = len(self._sends)
        self._sends = mailbox.deliverable(self.store.base, self._sends)
        return len(self._sends) < sent

    def _release(self) -> None:
        self.store.base.release(self._claim)


def _switched_away(flow_id: str) -> ContinuationError:
    return ContinuationError(
        f"flow {flow_id} switched to the greenlet that runs it",
        hint="a flow leaves by suspend(), recv() or return; switch only between "
        "greenlets of its own",
    )
