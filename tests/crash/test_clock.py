"""Clocks jump by days while workers run: no flow is lost, and none is taken away.

Leases are by a clock that nobody can set, and timers by the wall clock.
"""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import greenflow
from tests.conftest import child_environment
from tests.crash import history, population, target_clock
from tests.crash.audit import audit, verify
from tests.crash.conftest import built

DAY_SECONDS = 86400
#: Only a test that fails waits so long.
LONG_SECONDS = 120


class World:
    """A store whose workers have clocks that the test sets."""

    def __init__(self, folder: Path, shim: str) -> None:
        self.place, self.clock = folder / "store", folder / "clock"
        self.past = folder / "history"
        self.store = greenflow.open(self.place)
        self.workers: list[subprocess.Popen[bytes]] = []
        self.jump()
        before = os.environ.get("LD_PRELOAD", "")
        self.env = child_environment(
            {
                "LD_PRELOAD": f"{before} {shim}".strip(),
                "CRASH_CLOCK": str(self.clock),
                "GREENFLOW_STORE": str(self.place),
                history.VARIABLE: str(self.past),
            }
        )

    def jump(self, *, wall: int = 0, since_boot: int = 0) -> None:
        """Set by how many days the clocks are ahead."""
        days = (wall * DAY_SECONDS, since_boot * DAY_SECONDS)
        if not self.clock.exists():
            self.clock.touch()
        with self.clock.open("r+b") as file:
            file.write(struct.pack("qq", *days))

    def work(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "greenflow", "worker"]
        self.workers.append(subprocess.Popen(command, env=self.env))
        return self.workers[-1]

    def keep_worker(self, until: Path) -> greenflow.Flow[str]:
        """Start a flow that stays on its worker's stack until a file is there."""
        flow = self.store.spawn(target_clock.keeps_its_worker, str(until))
        self.began(1)
        return flow

    def began(self, times: int) -> None:
        eventually(lambda: len(self.events("began")) >= times)

    def events(self, kind: str) -> list[Any]:
        return [each for each in history.read(self.past) if each[0] == kind]

    def end(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()
        self.store.close()


def eventually(true: Callable[[], object]) -> None:
    end = time.monotonic() + LONG_SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def ended(flow: greenflow.Flow[Any]) -> Any:
    eventually(flow.done)
    return flow.result()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    one = World(tmp_path, built(tmp_path, "clock.c"))
    yield one
    one.end()
    again = greenflow.open(one.place)
    assert audit(again.base) == []
    again.close()
    assert verify(one.place) == []


def waiting(world: World) -> tuple[greenflow.Flow[Any], greenflow.Flow[Any]]:
    """Return a flow that waits for messages, and one that does for two days."""
    collector = world.store.spawn(population.collector)
    sleeper = world.store.spawn(target_clock.sleeps, 2 * DAY_SECONDS)
    eventually(lambda: {collector.status, sleeper.status} == {"waiting"})
    return collector, sleeper


@pytest.mark.parametrize("days", [-3, 3])
def test_the_wall_clock_jumps(world: World, tmp_path: Path, days: int):
    first = world.work()
    collector, sleeper = waiting(world)
    kept = world.keep_worker(tmp_path / "end")
    world.jump(wall=days)
    world.work()
    world.store.send(collector, 1, topic="work")
    world.store.send(collector, None, topic="work")
    assert ended(collector) == [1]
    assert ended(world.store.spawn(population.brief, 5)) == 5
    # The first worker has its flow yet, though the second one has looked at it.
    assert (kept.status, kept.record.epoch) == ("running", 1)
    assert kept.record.owner.startswith(f"{first.pid}-")
    if days < 0:
        assert sleeper.status == "waiting"
        world.jump(wall=3)
    assert ended(sleeper) == "awake"
    (tmp_path / "end").touch()
    assert ended(kept) == "kept"
    assert kept.record.epoch == 1


def test_the_machine_slept_for_days(world: World, tmp_path: Path):
    """Who wakes first takes the other for dead: the fence decides."""
    first = world.work()
    collector, sleeper = waiting(world)
    kept = world.keep_worker(tmp_path / "end")
    first.send_signal(signal.SIGSTOP)
    world.jump(wall=3, since_boot=3)
    world.work()
    world.began(2)
    first.send_signal(signal.SIGCONT)
    (tmp_path / "end").touch()
    assert ended(kept) == "kept"
    # The second one handed it to a process of its own: that is a claim too.
    assert kept.record.epoch == 3
    assert ended(sleeper) == "awake"
    world.store.send(collector, 1, topic="work")
    world.store.send(collector, None, topic="work")
    assert ended(collector) == [1]


def test_a_dead_worker_is_seen_whatever_the_clocks_say(world: World, tmp_path: Path):
    world.jump(wall=3, since_boot=3)
    first = world.work()
    kept = world.keep_worker(tmp_path / "end")
    world.jump(wall=-3, since_boot=0)  # its lease lasts for three days yet
    first.kill()
    first.wait()
    world.work()
    world.began(2)
    (tmp_path / "end").touch()
    assert ended(kept) == "kept"
