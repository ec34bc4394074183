"""The last step of a slice: what is written when a flow returns, fails or is stuck."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from greenflow import limits
from greenflow.errors import Cancelled
from greenflow.runtime import values
from greenflow.runtime.times import retry_pause
from greenflow.store.base import Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.runtime.stores import Store
    from greenflow.store.base import FlowRecord, Status


def of_return(store: Store, result: object) -> tuple[Step, Callable[[], None]]:
    """Return the step of a flow that returned, and what to call when it is written.

    Raises:
        NotSaveable: the result cannot be saved.
    """
    what = "the result of the flow"
    value, moved = store.within(values.dump_moved, result, what)
    return Step(status="done", value=value), moved


def of_failure(store: Store, record: FlowRecord, error: BaseException) -> Step:
    """Return the step of a flow that raised: it runs again, or has ended."""
    failures = max(record.attempts, 1)  # it may have been saved in this very slice
    if isinstance(error, Exception) and failures <= record.retries:
        due = time.time() + retry_pause(failures)
        return Step(status="retrying", retry_at=due, error=values.trouble(error))
    value = store.within(values.dump_failure, error, record.id)
    status: Status = "cancelled" if isinstance(error, Cancelled) else "failed"
    return Step(status=status, value=value, error=values.error_line(error))


def of_trouble(record: FlowRecord, error: Exception) -> Step:
    """Return the step of a flow that nobody can go on with as it is.

    For want of memory it is tried again, some times: that may be of this moment.
    """
    short = isinstance(error, MemoryError) or isinstance(error.__cause__, MemoryError)
    if short and record.attempts < limits.ATTEMPTS_MAX:
        due = time.time() + retry_pause(max(record.attempts, 1))
        return Step(status="retrying", retry_at=due, error=values.trouble(error))
    step = Step(status="hospital", error=values.trouble(error))
    error.add_note(
        f"flow {record.id} is in the hospital as it was last saved; nothing of it is "
        "lost"
    )
    return step
