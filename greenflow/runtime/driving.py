"""What a slice asks of whoever drives it, and the plain driver: one slice at a time."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from greenlet import getcurrent
from msgspec.structs import replace

from greenflow.errors import BadRecord, ContinuationError, StoreError
from greenflow.later import later
from greenflow.runtime.hosting import current_slice

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.runtime import sourcing
    from greenflow.runtime.slice import Slice
    from greenflow.store.base import Committed, FlowRecord, Step
else:
    sourcing = later(__name__, "greenflow.runtime.sourcing")


class Commit(msgspec.Struct, frozen=True):
    """Write this step: the driver switches back with a Committed, or what it raised."""

    slice: Slice  #: whose step it is: of the flow that asks, or of one that it runs
    prepared: Any


class Left(msgspec.Struct, frozen=True):
    """The flow waits, saved: the driver switches back with None, which takes it off the
    stack, or with a later claim of the very same state, with which it goes on."""

    slice: Slice
    record: FlowRecord


class Release(msgspec.Struct, frozen=True):
    """Give the claim back."""

    slice: Slice


class Pause(msgspec.Struct, frozen=True):
    """The flow waits on its stack: the driver switches back after so many seconds, or
    earlier, with None, or with what is to be raised."""

    slice: Slice
    wait: Callable[[float], object]  #: waits; returns earlier if something happened
    seconds: float


class Stopped(BaseException):  # it is no error, and no code of users' may catch it
    """Takes a flow off its stack whose worker is to end."""


def written(running: Slice, step: Step) -> Committed:
    """Return what the driver of a slice says has been committed, or raise it."""
    known = sourcing.sourcing_of(running.store)
    step, place = known.added_to(step, running.id)
    step = replace(step, logged=running.outbound.take_log())
    prepared = running.store.base.prepare(running.claim, step)
    outcome: Committed | BaseException
    outcome = running.host.parent.switch(Commit(running, prepared))
    if isinstance(outcome, BaseException):
        raise outcome
    known.remember(place, step)
    return outcome


def pause(wait: Callable[[float], object], seconds: float) -> None:
    """Wait, and let what else runs in this thread run meanwhile.

    Args:
        wait: waits so long, or less if something happened.
        seconds: how long.
    """
    running = current_slice()
    if running is None or getcurrent() is not running.host:
        wait(seconds)
        return
    stopped = running.host.parent.switch(Pause(running, wait, seconds))
    if stopped is not None:
        raise stopped


def drive(
    running: Slice, told: Callable[[object], None] | None = None
) -> Exception | None:
    """Run a slice to its end.

    Args:
        running: which.
        told: is called with each thing that it asks for, before that is done.

    Returns:
        Why this process cannot go on with the flow; None if it ran.

    Raises:
        KeyboardInterrupt: it came while the flow ran; the flow is ready again, as it
            was last saved.
        Exception: the store failed; the flow is as it was last saved.
    """
    host = running.host
    try:
        request = host.switch()
        while not host.dead:
            if told is not None:
                told(request)
            request = answer(running, request)
    except BaseException:
        # The store may be what failed; what it says now would hide the reason.
        with suppress(StoreError, BadRecord):
            running.store.base.release(running.claim)
        raise
    error: Exception | None = request
    return error


def answer(running: Slice, request: object) -> Any:
    """Do at once what a slice asks for; return what it asks for next."""
    host, base = running.host, running.store.base
    if isinstance(request, Commit):
        return host.switch(_committed(request))
    if isinstance(request, Left):
        return host.switch(None)
    if isinstance(request, Release):
        base.release(running.claim)
        return host.switch()
    if isinstance(request, Pause):
        try:
            pause(request.wait, request.seconds)
        except BaseException as error:
            return host.switch(error)
        return host.switch(None)
    return host.throw(switched_away(running.id))


def _committed(request: Commit) -> Committed | BaseException:
    outer = current_slice()
    if (
        outer is not None
        and outer.store is request.slice.store
        and getcurrent() is outer.host
    ):
        # Who drives the flow around this one may run others meanwhile, or stop here.
        passed: Committed | BaseException = outer.host.parent.switch(request)
        return passed
    base, claim = request.slice.store.base, request.slice.claim
    try:
        [outcome] = base.commit_all([(claim, request.prepared)])
    except BaseException as error:
        return error
    return outcome


def switched_away(flow_id: str) -> ContinuationError:
    """Return what a flow is told that switched to whoever runs it."""
    return ContinuationError(
        f"flow {flow_id} switched to the greenlet that runs it",
        hint="a flow leaves by suspend(), recv() or return; switch only between "
        "greenlets of its own",
    )
