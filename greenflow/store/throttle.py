"""Limits of a queue: how many of its flows run at once, and how many begin per time."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from greenflow.envelope import seal, unseal
from greenflow.errors import BadContents, BadRecord
from greenflow.store import keys
from greenflow.store.base import QueueLimits

if TYPE_CHECKING:
    from greenflow.store.work import Work


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(QueueLimits).decode
#: What sums of fractions may be short of one.
_ROUNDING: Final = 1e-6


def check(wanted: QueueLimits) -> None:
    """Refuse limits that no flow could pass. Raises ValueError."""
    if (
        (wanted.concurrency is not None and wanted.concurrency < 1)
        or wanted.count < 0
        or not 0 < wanted.seconds < float("inf")
        or not keys.is_queue(wanted.name)
    ):
        raise ValueError(f"these cannot be the limits of a queue: {wanted}")


def put(work: Work, wanted: QueueLimits) -> None:
    """Set the limits of a queue; without any, forget them."""
    work.wakes = True
    if wanted.concurrency is None and not wanted.count:
        work.txn.delete(keys.limits_of(wanted.name))
    else:
        _put(work, replace(wanted, left=0.0, looked=0.0))


def _put(work: Work, wanted: QueueLimits) -> None:
    key = keys.limits_of(wanted.name)
    work.txn.put(key, seal(b"limits", key, _encode(wanted), b""))


def get(work: Work, name: str) -> QueueLimits | None:
    """Return the limits of a queue, if it has any. Raises BadRecord."""
    key = keys.limits_of(name)
    data = work.txn.get(key)
    if data is None:
        return None
    try:
        return _decode(unseal(b"limits", key, data)[0])
    except msgspec.MsgspecError as error:
        raise BadContents(f"the limits of queue {name!r}: {error}") from error


def everywhere(work: Work) -> list[QueueLimits]:
    """Return the limits of all queues that have any. Raises BadRecord."""
    names = [keys.named(key) for key in work.under(keys.LIMITS)]
    return [found for name in names if (found := get(work, name)) is not None]


class Throttle:
    """What the queues allow at one moment, as one transaction sees it."""

    def __init__(self, work: Work, now: float) -> None:
        self._work = work
        self._now = now

    def next_start(self, name: str) -> float | None:
        """Return when the queue's next flow may run (now, or later).

        None: not before one of its flows leaves. Raises BadRecord.
        """
        found = get(self._work, name)
        if found is None:
            return self._now
        if found.concurrency is not None and self._running[name] >= found.concurrency:
            return None
        if not found.count:
            return self._now
        missing = 1 - _left(found, self._now)
        if missing <= _ROUNDING:
            return self._now
        return self._now + missing * found.seconds / found.count

    def starts(self, name: str) -> int | None:
        """Return how many flows of the queue may begin now; None: all.

        Raises BadRecord.
        """
        found = get(self._work, name)
        if found is None:
            return None
        left = []
        if found.concurrency is not None:
            left.append(found.concurrency - self._running[name])
        if found.count:
            left.append(int(_left(found, self._now) + _ROUNDING))
        return max(min(left), 0)

    def started(self, name: str, count: int) -> None:
        """Count flows of the queue that run from now on."""
        found = get(self._work, name)
        if found is not None and found.count:
            left = _left(found, self._now) - count
            _put(self._work, replace(found, left=left, looked=self._now))

    @cached_property
    def _running(self) -> Counter[str]:
        """How many flows of each queue run: few do, of all together."""
        counter = Counter[str]()
        for owner in self._work.owners():
            for flow_id in self._work.owned(owner):
                with suppress(BadRecord):  # nothing of that one can be committed
                    row = self._work.owned_row(owner, flow_id)
                    counter[row.record.queue] += 1
        return counter


def _left(found: QueueLimits, now: float) -> float:
    """Return how many flows may begin, by what began before.

    A clock that was set forward lets no more begin than the limit says; one that was
    set back must not stop the queue until it is as late again.
    """
    passed = now - found.looked
    if passed < -found.seconds:
        return found.count
    left = found.left + max(passed, 0.0) * found.count / found.seconds
    return min(left, found.count)


def next_start(work: Work, names: list[str], now: float) -> float | None:
    """Return when a flow may run that is ready, and may not now; None if never so."""
    throttle = Throttle(work, now)
    found = []
    for name in names:
        with suppress(BadRecord):  # claims() tells of that
            start = throttle.next_start(name)
            if start is not None and start > now:
                found.append(start)
    return min(found, default=None)
