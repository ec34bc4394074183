"""suspend(), checkpoint() and recv(): what a flow calls to be saved.

They are entered through C (``Operation``), so that no frame of greenflow ever lies
inside a saved stack. The functions below only check the arguments and make the
request; :class:`greenflow.runtime.slice.Slice` answers it, inside the flow's stack,
and the answer is what the call returns to the flow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar, cast, overload

from greenflow.runtime.effects import Once, check
from greenflow.runtime.names import label_name, topic_name
from greenflow.runtime.requests import ABSENT, Checkpoint, Receive, Sleep, operation
from greenflow.runtime.times import after, moment
from greenflow.runtime.typed import check_type

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from tenacity import Retrying

_Result = TypeVar("_Result")
_Message = TypeVar("_Message")

#: That recv() raises, because it was given no default.
RAISE: Final = ABSENT


@operation(hooked=False)
def suspend(payload: object = None, /) -> Any:
    """Save the flow here and leave it; return what it is resumed with.

    In a flow of a store this writes, in one transaction, everything on the flow's
    stack, the payload, and the messages sent and received since the last save. The
    call returns when somebody calls :meth:`Flow.resume`, with that value, or raises
    what :meth:`Flow.throw` was given: in this process or in any later one. In a bare
    :class:`Continuation` it returns to whoever called ``start`` or ``resume``.

    Args:
        payload: any value that can be saved; others see it as ``Flow.payload``.

    Raises:
        NotInFlow: called outside of a flow.
        NotSuspendable: the stack holds a C call that cannot be entered again.
        NotSaveable: a value on the stack, or the payload, cannot be saved. The flow's
            last saved state stands.
        TooLarge: the state or the payload is above its limit.
        FlowNotFound, FlowBusy: a message sent since the last save cannot be
            delivered any more; it is dropped, and nothing was saved.
    """
    return payload


@operation(hooked=True)
def checkpoint(label: str | None = None) -> int:
    """Save the flow here and go on; return the number of this save (from 1).

    If the process dies later on, the flow goes on from this call, in another
    process. What it did in between it does again.

    Args:
        label: a name for people, shown in listings.

    Raises:
        NotInFlow: called outside of a flow that was spawned.
        NotSuspendable, NotSaveable, TooLarge, FlowNotFound, FlowBusy: as by
            :func:`suspend`; nothing was saved.
    """
    # The flow gets the int; the hook that makes it gets this.
    return cast("int", Checkpoint(label_name(label)))


@overload
def recv(
    type: type[_Message],
    /,
    *,
    topic: str | None = None,
    timeout: float | timedelta | None = None,
    default: Any = RAISE,
) -> _Message: ...
@overload
def recv(
    type: Any = RAISE,
    /,
    *,
    topic: str | None = None,
    timeout: float | timedelta | None = None,
    default: Any = RAISE,
) -> Any: ...
@operation(hooked=True)
def recv(
    type: Any = RAISE,  # noqa: A002  # what else should it be called
    /,
    *,
    topic: str | None = None,
    timeout: float | timedelta | None = None,
    default: Any = RAISE,
) -> Any:
    """Save the flow here, wait for a message if there is none, and return it.

    Waiting costs no process: the flow leaves, and goes on when a message was sent
    and somebody runs the store's flows. Messages of one topic come in the order they
    were sent. The message stays in the mailbox until the flow is saved next, so a
    process that dies gives it to this same call again.

    Args:
        type: what the message must be, or be convertible to: a class, dataclass,
            TypedDict, ``list[int]``, ... (what msgspec.convert() takes), or a pydantic
            model. Who sends while the flow waits here is refused what is not; what was
            sent before raises here.
        topic: wait for messages of this topic only; None is a topic of its own.
        timeout: seconds, or a timedelta; None waits without limit. By the wall clock:
            it passes also while no process runs.
        default: what to return if no message came in time, instead of raising.

    Raises:
        TimeoutError: no message came in time, and there is no ``default``.
        BadMessage: the message is not of ``type``; the next recv() gives the next one.
        ValueError: ``timeout`` is negative or no number.
        NotInFlow: called outside of a flow that was spawned.
        NotSuspendable, NotSaveable, TooLarge, FlowNotFound, FlowBusy: as by
            :func:`suspend`; nothing was saved.
    """
    until = None if timeout is None else after(timeout)
    return Receive(topic_name(topic), until, default, check_type(type))


@operation(hooked=True)
def once(
    function: Callable[..., _Result],
    /,
    *args: Any,
    at_most_once: bool = False,
    retry: int | Retrying | None = None,
    **kwargs: Any,
) -> _Result:
    """Call ``function(*args, **kwargs)`` and save its result: it is not called again.

    If the process dies before the result is saved, the function is called once more:
    give what it talks to an :func:`idempotency_key`. The function cannot suspend.

    Args:
        function: does the side effect.
        at_most_once: save before that it will be called. If the process dies in
            between, the call is not repeated and raises Ambiguous.
        retry: how often to try until it does not raise, with growing random pauses
            in between; or a ``tenacity.Retrying`` that tells all that.

    Raises:
        BaseException: what the function raises (at the last try); nothing is saved.
        Ambiguous: see ``at_most_once``.
        NotInFlow: called outside of a flow that was spawned.
        NotSuspendable, NotSaveable, TooLarge, FlowNotFound, FlowBusy: as by
            :func:`suspend`, and the function was not called, unless it is its result
            that cannot be saved.
    """
    request = Once(function, args, kwargs, at_most_once, retry)
    return cast("_Result", check(request))


@operation(hooked=True)
def sleep(duration: float | timedelta, /) -> None:
    """Save the flow here, and let it go on after a time; no process is needed for it.

    Args:
        duration: seconds, or a timedelta; by the wall clock.

    Raises:
        ValueError: it is negative or no number.
        NotInFlow: called outside of a flow that was spawned.
        NotSuspendable, NotSaveable, TooLarge, FlowNotFound, FlowBusy: as by
            :func:`suspend`; nothing was saved.
    """
    # The flow gets nothing; the hook that makes it wait gets this.
    return cast("None", Sleep(after(duration)))


@operation(hooked=True)
def sleep_until(when: datetime, /) -> None:
    """Save the flow here, and let it go on at that time, or at once if it is past.

    Args:
        when: with a time zone: one without means another time on another machine.

    Raises:
        ValueError: it has no time zone.
        NotInFlow: called outside of a flow that was spawned.
        NotSuspendable, NotSaveable, TooLarge, FlowNotFound, FlowBusy: as by
            :func:`suspend`; nothing was saved.
    """
    return cast("None", Sleep(moment(when)))
