"""select(): one tasklet waits for the first of several things."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from greenflow.continuation import tags
from greenflow.green.core import _green
from greenflow.green.loop import here
from greenflow.green.operations import operation

if TYPE_CHECKING:
    from greenflow.green.channels import Channel


class Case(_green.Tasklet):
    """One of the things that :func:`select` waits for.

    Attributes:
        channel: where.
        direction: 1 to send, -1 to receive.
    """

    __slots__ = ("channel", "direction", "sends")

    def __init__(self, channel: Channel, direction: int, sends: Any = None) -> None:
        self.channel, self.direction, self.sends = channel, direction, sends
        self.tempval = sends

    def __repr__(self) -> str:
        doing = "sending to" if self.direction > 0 else "receiving from"
        return f"<{doing} {self.channel!r}>"


class Time:
    """The case of :func:`select` that a time has come; made by :func:`after`.

    Attributes:
        at: when, by this process's monotonic clock.
    """

    __slots__ = ("__weakref__", "at")

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds

    def left(self) -> float:
        """Return how many seconds are left; none or fewer if it has come."""
        return self.at - time.monotonic()

    def __reduce__(self) -> Any:
        return _time_in, (max(0.0, self.left()),)

    def __repr__(self) -> str:
        return f"<in {max(0.0, self.left()):.3f} s>"


def after(seconds: float) -> Time:
    """Return the case of :func:`select` that so many seconds have passed from now on.

    Raises:
        ValueError: they are negative or no number.
    """
    if not seconds >= 0:
        raise ValueError(f"after() takes seconds, not {seconds!r}")
    return Time(seconds)


def _time_in(seconds: float) -> Time:
    return Time(seconds)


tags.register("time_in", _time_in)


def _select(*cases: Case | Time, timeout: float | None = None) -> Any:
    """Wait until one of the cases can be done, and do that one.

        case, value = select(orders.receiving(), log.sending("idle"), timeout=5)

    If several can, it is the first of them. What others would have given stays where
    it is. A flow of a store waits for its messages by ``greenflow.select()``.

    Args:
        cases: of :meth:`Channel.receiving` and :meth:`Channel.sending`, also of a
            :func:`mailbox`, and of :func:`after`.
        timeout: seconds; 0 does not wait.

    Returns:
        The case, and what was received; (None, None) after the timeout.

    Raises:
        TypeError: there is something else among the cases.
        ValueError: there are no cases, or a channel is closed.
        ChannelDeadlock: nobody will ever do any of them.
    """
    done = _at_once(cases)
    if done is not None:
        return done
    ends: list[tuple[float, Any]] = [
        (each.left(), (each, None)) for each in cases if isinstance(each, Time)
    ]
    if timeout is not None:
        ends.append((timeout, (None, None)))
    elif not cases:
        raise ValueError("select() needs a case, or a timeout")
    if timeout is not None and timeout <= 0:
        return None, None
    waiting = [each for each in cases if isinstance(each, Case)]
    for case in waiting:
        if case.channel.closing:
            raise ValueError(f"{case!r}: the channel is closed")
        case.tempval = case.sends
    if ends:
        loop = here()
        loop.arm(loop.current, *min(ends, key=lambda end: end[0]))
    return _green.wait_cases([(each, each.channel, each.direction) for each in waiting])


def _at_once(cases: tuple[Case | Time, ...]) -> tuple[Case | Time, Any] | None:
    for case in cases:
        if isinstance(case, Case):
            done = _green.attempt(case.channel, case.direction, case.sends)
            if done is not None:
                return case, done[0]
        elif not isinstance(case, Time):
            raise TypeError(f"select() takes cases of channels, not {case!r}")
        elif case.left() <= 0:
            return case, None
    return None


select = operation("select", _select)
