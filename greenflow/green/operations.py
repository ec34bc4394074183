"""The calls that a tasklet waits in: entered through C, so none is on its stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenflow.green import stacks
from greenflow.green.core import Operation, _green
from greenflow.green.loop import here

if TYPE_CHECKING:
    from collections.abc import Callable


def operation(
    name: str, function: Callable[..., Any], qualname: str | None = None
) -> Any:
    """Return a call in which a tasklet can be saved: it gives LEAVE when ordered to."""
    return Operation(
        name, function, qualname=f"green.{qualname or name}", order=stacks.order
    )


schedule = operation("schedule", _green.schedule)
schedule_remove = operation("schedule_remove", _green.schedule_remove)


def _sleep(seconds: float, /) -> Any:
    """Let others run for a time, of this process's clock.

    Raises:
        ValueError: it is negative or no number.
    """
    if not seconds >= 0:
        raise ValueError(f"sleep() takes seconds, not {seconds!r}")
    loop = here()
    me = loop.current
    me._unlink()
    loop.arm(me, seconds)
    return _green.wait()


sleep = operation("sleep", _sleep)
