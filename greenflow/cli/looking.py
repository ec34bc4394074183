"""What commands that only look read of a store: nothing of a flow is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenflow.inspect import Stack

if TYPE_CHECKING:
    from greenflow.store.base import FlowRecord, Store


def stack_of(store: Store, record: FlowRecord, *, reveal: bool = False) -> Stack | None:
    """Return the stack of a flow as it was saved last; one that is done has none.

    The store must be open as long as it is used: source texts are read when they are
    shown. Raises BadRecord.
    """
    if record.status == "done":
        return None
    return Stack(store.state(record.id), texts=store.source, reveal=reveal)
