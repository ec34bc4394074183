"""Whose turn it is: every queue's, one after another, as far as its limits let it."""

from __future__ import annotations

from collections import Counter, deque
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import msgspec

from greenflow.errors import BadRecord
from greenflow.store import claims, queues
from greenflow.store.throttle import Throttle

if TYPE_CHECKING:
    from collections.abc import Container, Generator, Mapping, Sequence

    from greenflow.store.records import Row
    from greenflow.store.work import Work


class Wish(msgspec.Struct, frozen=True):
    """Which flows somebody wants to claim."""

    most: int
    queues: Sequence[str] | None  #: None: of any queue
    after: str  #: the queue that was served last
    skip: Container[str]  #: not these flows
    known: Mapping[str, int]  #: flows whose state of that save is not wanted


def take(
    work: Work, wish: Wish, owner: str, now: float
) -> tuple[list[claims.Taken], dict[str, BadRecord]]:
    """Claim the flows that are next; also return what could not be read.

    A damaged flow does not keep others from running, nor damaged limits other queues.
    """
    throttle = Throttle(work, now)
    damaged: dict[str, BadRecord] = {}
    rows = _chosen(work, wish, throttle, damaged)
    taken = [claims.take(work, row, owner, now, wish.known) for row in rows]
    for name, count in Counter(row.record.queue for row in rows).items():
        throttle.started(name, count)
    return taken, damaged


def _chosen(
    work: Work, wish: Wish, throttle: Throttle, damaged: dict[str, BadRecord]
) -> list[Row]:
    """Return the flows that are next; nothing is written yet."""
    chosen: list[Row] = []
    with ExitStack() as stack:
        names = queues.names(work.txn, wish.queues, wish.after)
        lines = deque(_line(work, name, wish.skip, throttle, damaged) for name in names)
        for line in lines:
            stack.enter_context(closing(line))
        while lines and len(chosen) < wish.most:
            line = lines.popleft()
            row = next(line, None)
            if row is not None:
                chosen.append(row)
                lines.append(line)
    return chosen


def _line(
    work: Work,
    name: str,
    skip: Container[str],
    throttle: Throttle,
    damaged: dict[str, BadRecord],
) -> Generator[Row, None, None]:
    """Yield the flows of a queue that may run now, the first first."""
    try:
        left = throttle.starts(name)
    except BadRecord as error:
        damaged[f"of queue {name!r}, which has limits,"] = error
        return
    if left == 0:
        return
    with closing(queues.entries(work.txn, name)) as entries:
        for ticket, key, data in entries:
            try:
                row = work.queued(ticket, key, data)
            except BadRecord as error:
                damaged[f"at place {ticket} of queue {name!r}"] = error
                continue
            if row.record.id not in skip:
                yield row
                if left is not None and (left := left - 1) == 0:
                    return
