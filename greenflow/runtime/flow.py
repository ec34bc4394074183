"""The handle on a flow: a store and an id, nothing else."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from greenflow.errors import Cancelled, ContinuationError
from greenflow.runtime import values
from greenflow.runtime.hosting import current_slice, slices
from greenflow.runtime.scheduler import Scheduler
from greenflow.store.base import ENDED

if TYPE_CHECKING:
    from greenflow.runtime.stores import Store
    from greenflow.store.base import FlowRecord, Status

Result_co = TypeVar("Result_co", covariant=True)

_PAUSE_SECONDS_MIN = 0.001
_PAUSE_SECONDS_MAX = 0.25


class Flow(Generic[Result_co]):
    """A flow of a store, as it is seen from outside.

    Every attribute is read from the store at the moment it is used. A handle can be
    part of a message or of a flow's variables; it is saved as its id, and belongs to
    the store it is loaded from. Two handles are equal if they are of the same flow.
    """

    __slots__ = ("__weakref__", "_id", "_store")

    def __init__(self, store: Store, flow_id: str, /) -> None:
        self._store = store
        self._id = flow_id

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
        return self._store.base.get(self._id)

    @property
    def status(self) -> Status:
        """``ready``, ``running``, ``waiting``, ``done``, ``failed``, ``cancelled``."""
        return self.record.status

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

    def result(self, timeout: float | None = None) -> Result_co:
        """Wait until the flow has ended; return its result or raise its exception.

        While it waits, this process runs whatever flows of the store can run, this
        one or others. When none can it looks again after a pause that grows.

        Args:
            timeout: seconds; None waits without limit. A flow that is being run here
                is not interrupted.

        Raises:
            TimeoutError: the flow has not ended in time.
            ContinuationError: called in a flow that could then never end: for
                itself, or for a flow that waits for this one's unsent message.
            FlowFailed: the flow's exception cannot be loaded in this process.
            NotRestorable, BadRecord: this process cannot go on with the flow, or
                cannot load its result.
            BaseException: what the flow raised, with a note that names the flow.
        """
        record = self._wait(timeout)
        data = self._store.base.value(self._id)
        if record.status != "done":
            raise self._load_failure(record, data)
        value = None if data is None else self._store.within(values.load, data)
        return cast("Result_co", value)

    def exception(self) -> BaseException | None:
        """Return the exception that ended the flow; None if none did (yet)."""
        record = self.record
        if record.status not in ENDED or record.status == "done":
            return None
        return self._load_failure(record, self._store.base.value(self._id))

    def resume(self, value: object = None) -> None:
        """Let the suspend() that the flow waits in return ``value``.

        The answer is on disk when this returns; the flow goes on with it at the next
        run(), in any process. In a flow, too, it is written at once.

        Raises:
            FlowNotFound: there is no such flow.
            FlowBusy: the flow does not wait in suspend(), or has an answer already.
            NotSaveable, TooLarge: the value cannot be stored.
        """
        what = f"the answer to flow {self._id}"
        body = self._store.within(values.dump_message, value, what)
        self._store.base.answer(self._id, "value", body)

    def throw(self, error: BaseException | type[BaseException]) -> None:
        """Let the suspend() or recv() that the flow waits in raise ``error``.

        Raises:
            TypeError: it is no exception, or a KeyboardInterrupt, which would end the
                process that runs the flow and not the flow.
            FlowNotFound: there is no such flow.
            FlowBusy: the flow does not wait, or has an answer already.
            NotSaveable, TooLarge: the exception cannot be stored.
        """
        if isinstance(error, type) and issubclass(error, BaseException):
            error = error()
        if not isinstance(error, BaseException):
            raise TypeError(f"throw() takes an exception, not {error!r}")
        if isinstance(error, KeyboardInterrupt):
            raise TypeError(f"{error!r} ends whoever runs a flow, not the flow")
        what = f"the exception for flow {self._id}"
        body = self._store.within(values.dump_message, error, what)
        self._store.base.answer(self._id, "throw", body)

    def cancel(self, reason: str = "") -> None:
        """Let the flow end: :class:`greenflow.Cancelled` is raised where it waits.

        If it does not wait now, then in the next suspend(), recv() or sleep(). Its
        ``finally`` blocks run, and may wait again. It is on disk when this returns.

        Args:
            reason: the exception's text.

        Raises:
            FlowNotFound: there is no such flow.
            FlowBusy: the flow has ended.
        """
        what = f"the exception for flow {self._id}"
        error = Cancelled(*filter(None, (reason,)))
        body = self._store.within(values.dump_message, error, what)
        self._store.base.cancel(self._id, body)

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

    def __reduce__(self) -> tuple[Any, ...]:
        return self._store.reduce_flow(self._id)

    def _key(self) -> tuple[str, str]:
        return self._store.location, self._id

    def _load_failure(self, record: FlowRecord, data: bytes | None) -> BaseException:
        return self._store.within(
            values.load_failure, data or b"", self._id, record.error
        )

    def _wait(self, timeout: float | None) -> FlowRecord:
        self._refuse_deadlock()
        end = None if timeout is None else time.monotonic() + timeout
        scheduler = Scheduler(self._store)
        pause = _PAUSE_SECONDS_MIN
        while (record := self.record).status not in ENDED:
            left = _PAUSE_SECONDS_MAX if end is None else end - time.monotonic()
            if left <= 0:
                raise TimeoutError(
                    f"flow {self._id} is {record.status} after {timeout} s"
                )
            if scheduler.step():
                pause = _PAUSE_SECONDS_MIN
            else:
                time.sleep(max(min(pause, left, self._until_due()), 0))
                pause = min(pause * 2, _PAUSE_SECONDS_MAX)
            if self._id in scheduler.stuck:
                raise scheduler.stuck[self._id]
        return record

    def _until_due(self) -> float:
        due = self._store.base.next_due()
        return math.inf if due is None else due - time.time()

    def _refuse_deadlock(self) -> None:
        for running in slices():
            if (running.id, running.store.location) == (self._id, self._store.location):
                raise ContinuationError(
                    f"flow {self._id} waits for its own end",
                    hint="a flow, and a flow that runs inside it, cannot wait for it",
                )
        sender = current_slice()
        if sender is not None and sender.keeps_message_to(self._id):
            raise ContinuationError(
                f"flow {sender.id} waits for flow {self._id}, but its message to that "
                "flow only goes out when it is saved",
                hint="call checkpoint() between send() and result()",
            )


def _is_suspended(record: FlowRecord) -> bool:
    waiting = record.waiting
    return (
        record.status not in ENDED
        and waiting is not None
        and (waiting.kind == "suspend")
    )
