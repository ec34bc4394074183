"""Which flows have ended, for those who wait for that outside of flows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from greenflow.store import keys

if TYPE_CHECKING:
    import lmdb

    from greenflow.store.work import Work

#: Ends that one transaction tells of.
_FLOWS_MAX: Final = 1000
_BEHIND: Final = bytes([keys.FINISHED[0] + 1])


class Ends(NamedTuple):
    """What :func:`since` found."""

    flows: list[str]  #: the ids of flows that have ended
    place: bytes  #: where to look on
    more: bool  #: whether there are more of them already
    change: int  #: a number that is another one after each change of the store


def since(work: Work, place: bytes) -> Ends:
    """Return the flows that have ended behind a place; none yet if that is empty.

    They are listed by the wall clock of who ended them. If it is set back, the place is
    behind what ends then: who waits for a flow must look at it by itself, now and then.
    """
    change = work.txn.id()
    if not place:
        return Ends([], _last(work.txn), False, change)
    flows: list[str] = []
    with work.txn.cursor() as cursor:
        more = cursor.set_range(place + b"\0")
        while more and cursor.key()[:1] == keys.FINISHED:
            if len(flows) == _FLOWS_MAX:
                return Ends(flows, place, True, change)
            place = cursor.key()
            flows.append(keys.timed_id(place))
            more = cursor.next()
    return Ends(flows, place, False, change)


def _last(txn: lmdb.Transaction[bytes]) -> bytes:
    with txn.cursor() as cursor:
        there = cursor.prev() if cursor.set_range(_BEHIND) else cursor.last()
        if there and cursor.key()[:1] == keys.FINISHED:
            return cursor.key()
    return keys.FINISHED
