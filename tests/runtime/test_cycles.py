"""Many suspend/resume cycles of one flow leave nothing behind in the process."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import greenflow
from tests.runtime import target_flows

WARM_UP = 200
ROUNDS = 3
CYCLES = 700
#: Caches of the interpreter fill up in the first rounds; a leak is in every round.
SLACK = 150


@pytest.fixture
def fast_store(tmp_path: Path) -> Iterator[greenflow.Store]:
    """A store in memory where there is such a folder: no disk is measured here."""
    memory = Path("/dev/shm")
    parent = memory if os.access(memory, os.W_OK) else tmp_path
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        with greenflow.open(f"{folder}/store") as store:
            yield store
        store.close()


def measure(store: greenflow.Store) -> dict[str, int]:
    gc.collect()
    return {
        "files": len(os.listdir("/proc/self/fd")),
        "readers": len(store.base._env._env.readers().splitlines()),
        "blocks": sys.getallocatedblocks(),
        "objects": len(gc.get_objects()),
    }


def cycle(flow: greenflow.Flow[object], numbers: range) -> None:
    for number in numbers:
        flow.resume(number)
        assert greenflow.run() == 1
        assert flow.payload == number


def test_cycles_leave_nothing_behind(fast_store: greenflow.Store):
    flow = greenflow.spawn(target_flows.echo_forever)
    greenflow.run()
    cycle(flow, range(WARM_UP))
    rounds = []
    for _ in range(ROUNDS):
        before = measure(fast_store)
        cycle(flow, range(CYCLES))
        after = measure(fast_store)
        rounds.append({name: after[name] - before[name] for name in before})
    assert min(found["files"] for found in rounds) <= 0
    assert min(found["readers"] for found in rounds) <= 0
    assert min(found["objects"] for found in rounds) < SLACK
    assert min(found["blocks"] for found in rounds) < SLACK
    assert flow.record.seq == 1 + WARM_UP + ROUNDS * CYCLES
