"""Which slice works in a context: what is logged there names its flow."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from greenflow.continuation.context import keep_local
from greenflow.runtime.hosting import current_slice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenflow.continuation import Continuation
    from greenflow.runtime.slice import Slice

#: The slice that works in this context, and in threads and tasks that got a copy of it.
_SLICE: ContextVar[Slice | None] = ContextVar("greenflow_slice", default=None)
keep_local(_SLICE)


@contextmanager
def named(running: Slice) -> Iterator[None]:
    """Let what is logged in the block, outside of the flow's stack, name the flow."""
    token = _SLICE.set(running)
    try:
        yield
    finally:
        _SLICE.reset(token)


def name_within(continuation: Continuation, running: Slice) -> None:
    """Let what is logged in copies of the flow's context name it, in any thread."""
    continuation.set_variable(_SLICE, running)


def running() -> Slice | None:
    """Return the slice that this call is made for, or None."""
    found = _SLICE.get()
    # The greenlets that a flow starts have contexts of their own.
    return found if found is not None and found.live else current_slice()
