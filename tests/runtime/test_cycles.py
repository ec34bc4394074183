"""Many suspend/resume cycles of one flow leave nothing behind in the process."""

from __future__ import annotations

import gc
import os
import sys

import greenflow
from tests.runtime import target_flows

WARM_UP = 200
CYCLES = 2000
#: Caches of the interpreter come and go; a leak would be thousands.
SLACK_BLOCKS = 150


def measure() -> tuple[int, int, int]:
    gc.collect()
    return (
        sys.getallocatedblocks(),
        len(os.listdir("/proc/self/fd")),
        len(gc.get_objects()),
    )


def cycle(flow: greenflow.Flow[object], numbers: range) -> None:
    for number in numbers:
        flow.resume(number)
        assert greenflow.run() == 1
        assert flow.payload == number


def test_cycles_leave_nothing_behind(store: greenflow.Store):
    flow = greenflow.spawn(target_flows.echo_forever)
    greenflow.run()
    cycle(flow, range(WARM_UP))
    blocks, files, objects = measure()
    cycle(flow, range(CYCLES))
    blocks_after, files_after, objects_after = measure()
    assert files_after == files
    assert objects_after - objects < SLACK_BLOCKS
    assert blocks_after - blocks < SLACK_BLOCKS
    assert flow.record.seq == 1 + WARM_UP + CYCLES
