"""greenflow worker: it stays, is woken, and is started again when it dies."""

from __future__ import annotations

import signal
import time
from collections import Counter
from pathlib import Path

import pytest

import greenflow
from greenflow.runtime.worker import Worker
from tests.runtime import target_flows, target_work
from tests.runtime.conftest import Journal, Start

#: Only a test that fails waits so long.
LONG_SECONDS = 120


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
    staying = Worker(store, lambda flow_id, _: told.append(flow_id), warm=0)

    stuck = greenflow.spawn(target_work.cannot_be_loaded_again)
    fine = greenflow.spawn(target_flows.add, 1)
    last = greenflow.spawn(target_work.stops_worker, 0.05)
    target_work.STOPPED.append(staying.stop)
    staying.run()
    assert fine.result() == 2
    assert last.done()
    assert told == [stuck.id]


def test_timers_are_kept_while_a_flow_never_leaves_its_stack(
    store: greenflow.Store, worker: Start, tmp_path: Path
):
    told = tmp_path / "told"
    busy = greenflow.spawn(target_work.checkpoints_until_told, str(told))
    napper = greenflow.spawn(target_work.naps)
    worker()
    assert ended(napper) is None
    assert busy.status == "running"
    told.touch()
    ended(busy)


def test_a_step_is_written_while_another_flow_never_lets_go(
    store: greenflow.Store, worker: Start
):
    # By then the worker takes several at a time.
    others = [greenflow.spawn(target_flows.add, number) for number in range(20)]
    saves = greenflow.spawn(target_work.saves_and_ends)
    spins = greenflow.spawn(target_work.spins_until_saved, saves)
    worker()
    assert ended(spins) is None
    assert ended(saves) == "rested"
    assert [ended(each) for each in others] == list(range(1, 21))


def test_an_idle_worker_writes_nothing_and_reads_little(store: greenflow.Store):
    greenflow.spawn(target_flows.receive, 1)
    bell, calls = IdleBell(store.base.bell()), Counter[str]()
    store.base.bell = lambda: bell

    def counted(kind):
        real = getattr(store.base, kind)

        def call(work):
            calls[kind] += 1
            return real(work)

        setattr(store.base, kind, call)

    staying = Worker(store)
    bell.rested = lambda: bell.rests == 1 and [counted("read"), counted("write")]
    bell.enough = staying.stop
    staying.run()
    looks = IDLE_RESTS - 1
    assert calls["write"] == 0
    # Is there a flow, or a dead worker, and when is the first timer?
    assert calls["read"] <= 4 * looks
    assert bell.asked == {0.5}


IDLE_RESTS = 20


class IdleBell:
    """A bell that nobody rings; who waits at it learns so at once."""

    def __init__(self, real):
        self.real, self.rests, self.asked = real, 0, set()

    def wait(self, seconds):
        if seconds > 0:
            self.asked.add(seconds)
            self.rests += 1
            self.rested()
            if self.rests == IDLE_RESTS:
                self.enough()
        return False

    def __getattr__(self, name):
        return getattr(self.real, name)
