"""gather(), first() and select(): waiting for several things at once."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from greenflow.runtime.flow import Flow
from greenflow.runtime.names import topic_name
from greenflow.runtime.outside import wait
from greenflow.runtime.requests import ABSENT, Join, operation
from greenflow.runtime.times import after, seconds

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

_Result = TypeVar("_Result")
#: That first() raises, because it was given no default.
RAISE: Final = ABSENT


def _gather_here(
    *flows: Flow[_Result], timeout: float | timedelta | None = None
) -> list[_Result]:
    """Return what :func:`gather` does outside of flows: this call waits."""
    end = math.inf if timeout is None else time.monotonic() + seconds(timeout)
    for flow in _checked(flows):
        left = max(end - time.monotonic(), 0)
        wait(flow, None if left == math.inf else left)
    return [flow.store.outcome(flow.id) for flow in flows]


@operation(hooked=True, outside=_gather_here)
def gather(
    *flows: Flow[_Result], timeout: float | timedelta | None = None
) -> list[_Result]:
    """Wait until all these flows have ended; return their results, in this order.

    In a flow this saves the flow, as :meth:`Flow.result` does.

    Raises:
        BaseException: what the first of them that failed raised, when all have ended.
        TimeoutError: they have not ended in time.
        ValueError: in a flow, one is of another store.
        Others: as by :meth:`Flow.result`.
    """
    until = None if timeout is None else after(timeout)
    request = Join("gather", _checked(flows), until=until, timeout=timeout)
    return cast("list[_Result]", request)


@operation(hooked=True)
def first(
    *waited: Flow[Any] | str,
    timeout: float | timedelta | None = None,
    default: Any = RAISE,
) -> Any:
    """Save the flow here; return which of these comes first: a flow's end, a message.

        came = greenflow.first(payment, "cancel", timeout=3600)
        if came == "cancel":
            reason = greenflow.recv(topic="cancel")

    Args:
        waited: flows whose end is waited for, and topics of which a message is.
        timeout: seconds, or a timedelta; None waits without limit.
        default: what to return if nothing came in time, instead of raising.

    Returns:
        The flow that has ended, or the topic that has a message: it is still to be
        received. The one named first, if several have.

    Raises:
        TimeoutError: nothing came in time, and there is no ``default``.
        ValueError: a flow is of another store, or nothing is waited for.
        NotInFlow, NotSuspendable, NotSaveable, TooLarge, FlowNotFound, FlowBusy: as by
            :func:`suspend`.
    """
    return _first_of("first", waited, timeout, default, takes=False)


@operation(hooked=True)
def select(
    *waited: Flow[Any] | str,
    timeout: float | timedelta | None = None,
    default: Any = RAISE,
) -> Any:
    """Save the flow here; return which of these comes first, and what came.

        which, value = greenflow.select("orders", "cancel", payment, timeout=3600)

    The message is taken: it leaves the mailbox when the flow is saved next, as with
    :func:`recv`, and those of the other topics stay where they are. Tasklets wait for
    channels, mailboxes in memory and timers by ``greenflow.green.select()``.

    Args:
        waited: topics of which a message is waited for, and flows whose end is.
        timeout: seconds, or a timedelta; None waits without limit.
        default: what to return if nothing came in time, instead of raising.

    Returns:
        The topic and the message, or the flow that has ended and its result. Flows
        come before topics, and then what is named first, if several have something.

    Raises:
        TimeoutError: nothing came in time, and there is no ``default``.
        BaseException: what ended the flow that has ended, if it has no result.
        ValueError: a flow is of another store, or nothing is waited for.
        NotInFlow, NotSuspendable, NotSaveable, TooLarge, FlowNotFound, FlowBusy: as by
            :func:`suspend`.
    """
    return _first_of("select", waited, timeout, default, takes=True)


def _first_of(
    name: str,
    waited: tuple[Flow[Any] | str, ...],
    timeout: float | timedelta | None,
    default: object,
    *,
    takes: bool,
) -> Join:
    flows = _checked(each for each in waited if not isinstance(each, str))
    topics = tuple(topic_name(each) for each in waited if isinstance(each, str))
    if not waited and timeout is None:
        raise ValueError(f"{name}() was given nothing to wait for")
    until = None if timeout is None else after(timeout)
    return Join("first", flows, topics, until, default, timeout, takes)


def _checked(flows: Iterable[Any]) -> tuple[Flow[Any], ...]:
    found = tuple(flows)
    for flow in found:
        if not isinstance(flow, Flow):
            raise TypeError(f"a Flow is needed, not {flow!r}")
    return found
