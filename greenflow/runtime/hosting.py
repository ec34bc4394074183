"""The greenlet that a flow runs in, and how to find the flow from inside it.

A flow has a greenlet of its own, so that its stack begins at its own function, its
context variables are its own, and run() can be called in the midst of another flow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenlet import getcurrent, greenlet

from greenflow.errors import NotInFlow
from greenflow.later import later

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenflow.continuation import Continuation
    from greenflow.green import flows
    from greenflow.green.loop import Loop
    from greenflow.parted import AnyState
    from greenflow.runtime import sourcing
    from greenflow.runtime.slice import Slice
else:
    flows = later(__name__, "greenflow.green.flows")
    sourcing = later(__name__, "greenflow.runtime.sourcing")


class Host(greenlet):  # type: ignore[misc]  # greenlet ships no types
    """The greenlet of one slice of one flow."""

    def __init__(self, run: Callable[..., Any], running: Slice) -> None:
        """Prepare to call ``run``; its parent is the greenlet that called run()."""
        super().__init__(run)
        self.slice = running
        #: The scheduler of the flow's own tasklets, if it has any: greenflow.green.
        self.home: Loop | None = None

    def save(self, continuation: Continuation) -> AnyState:
        """Return what the flow is saved as where it is, with its tasklets."""
        if self.home is not None:
            flows.note(self.home)
        store = self.slice.store
        return store.within(continuation.save, sourcing.sourcing_of(store).keep)

    def go_on(self, continuation: Continuation) -> None:
        """Let the tasklets that were saved with a flow have their turns."""
        if self.home is not None:
            flows.go_on(self.home, continuation)

    def drop_tasklets(self) -> None:
        """Forget them: the flow has left its stack; they live on in what was saved."""
        if self.home is not None:
            flows.drop(self.home)


def slices() -> Iterator[Slice]:
    """Yield the slices that this call is made in, the innermost first.

    There is more than one when a flow calls run(). A greenlet that a flow started
    belongs to that flow, but only as long as the slice lasts.
    """
    here: greenlet | None = getcurrent()
    while here is not None:
        if isinstance(here, Host) and here.slice.live:
            yield here.slice
        here = here.parent


def current_slice() -> Slice | None:
    """Return the slice of the flow that makes this call, or None outside of flows."""
    return next(slices(), None)


def running_slice(call: str) -> Slice:
    """Return the slice that makes this ``call``. Raises NotInFlow."""
    running = current_slice()
    if running is None:
        raise NotInFlow(
            f"{call} was called outside of a flow",
            hint="call it in a function that greenflow.spawn() runs",
        )
    return running
