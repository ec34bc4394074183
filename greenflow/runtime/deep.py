"""Room for saved stacks that are deeper than the recursion limit of this process."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from greenflow.continuation.head import read_head
from greenflow.parted import stream_of

if TYPE_CHECKING:
    from greenflow.store.base import Store

#: Calls that a restored stack can still make before the recursion limit.
_HEADROOM_FRAMES: Final = 1000


def has_room(base: Store, flow_id: str) -> bool:
    """Return whether the recursion limit is no reason for a StackTooDeep.

    Raises FlowNotFound, BadRecord.
    """
    return _limit_for(base, flow_id) <= sys.getrecursionlimit()


def make_room(base: Store, flow_id: str) -> bool:
    """Raise the limit for a flow, if that helps; return whether.

    It is there to stop runaway recursion; a stack that was saved is none.
    Raises FlowNotFound, BadRecord.
    """
    limit = _limit_for(base, flow_id)
    if limit <= sys.getrecursionlimit():
        return False
    sys.setrecursionlimit(limit)
    return True


def _limit_for(base: Store, flow_id: str) -> int:
    return (
        len(read_head(stream_of(base.state(flow_id, shown=True))).frames)
        + _HEADROOM_FRAMES
    )
