"""Checkpoints that are not to be kept any more, of flows that stay: they are deleted.

A flow's own saves do that too, some at a time; this is for a store that was told to
keep less, and for flows that are not saved again for long.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from greenflow.errors import BadRecord, FlowNotFound
from greenflow.store import history

if TYPE_CHECKING:
    from collections.abc import Iterable

    from greenflow.store.claiming import Transactions
    from greenflow.store.work import Work

#: Flows that one transaction looks at; more would keep every other writer waiting.
_FLOWS_MAX: Final = 20


def trim(store: Transactions, flow_ids: Iterable[str]) -> int:
    """Delete the checkpoints that are not to be kept; return how many."""
    ids, deleted = list(flow_ids), 0
    for at in range(0, len(ids), _FLOWS_MAX):
        some = ids[at : at + _FLOWS_MAX]
        if store.read(partial(_any_void, some)):
            deleted += store.write(partial(_trim, some))
    return deleted


def _void(work: Work, flow_id: str) -> int:
    """Return how many of a flow are to be deleted."""
    try:
        row = work.row(flow_id)
    except (FlowNotFound, BadRecord):
        return 0  # gc was here; or doctor tells of it
    return len(history.numbers(work, flow_id)) - len(history.kept(work, row))


def _any_void(flow_ids: list[str], work: Work) -> bool:
    return any(_void(work, each) for each in flow_ids)


def _trim(flow_ids: list[str], work: Work) -> int:
    deleted = 0
    for flow_id in flow_ids:
        if count := _void(work, flow_id):
            work.change(history.prune(work, work.row(flow_id), slack=0))
            deleted += count
    return deleted
