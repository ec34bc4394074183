"""greenflow worker: it stays, is woken, and is started again when it dies."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import greenflow
from greenflow.runtime.worker import Worker
from tests.conftest import child_environment
from tests.runtime import target_flows, target_work
from tests.runtime.conftest import Journal

#: Only a test that fails waits so long.
LONG_SECONDS = 120
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def worker(place: Path, journal: Journal) -> Iterator[Start]:
    """Start ``greenflow worker`` on the test's store; it is killed at the end."""
    started: list[subprocess.Popen[str]] = []

    def start(*options: str, **env: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "greenflow", "worker", *options],
            env={**child_environment(), "GREENFLOW_STORE": str(place), **env},
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def ended(flow: greenflow.Flow) -> object:
    """Return its result once others have run it to its end."""
    end = time.monotonic() + LONG_SECONDS
    while not flow.done():
        assert time.monotonic() < end, flow
        time.sleep(0.005)
    return flow.result()


def noted(journal: Journal, line: str) -> None:
    end = time.monotonic() + LONG_SECONDS
    while line not in journal.lines():
        assert time.monotonic() < end, journal.lines()
        time.sleep(0.005)


def test_it_is_woken_and_ends_when_it_is_told(store: greenflow.Store, worker: Start):
    process = worker()
    receiver = greenflow.spawn(target_flows.receive, 2)
    napper = greenflow.spawn(target_work.naps)
    assert ended(napper) is None
    greenflow.send(receiver, 1)
    greenflow.send(receiver, 2)
    assert ended(receiver) == [1, 2]
    process.send_signal(signal.SIGTERM)
    assert process.wait(LONG_SECONDS) == 0
    assert process.stderr is not None
    assert process.stderr.read().endswith("slices run\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_slice_that_runs_is_run_to_its_end(
    store: greenflow.Store, worker: Start, journal: Journal, number: int
):
    process = worker()
    flow = greenflow.spawn(target_work.takes_its_time)
    noted(journal, "begins")
    process.send_signal(number)
    assert process.wait(LONG_SECONDS) == 0
    assert flow.status == "done"
    assert flow.result() == "in peace"


def test_a_pool_goes_on_when_one_of_it_dies(
    store: greenflow.Store, worker: Start, journal: Journal
):
    pool = worker("-n", "2")
    flow = greenflow.spawn(target_work.kills_its_process_once)
    assert ended(flow) == "lived"
    assert journal.lines() == ["killed"]
    others = [greenflow.spawn(target_flows.add, number) for number in range(20)]
    assert [ended(each) for each in others] == [number + 1 for number in range(20)]
    pool.send_signal(signal.SIGTERM)
    assert pool.wait(LONG_SECONDS) == 0
    assert pool.stderr is not None
    assert "died: SIGKILL" in pool.stderr.read()


def test_what_cannot_go_on_is_told_once_and_others_go_on(store: greenflow.Store):
    told: list[str] = []
    staying = Worker(store, lambda flow_id, _: told.append(flow_id))

    stuck = greenflow.spawn(target_work.cannot_be_loaded_again)
    fine = greenflow.spawn(target_flows.add, 1)
    last = greenflow.spawn(target_work.stops_worker, 0.05)
    target_work.STOPPED.append(staying.stop)
    staying.run()
    assert fine.result() == 2
    assert last.done()
    assert told == [stuck.id]
