"""What can be done to a flow from outside: answer it, cancel it, hold it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenflow.errors import Cancelled, FlowBusy
from greenflow.runtime import values
from greenflow.runtime.hosting import slices

if TYPE_CHECKING:
    from greenflow.runtime.stores import Store
    from greenflow.store import base


class Steered:
    """The half of a Flow that changes what the flow does."""

    __slots__ = ("_id", "_store")

    def __init__(self, store: Store, flow_id: str) -> None:
        self._store = store
        self._id = flow_id

    @property
    def _base(self) -> base.Store:
        """The store of bytes that has the flow. Raises FlowBusy."""
        for running in slices():
            if running.store is self._store and running.outbound.made(self._id):
                raise FlowBusy(
                    f"flow {self._id} is not there yet: it is written when flow "
                    f"{running.id}, which made it, is saved next",
                    hint="call checkpoint() before",
                )
        return self._store.base

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
        self._base.answer(self._id, "value", body)

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
        self._base.answer(self._id, "throw", body)

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
        error = Cancelled(*filter(None, (reason,)))
        body = self._store.within(values.dump_message, error, "the exception")
        line, value = self._ending(error)
        self._base.cancel(self._id, body, line, value)

    def kill(self, reason: str = "") -> None:
        """End the flow as it is, cancelled: nothing of it runs any more.

        A process that runs it now can save nothing more of it, and leaves it where it
        is saved next.

        Args:
            reason: the text of the :class:`greenflow.Cancelled` that is its outcome.

        Raises:
            FlowNotFound: there is no such flow.
            FlowBusy: the flow has ended.
        """
        error = Cancelled("; ".join(filter(None, ("killed", reason))))
        self._base.kill(self._id, *self._ending(error))

    def hold(self) -> None:
        """Let the flow not run before :meth:`release`: not at once if it runs now.

        What it waits for comes meanwhile as always. Raises FlowNotFound, FlowBusy (the
        flow has ended).
        """
        self._base.hold(self._id)

    def release(self) -> None:
        """Undo :meth:`hold`. Raises FlowNotFound, FlowBusy (the flow has ended)."""
        self._base.unhold(self._id)

    def retry(self) -> None:
        """Let a flow that is in the hospital, or waits for another try, run now.

        Raises:
            FlowNotFound: there is no such flow.
            FlowBusy: it is neither.
        """
        self._base.retry(self._id)

    def _ending(self, error: BaseException) -> tuple[str, bytes]:
        """Return the one line and the value of a flow that ends so, unasked."""
        value = self._store.within(values.dump_failure, error, self._id)
        return values.error_line(error), value
