"""The stores of the ``with`` blocks around a call."""

from __future__ import annotations

from contextvars import Context, ContextVar, copy_context
from typing import TYPE_CHECKING

from greenflow.continuation.context import keep_local
from greenflow.runtime.hosting import current_slice

if TYPE_CHECKING:
    from greenflow.runtime.stores import Store

_AMBIENT: ContextVar[tuple[Store, ...]] = ContextVar("greenflow_store", default=())


def enter(store: Store) -> None:
    """Let the code that follows, in this thread or task, be in a store."""
    _AMBIENT.set((*_AMBIENT.get(), store))


def leave(store: Store) -> None:
    """Undo the last :func:`enter` of a store."""
    # No Token: a block that was entered in another process can be left here.
    ambient = list(_AMBIENT.get())
    for place in reversed(range(len(ambient))):
        if ambient[place] is store:
            del ambient[place]
            break
    _AMBIENT.set(tuple(ambient))


def context_in(store: Store) -> Context:
    """Return a copy of the caller's context in which only this store is around it."""
    context = copy_context()
    context.run(_AMBIENT.set, (store,))
    return context


def chosen() -> Store | None:
    """Return the store that the code around this call is in, if it is in any."""
    ambient, running = _AMBIENT.get(), current_slice()
    if ambient or running is None:
        return ambient[-1] if ambient else None
    return running.store


keep_local(_AMBIENT)
