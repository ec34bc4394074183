"""What commands that only look read of a store: nothing of a flow is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenflow.errors import FlowNotFound
from greenflow.inspect import Stack

if TYPE_CHECKING:
    from greenflow.store.base import FlowRecord, Store


def found(store: Store, text: str) -> tuple[FlowRecord, int | None]:
    """Return the flow that ``ID`` or ``ID@N`` means, and the number of a checkpoint.

    ID may be the beginning of an id, which may have an ``@`` itself.
    Raises FlowNotFound.
    """
    try:
        return store.get(store.resolve(text)), None
    except FlowNotFound:
        begin, _, number = text.rpartition("@")
        if not begin or not number.isdecimal():
            raise
    return store.get(store.resolve(begin)), int(number)


def stack_of(
    store: Store, record: FlowRecord, at: int | None = None, *, reveal: bool = False
) -> Stack | None:
    """Return the stack of a flow as it was saved last, or at a checkpoint.

    One that is done has none any more. The store must be open as long as it is used:
    source texts are read when they are shown. Raises NoSuchCheckpoint, BadRecord.
    """
    if at is not None:
        state = store.saved(record.id, at, shown=True).state
    elif record.status == "done":
        return None
    else:
        state = store.state(record.id, shown=True)
    return Stack(state, texts=store.source, codes=store.code, reveal=reveal)
