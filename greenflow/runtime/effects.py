"""Side effects: what once() calls, and how often it may be called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from greenflow.continuation import LEAVE
from greenflow.failpoints import reach
from greenflow.runtime import values
from greenflow.runtime.driving import Stopped
from greenflow.store.base import Step, Waiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenacity import Retrying

    from greenflow.continuation import Continuation
    from greenflow.runtime.slice import Slice

#: The longest pause before another try, in seconds, of ``retry=`` a number.
_PAUSE_SECONDS_MAX = 10


class Once(msgspec.Struct, frozen=True):
    """The request of once()."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    at_most_once: bool
    retry: int | Retrying | None

    def call(self) -> Any:
        """Call the function, as often as it may be. Raises what it raises last."""
        if self.retry is None:
            return self.function(*self.args, **self.kwargs)
        retrying = self.retry
        if isinstance(retrying, int):
            retrying = _retrying(retrying)
        return retrying(self.function, *self.args, **self.kwargs)


def perform(running: Slice, continuation: Continuation, once: Once) -> object:
    """Call what once() is to call, and commit what it returned.

    Returns:
        What the call returns to the flow, or LEAVE.
    """
    # Once the function has done its work it is too late to find that out.
    state = running.host.save(continuation)
    if once.at_most_once:
        intent = Waiting(kind="intent", due=True)
        step = Step(status="running", state=state, waiting=intent)
        if running.commit(running.with_messages(step, consumed=True)) is None:
            return LEAVE
    del state
    reach("before-effect")
    try:
        result = once.call()
    except Stopped as stopped:
        return running.break_off(stopped)
    reach("after-effect")
    state = running.host.save(continuation)
    what = "the result of once()"
    value, moved = running.store.within(values.dump_moved, result, what)
    waiting = Waiting(kind="once", due=True)
    step = Step(status="running", state=state, value=value, waiting=waiting)
    committed = running.commit(running.with_messages(step, consumed=True))
    if committed is not None and committed.record.status == "running":
        return result
    del result, state, value, step
    return running.leave(committed, moved)


def check(once: Once) -> Once:
    """Return it. Raises TypeError, ValueError for what cannot be asked for."""
    if not callable(once.function):
        raise TypeError(f"once() takes a function, not {once.function!r}")
    if once.retry is None:
        return once
    if once.at_most_once:
        raise ValueError("what may run at most once cannot be tried again: no retry=")
    if isinstance(once.retry, bool) or not (
        isinstance(once.retry, int) or callable(once.retry)
    ):
        raise TypeError(f"retry= takes a number or a tenacity.Retrying: {once.retry!r}")
    if isinstance(once.retry, int) and once.retry < 1:
        raise ValueError(f"retry= is the number of tries, at least 1: {once.retry}")
    return once


def _retrying(tries: int) -> Retrying:
    from tenacity import Retrying, stop_after_attempt, wait_random_exponential

    return Retrying(
        stop=stop_after_attempt(tries),
        wait=wait_random_exponential(max=_PAUSE_SECONDS_MAX),
        reraise=True,
    )
