"""Channels: how tasklets hand values to each other."""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Self

from greenflow.continuation import tags
from greenflow.green.core import Bomb, _green, error_of, raised
from greenflow.green.operations import operation
from greenflow.later import later

if TYPE_CHECKING:
    from collections.abc import Iterable

    from greenflow.green import selecting
else:
    selecting = later(__name__, "greenflow.green.selecting")

#: What a mailbox keeps, which lets no sender wait.
_ALL: Final = sys.maxsize


def _send_exception(channel: Channel, exc: type[BaseException], /, *args: Any) -> Any:
    """Let who receives raise ``exc(*args)``; else as send()."""
    return _green.send(channel, Bomb(error_of(exc, args)))


def _send_throw(
    channel: Channel, exc: object, val: object = None, tb: object = None, /
) -> Any:
    """Let who receives raise this exception; the arguments are those of ``raise``."""
    return _green.send(channel, Bomb(raised(exc, val, tb)))


def _send_sequence(self: Channel, seq: Iterable[Any]) -> int:
    """Send each item; return how many there were."""
    count = 0
    for item in seq:
        self.send(item)
        count += 1
    return count


class Channel(_green.Channel):
    """Values from tasklet to tasklet, in order, each to one of them.

    Without a capacity who sends waits until somebody receives, as in Stackless Python;
    with one, only while that many values are kept. Other threads' tasklets may use it.

    Attributes:
        preference: who goes on at once when two meet: -1 the receiver, 1 the sender, 0
            who came second.
        schedule_all: whether nobody does, but others run before.
        balance: how many wait to send; those that wait to receive count as negative.
    """

    __slots__ = ("label",)

    label: str

    def __new__(cls, capacity: int = 0, *, label: str = "") -> Self:
        """Make one that keeps up to ``capacity`` values; ``label`` is for people."""
        self = super().__new__(cls)
        self.label = label
        if capacity < 0:
            raise ValueError(f"the capacity must not be negative: {capacity}")
        if capacity:
            self._capacity, self._buffer = capacity, deque()
        return self

    send = operation("send", _green.send, "Channel.send")
    receive = operation("receive", _green.receive, "Channel.receive")
    __next__ = operation("__next__", _green.next, "Channel.__next__")

    send_exception = operation(
        "send_exception", _send_exception, "Channel.send_exception"
    )
    send_throw = operation("send_throw", _send_throw, "Channel.send_throw")
    send_sequence = tags.register("send_sequence", _send_sequence)

    def __iter__(self) -> Self:
        return self

    def __len__(self) -> int:
        return len(self._buffer) if self._buffer is not None else 0

    def __bool__(self) -> bool:
        return True

    @property
    def capacity(self) -> int:
        """How many values it keeps that nobody has received."""
        return self._capacity

    def send_nowait(self, value: Any) -> bool:
        """Send if nobody has to wait for that; return whether it was sent."""
        return _green.attempt(self, 1, value) is not None

    def close(self) -> None:
        """Let nobody wait here any more: send() and receive() raise ValueError then.

        Those that wait already may still be served. Who iterates comes to the end.
        """
        self._closing = True
        if self.balance < 0:
            for each in self.waiting:
                if each._iterates:
                    each._wake(Bomb(StopIteration()))

    def open(self) -> None:
        """Undo :meth:`close`."""
        self._closing = False

    def receiving(self) -> selecting.Case:
        """Return the case of :func:`select` that a value comes."""
        return selecting.Case(self, -1)

    def sending(self, value: Any) -> selecting.Case:
        """Return the case of :func:`select` that somebody takes ``value``."""
        return selecting.Case(self, 1, value)

    def __reduce__(self) -> Any:
        from greenflow.green.images import dump_one

        return dump_one(self)

    def __repr__(self) -> str:
        name = f" {self.label}" if self.label else ""
        return f"<channel{name} balance {self.balance} at {id(self):#x}>"


def mailbox(*, label: str = "") -> Channel:
    """Return a channel that keeps all that is sent: nobody waits to send."""
    return Channel(_ALL, label=label)
