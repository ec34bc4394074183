"""Flows that wait on their stacks, in memory, besides being saved."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from greenflow.errors import BadRecord, FlowNotFound
from greenflow.store.base import ENDED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenflow.runtime.slice import Slice
    from greenflow.store.base import Claim, FlowRecord, Store

#: How many one look compares with what the store has.
_LOOKED_AT_MAX: Final = 16


class Warm:
    """The flows that one process keeps warm, the one that waits longest first.

    A flow may go on from its stack only if nobody had it in the meantime, who may have
    run, changed, or deleted it and made another one of its id.
    """

    def __init__(self, base: Store) -> None:
        self._base = base
        self._kept: OrderedDict[str, Slice] = OrderedDict()
        self._looked_at: set[str] = set()

    def known(self) -> Mapping[str, int]:
        """Return the number of the save that each of them waits in."""
        return {each.id: each.seq for each in self._kept.values()}

    def keep(self, left: Slice, most: int) -> None:
        """Keep one more; of more than ``most`` those go that wait longest."""
        self._kept[left.id] = left
        while len(self._kept) > most:
            self._take_off(next(iter(self._kept)))

    def take(self, claim: Claim) -> Slice | None:
        """Return the flow that was claimed, if it can go on from its stack."""
        kept = self._kept.get(claim.record.id)
        if kept is None:
            return None
        if claim.record.killer or not _is_next(kept.claim.record, claim.record):
            self._take_off(kept.id)
            return None
        return self._kept.pop(kept.id)

    def forget_stale(self) -> None:
        """Take some off their stacks that somebody else has run, or that ended."""
        ids = [each for each in self._kept if each not in self._looked_at]
        if not ids:
            self._looked_at.clear()
        for flow_id in ids[:_LOOKED_AT_MAX]:
            kept = self._kept[flow_id].claim.record
            try:
                record = self._base.get(flow_id)
                same = (record.created, record.epoch) == (kept.created, kept.epoch)
                is_stale = not same or record.status in ENDED
            except (FlowNotFound, BadRecord):
                is_stale = True
            if is_stale:
                self._take_off(flow_id)
            else:
                self._looked_at.add(flow_id)

    def clear(self) -> None:
        """Take all off their stacks."""
        while self._kept:
            self._take_off(next(iter(self._kept)))

    def _take_off(self, flow_id: str) -> None:
        """Take a flow off its stack: it is saved as it is, and nothing of it runs."""
        self._kept.pop(flow_id).host.switch(None)


def _is_next(kept: FlowRecord, claimed: FlowRecord) -> bool:
    """Return whether a claim is the first one since a flow was kept."""
    return (kept.created, kept.seq, kept.epoch + 1) == (
        claimed.created,
        claimed.seq,
        claimed.epoch,
    )
