"""Checkpoints of a stored flow, compared; for the library and for commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenflow.errors import NoSuchCheckpoint
from greenflow.inspect.diff import Diff
from greenflow.inspect.stack import Stack

if TYPE_CHECKING:
    from greenflow.store.base import Checkpoint, Store


def compare(
    store: Store, flow_id: str, a: int | None, b: int | None, *, reveal: bool
) -> Diff:
    """Return what differs between two checkpoints: see :meth:`Flow.diff`."""
    if b is None:
        b = store.get(flow_id).seq
    if a is None:
        a = _before(store, flow_id, b)
    return Diff(
        _looked_at(store, flow_id, a, reveal), _looked_at(store, flow_id, b, reveal)
    )


def _before(store: Store, flow_id: str, seq: int) -> int:
    """Return the checkpoint that one was made from, or else that before it."""
    kept = {each.seq: each for each in store.history(flow_id)}
    parent = kept[seq].parent if seq in kept else None
    if parent in kept:
        return parent
    earlier = [each for each in kept if each < seq]
    if not earlier:
        raise NoSuchCheckpoint(
            f"flow {flow_id} keeps no checkpoint before {seq}",
            hint="name two of them: greenflow history tells which there are",
        )
    return earlier[-1]


def _looked_at(
    store: Store, flow_id: str, seq: int, reveal: bool
) -> tuple[Checkpoint, Stack]:
    saved = store.saved(flow_id, seq, shown=True)
    stack = Stack(saved.state, texts=store.source, codes=store.code, reveal=reveal)
    return saved.checkpoint, stack
