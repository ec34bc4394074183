"""How a process waits for the end of a flow: by running what can run."""

from __future__ import annotations

import math
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from greenflow.errors import InHospital
from greenflow.runtime.deadlocks import refuse_deadlock
from greenflow.runtime.driving import pause
from greenflow.runtime.scheduler import Scheduler
from greenflow.runtime.times import seconds
from greenflow.store.base import ENDED

if TYPE_CHECKING:
    from datetime import timedelta

    from greenflow.runtime.flow import Flow
    from greenflow.store.base import FlowRecord, Store

#: What nobody rang for is seen after so long.
_LOOK_SECONDS: Final = 0.25


def wait(flow: Flow[Any], timeout: float | timedelta | None) -> None:
    """Run the flows of the store until this one has ended, and wait when none can run.

    Raises: as :meth:`Flow.result`, but for what the flow raised.
    """
    refuse_deadlock(flow.store, flow.id)
    end = math.inf if timeout is None else time.monotonic() + seconds(timeout)
    base = flow.store.base
    scheduler = Scheduler(flow.store)
    with closing(base.bell()) as bell:
        while True:
            bell.clear()
            record = base.get(flow.id)
            if record.status in ENDED:
                return
            _refuse_stuck(scheduler, base, record)
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(
                    f"flow {flow.id} is {record.status} after {timeout} s"
                )
            if not scheduler.step():
                pause(bell.wait, max(min(left, _until_due(base), _LOOK_SECONDS), 0))


def _refuse_stuck(scheduler: Scheduler, base: Store, record: FlowRecord) -> None:
    if record.id in scheduler.stuck:
        raise scheduler.stuck[record.id]
    if record.status == "hospital":
        death = base.death(record.killer) if record.killer else ""
        how = f" by {death}" if death else ""
        raise InHospital(
            f"flow {record.id} is in the hospital: {record.trouble}{how}",
            hint=f"see greenflow hospital show {record.id}; then retry or kill it",
        )


def _until_due(base: Store) -> float:
    due = base.next_due()
    return math.inf if due is None else due - time.time()
