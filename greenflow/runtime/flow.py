"""The handle on a flow: a store and an id, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from greenflow.continuation.tags import public
from greenflow.runtime import inspecting, values
from greenflow.runtime.hosting import slices
from greenflow.runtime.outside import wait
from greenflow.runtime.past import Past
from greenflow.runtime.requests import Join, operation
from greenflow.runtime.times import after
from greenflow.store.base import ENDED

if TYPE_CHECKING:
    from collections.abc import Generator
    from contextlib import AbstractContextManager
    from datetime import datetime, timedelta

    from greenflow.inspect import Stack
    from greenflow.runtime.editing import FlowEditor
    from greenflow.runtime.stores import Store
    from greenflow.store.base import FlowRecord, LogLine, Status

Result_co = TypeVar("Result_co", covariant=True)


@public
class Flow(Past, Generic[Result_co]):
    """A flow of a store, as it is seen from outside.

    Every attribute is read from the store at the moment it is used. A handle can be
    part of a message or of a flow's variables; it is saved as its id, and belongs to
    the store it is loaded from. Two handles are equal if they are of the same flow.
    """

    __slots__ = ("__weakref__",)

    def __init__(self, store: Store, flow_id: str, /) -> None:
        super().__init__(store, flow_id)

    @property
    def id(self) -> str:
        """What :func:`greenflow.get` takes, in any process."""
        return self._id

    @property
    def store(self) -> Store:
        """Where the flow lives."""
        return self._store

    @property
    def record(self) -> FlowRecord:
        """All that is known of the flow without loading it. Raises FlowNotFound."""
        for running in slices():
            if running.store is self._store:
                made = running.outbound.made(self._id)
                if made is not None:
                    return made  # by a flow that runs here, and is not saved yet
        return self._store.base.get(self._id)

    @property
    def status(self) -> Status:
        """One of ``ready``, ``running``, ``waiting``, ``held``, ``retrying``,
        ``hospital``, ``done``, ``failed``, ``cancelled``."""
        return self.record.status

    @property
    def parent(self) -> Flow[Any] | None:
        """The flow that spawned this one, or that it was forked from, if any."""
        parent = self.record.parent
        return Flow(self._store, parent) if parent else None

    @property
    def children(self) -> list[Flow[Any]]:
        """The flows that this one spawned, and its forks, by their ids."""
        found = self._store.base.children(self._id)
        return [Flow(self._store, flow_id) for flow_id in found]

    @property
    def payload(self) -> Any:
        """What the flow gave to the suspend() it waits in; None if it does not.

        Raises:
            NotRestorable, BadRecord: it cannot be loaded in this process.
        """
        before = self.record
        while _is_suspended(before):
            data = self._store.base.value(self._id)
            after = self.record
            # Another process may have gone on between the reads.
            if after.seq == before.seq and after.status not in ENDED:
                return None if data is None else self._store.within(values.load, data)
            before = after
        return None

    def done(self) -> bool:
        """Return whether the flow has ended, by a result or by an exception."""
        return self.status in ENDED

    def wait_here(self, timeout: float | timedelta | None = None) -> Result_co:
        """Return the result as :meth:`result` does outside of flows: this call waits.

        Raises: as :meth:`result`.
        """
        wait(self, timeout)
        return cast("Result_co", self._store.outcome(self._id))

    @operation(hooked=True, outside=wait_here, qualname="Flow.result")
    def result(self, timeout: float | timedelta | None = None) -> Result_co:
        """Wait until the flow has ended; return its result or raise its exception.

        In a flow of the same store this saves the flow that calls it, which leaves and
        goes on when the other one has ended. Elsewhere this process runs, while it
        waits, whatever flows of the store can run, this one or others; a flow that is
        being run is not interrupted when the time is over.

        Args:
            timeout: seconds, or a timedelta; None waits without limit.

        Raises:
            TimeoutError: the flow has not ended in time.
            ContinuationError: a flow waits for its own end.
            InHospital: the flow is there; raised outside of flows only.
            FlowFailed: the flow's exception cannot be loaded in this process.
            NotRestorable, BadRecord: this process cannot go on with the flow, or
                cannot load its result.
            BaseException: what the flow raised, with a note that names the flow.
            NotSuspendable, NotSaveable, TooLarge, FlowNotFound, FlowBusy: in a flow,
                as by :func:`suspend`.
        """
        until = None if timeout is None else after(timeout)
        return cast("Result_co", Join("join", (self,), until=until, timeout=timeout))

    def ended_here(self, timeout: float | timedelta | None = None) -> bool:
        """Return what :meth:`join` does outside of flows: this call waits."""
        try:
            wait(self, timeout)
        except TimeoutError:
            return False
        return True

    @operation(hooked=True, outside=ended_here, qualname="Flow.join")
    def join(self, timeout: float | timedelta | None = None) -> bool:
        """Wait until the flow has ended, as :meth:`result` does; return whether it has.

        What the flow raised is not raised, and no TimeoutError.

        Raises: all else that :meth:`result` raises.
        """
        until = None if timeout is None else after(timeout)
        request = Join("end", (self,), until=until, default=False, timeout=timeout)
        return cast("bool", request)

    def __await__(self) -> Generator[Any, None, Result_co]:
        """Wait, in an event loop, until the flow has ended: see greenflow.aio.result.

        It is not run here, unlike by :meth:`result`.
        """
        from greenflow.runtime.aio_calls import result

        return result(self).__await__()

    async def asend(
        self,
        message: object,
        *,
        topic: str | None = None,
        key: str | None = None,
        at: datetime | None = None,
    ) -> None:
        """Put a message into its mailbox. As :func:`greenflow.aio.send`."""
        from greenflow.runtime.aio_calls import send

        await send(self, message, topic=topic, key=key, at=at)

    def exception(self) -> BaseException | None:
        """Return the exception that ended the flow; None if none did (yet)."""
        record = self.record
        if record.status not in ENDED or record.status == "done":
            return None
        return self._store.failure(record)

    def inspect(
        self, at: int | None = None, *, load: bool = False, reveal: bool = False
    ) -> Stack:
        """Return the stack as it was saved: frames, places, variables.

        Args:
            at: the number of the checkpoint; None: the last.
            load: let ``Value.load()`` return real objects, which runs code of their
                classes; else nothing of the flow is imported or run.
            reveal: show also variables, attributes and keys that have the name of a
                secret: with API, TOKEN, KEY, SECRET, PASS or SIGNATURE in it.

        Raises FlowNotFound, NoSuchCheckpoint, BadRecord (it is damaged).
        """
        return inspecting.inspect(self, at, load=load, reveal=reveal)

    def edit(
        self, at: int | None = None, *, reason: str = ""
    ) -> AbstractContextManager[FlowEditor]:
        """Change the flow where it waits: variables, frames, where it goes on.

            with flow.edit(reason="ticket 812") as e:
                e.frames[1].locals["limit"] = 1500

        When the block is left, the flow is saved so as its next checkpoint, if it is
        still where it was; an exception leaves it as it is. Values are the real ones:
        their classes are imported, and what is changed in them is changed in the flow.
        What it goes on with then:

        - where it waited, if nothing but values was changed;
        - ``e.value`` or ``e.error``, if one was set, as what its call gives;
        - ``resume(value)``, for which it waits, after ``e.drop_to(frame)``;
        - by itself, after ``e.force_return()``, ``e.force_raise()``, ``e.restart()``
          and ``e.jump()``.

        Frames are numbered as by :meth:`inspect`, from 0, which waits. Nothing of a
        frame that is dropped runs, not even its ``finally`` blocks; context variables
        that it had set stay set.

        Args:
            at: the number of an earlier checkpoint, to go on from that; the last one.
            reason: why, for the flow's history; who did it, and what, is there too.

        Raises:
            FlowNotFound, NoSuchCheckpoint: it is not there.
            FlowBusy: it has ended.
            Conflict: it runs, or was saved meanwhile; nothing was written.
            ContinuationError: it has not begun.
            EditRefused, NoSuchPart: in the block; see there.
            NotSaveable, TooLarge, NotRestorable, BadRecord: what it was changed to
                cannot be saved, or not be loaded; nothing was written.
        """
        from greenflow.runtime import editing  # only who edits needs it

        return editing.edit(self, at, reason)

    def logs(self, begin: int = 0) -> list[LogLine]:
        """Return what the flow logged under a :class:`greenflow.FlowLogHandler`.

        Args:
            begin: the number of the first line; those before it are left out.

        Raises FlowNotFound, BadRecord (a line is damaged).
        """
        return self._store.base.logged(self._id, begin)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Flow):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        try:
            record = self.record
        except Exception as error:
            return f"<Flow {self._id}: {type(error).__name__}>"
        text = f"<Flow {self._id} {record.function} {record.status}"
        if record.status == "waiting" and record.waiting is not None:
            waiting = record.waiting
            what = waiting.topic if waiting.kind == "recv" else waiting.preview
            text += f" in {waiting.kind}({what})"
        if record.error:
            text += f": {record.error}"
        return text + ">"

    def _repr_html_(self) -> str:
        return inspecting.flow_html(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return self._store.reduce_flow(self._id)

    def _key(self) -> tuple[str, str]:
        return self._store.location, self._id


def _is_suspended(record: FlowRecord) -> bool:
    waiting = None if record.status in ENDED else record.waiting
    return waiting is not None and waiting.kind == "suspend"
