"""One slice of a flow: from a claim until the flow leaves, ends or is interrupted.

The one place where a continuation's bytes and a store meet. Everything between two
commits (messages taken, messages sent, flows made) is kept here and written by the next
commit, in one transaction with the state. A slice runs in a greenlet of its own, and
asks whoever drives it to commit (:mod:`greenflow.runtime.driving`).
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from greenlet import GreenletExit
from msgspec.structs import replace

from greenflow import errors
from greenflow.continuation import LEAVE, Continuation, Sent, Thrown
from greenflow.failpoints import reach
from greenflow.later import later_all
from greenflow.runtime import answers, values
from greenflow.runtime.driving import Left, Release, Stopped, written
from greenflow.runtime.effects import Once, perform
from greenflow.runtime.hosting import Host
from greenflow.runtime.naming import name_within, named
from greenflow.runtime.outgoing import Outbound
from greenflow.runtime.requests import Join
from greenflow.store.base import Claim, Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.parted import AnyState
    from greenflow.runtime import deep, ending, logs, shielding
    from greenflow.runtime.stores import Store
    from greenflow.store.base import Committed, FlowRecord, Message
else:
    _LATE = ("deep", "ending", "logs", "shielding")
    deep, ending, logs, shielding = later_all(__name__, "greenflow.runtime", *_LATE)


class Slice:
    """A claimed flow on its way to its next leaving.

    Attributes:
        id, function: of the flow.
        store: where it lives.
        claim: the claim that it runs under.
        host: its greenlet.
        begun: whether anything of it ran.
        live: whether what the flow does now is still part of this slice.
        outbound: what goes out with the next commit.
    """

    def __init__(self, store: Store, claim: Claim) -> None:
        self.id, self.function = claim.record.id, claim.record.function
        self.store = store
        self.claim = claim
        self.begun, self.live, self.outbound = False, True, Outbound(self)
        self.host = Host(self._main, self)
        self.host.gr_context = store.context()
        self._consumed: list[tuple[str, int]] = []
        self._keys = 0
        #: Why it left its stack: nobody can go on with it, or this process cannot.
        self._stuck: Exception | None = None
        self._broken: BaseException | None = None

    @property
    def seq(self) -> int:
        """The number of the flow's last save."""
        return self.claim.record.seq

    # --- in the greenlet of the slice ---

    def _main(self) -> Exception | None:
        """Run the flow until it leaves or ends; return why it cannot go on, if so.

        Raises:
            KeyboardInterrupt: it came while the flow ran; nothing was saved of that.
            Exception: the store failed; the flow is as it was last saved.
        """
        try:
            with named(self):
                return self._run()
        finally:
            self.live = False
            self.host.drop_tasklets()

    def _run(self) -> Exception | None:
        self.begun = True
        reach("before-load")
        try:
            continuation, outcome = self.store.within(self._load)
        except Exception as error:
            return self._give_up(error)
        name_within(continuation, self)
        self.host.go_on(continuation)
        try:
            self._go_on(continuation, outcome)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            refused = errors.NotRestorable | errors.BadRecord
            if isinstance(error, refused) and values.is_own(error):
                return self._give_up(error)  # it was put on the stack again in vain
            return self._failed(error)
        if continuation.done:
            return self._returned(continuation.value)
        continuation.discard()
        return self._left()

    def _go_on(self, continuation: Continuation, outcome: Sent | Thrown) -> None:
        continuation.advance(outcome, self._hook)

    def _load(self) -> tuple[Continuation, Sent | Thrown]:
        """Return the last saved state, and what the call gives that it stands at."""
        continuation = answers.loaded(self.store, self.claim.record, self.claim.state)
        self.claim = replace(self.claim, state=b"")
        return continuation, self._given(self.claim.record, self.claim.message)

    def _given(self, record: FlowRecord, message: Message | None) -> Sent | Thrown:
        message = message or answers.taken(record, self.store)
        if message is not None:
            self._consumed.append((message.topic, message.seq))
        return answers.given(record, message, self.store)

    def _hook(self, continuation: Continuation, request: object) -> object:
        """Answer an operation, inside the flow's stack.

        What it raises is raised at the call in the flow, so only what is the flow's
        own doing is; all else takes the flow off the stack and is told outside.
        """
        if isinstance(request, Once):
            return perform(self, continuation, request)
        if isinstance(request, Join) and not answers.check_join(request, self):
            try:
                return answers.wait_on_stack(request)
            except Stopped as stopped:
                return self.break_off(stopped)
        reach("before-capture")
        state = self.host.save(continuation)
        step, moved = self.store.within(self._step, state, request)
        reach("after-pickle")
        goes_on = step.status == "running"
        committed = self.commit(step)
        if committed is None or committed.record.status != "running":
            del step, state  # a flow can wait on its stack for long
            return self.leave(committed, moved)
        if goes_on:
            return committed.record.seq
        return self._answer(committed.record, committed.message, moved)

    def leave(self, committed: Committed | None, moved: Callable[[], None]) -> object:
        """Let the flow wait, off the stack, or on it until it is claimed again.

        Args:
            committed: what it waits with; None if it is to be off the stack at once.
            moved: is called when it is.

        Returns what the call returns to the flow, or LEAVE.
        """
        claim = None
        if committed is not None:
            reach("before-leave")
            self.live = False
            # It is killed where nobody runs flows any more.
            with suppress(GreenletExit):
                claim = self.host.parent.switch(Left(self, committed.record))
            self.live = claim is not None
        if claim is None:
            moved()
            return LEAVE
        self.claim = claim
        return self._answer(claim.record, claim.message, moved)

    def _answer(
        self, record: FlowRecord, message: Message | None, moved: Callable[[], None]
    ) -> object:
        """Return or raise what the call gives that the flow is in."""
        try:
            given = self.store.within(self._given, record, message)
        except Exception as error:
            self._stuck = error
            moved()
            return LEAVE
        if isinstance(given, Thrown):
            raise given.error
        return given.value

    def break_off(self, reason: BaseException) -> object:
        """Take the flow off its stack, to go on from its last save; return LEAVE."""
        self._broken = reason
        return LEAVE

    def idempotency_key(self) -> str:
        """Return a new key; the same ones come again if the process dies."""
        self._keys += 1
        return f"{self.id}-{self.seq}-{self._keys}"

    def _step(
        self, state: AnyState, request: object
    ) -> tuple[Step, Callable[[], None]]:
        step, moved = answers.step_of(request, state, shielding.is_shielded())
        return self.with_messages(step, consumed=True), moved

    def commit(self, step: Step) -> Committed | None:
        """Write a step from inside the flow; None takes the flow off the stack.

        Raises:
            FlowNotFound, FlowBusy, FlowExists: a message cannot be delivered, a flow
                not made; it is dropped.
            TooLarge: the state or a value is above its limit.
            Deadlock: flows would wait for each other.
        """
        try:
            committed = written(self, step)
        except (errors.FlowNotFound, errors.FlowBusy, errors.FlowExists):
            self.outbound.drop_refused()
            raise
        except (errors.TooLarge, errors.Deadlock):
            raise
        except (errors.StoreError, OSError, MemoryError) as error:
            self._broken = error
            return None
        except Exception as error:
            self._stuck = error
            return None
        except BaseException as error:
            self._broken = error
            return None
        self._consumed.clear()
        self.outbound.clear()
        self.claim = Claim(record=committed.record, state=b"", message=None)
        self._keys = 0
        return committed

    def _left(self) -> Exception | None:
        broken, self._broken = self._broken, None
        if isinstance(broken, errors.Conflict):
            logs.LOG.info("flow %s: another worker has it now, so it was left", self.id)
        elif broken is not None:
            raise broken
        return self._stuck and self._give_up(self._stuck)

    def _give_up(self, error: Exception) -> Exception:
        """Put the flow into the hospital; raise the error if the store failed."""
        if isinstance(error, errors.StoreError):
            with suppress(errors.FlowNotFound):
                self.store.base.get(self.id)  # it may be another store that is gone
        if isinstance(error, errors.StackTooDeep) and not deep.has_room(
            self.store.base, self.id
        ):
            self.host.parent.switch(Release(self))  # its limit is this process's
        else:
            self._end(ending.of_trouble(self.claim.record, error))
        return error

    def _returned(self, result: object) -> Exception | None:
        try:
            step, moved = ending.of_return(self.store, result)
            stuck = self._end(self.with_messages(step, consumed=True))
        except (errors.NotSaveable, errors.TooLarge) as error:
            return self._failed(error)
        moved()
        return stuck

    def _failed(self, error: BaseException) -> Exception | None:
        step = ending.of_failure(self.store, self.claim.record, error)
        if step.status != "retrying":  # else nothing happened since the last save
            # What it took stays in the mailbox: the last saved state is in its recv().
            step = self.with_messages(step, consumed=False)
        return self._end(step)

    def _end(self, step: Step) -> Exception | None:
        """Write the last step; return why the flow is in the hospital instead.

        Nobody is left to be told of a message that cannot be delivered.
        """
        reach("before-end")
        try:
            written(self, step)
        except (errors.FlowNotFound, errors.FlowBusy, errors.FlowExists) as error:
            if not self.outbound.drop_refused():
                raise
            logs.LOG.warning(
                "flow %s ended, its message was dropped: %s", self.id, error
            )
            return self._end(self.outbound.added_to(step))
        except errors.Conflict:
            logs.LOG.info("flow %s: another worker has it now, so it was left", self.id)
        except errors.BadRecord as error:
            if step.status == "hospital" or isinstance(error, errors.TooLarge):
                raise
            return self._give_up(error)  # it has to do with another one's
        return None

    def with_messages(self, step: Step, *, consumed: bool) -> Step:
        """Return the step with what it took, if that was seen, and sent."""
        taken = tuple(self._consumed) if consumed else ()
        return self.outbound.added_to(replace(step, consumed=taken))
