"""shield(): a part of a flow that cancel() waits for."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from greenflow.continuation import tags
from greenflow.continuation.context import name_variable

if TYPE_CHECKING:
    from types import TracebackType

#: How many blocks of shield() the flow is in: part of its saved context.
_depth: ContextVar[int] = ContextVar("shield_depth", default=0)
name_variable(_depth, "shield_depth")


class shield:  # it reads as a statement: with shield():
    """Let :meth:`Flow.cancel` wait until the block ends.

        with greenflow.shield():
            receipt = charge(card)
            greenflow.sleep(5)          # not cancelled here ...
            confirm(receipt)
        greenflow.sleep(5)              # ... but here

    It keeps nothing else off: ``throw()``, ``kill()`` and time-outs go through.
    """

    def __enter__(self) -> None:
        _depth.set(_depth.get() + 1)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tail: TracebackType | None,
    ) -> None:
        _depth.set(_depth.get() - 1)


def is_shielded() -> bool:
    """Return whether the flow that calls this is in a block of shield()."""
    return _depth.get() > 0


tags.register("shield", shield)
