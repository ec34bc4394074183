"""What the runtime's tests share: a store, a journal, and processes that are killed."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Protocol

import pytest

import greenflow
from greenflow import limits
from greenflow.runtime.worker import Worker
from tests.conftest import child_environment

Child = Callable[..., object]
Start = Callable[..., "subprocess.Popen[str]"]

SIGKILLED = -9


class Journal:
    """What flows did, in order, also those whose process was killed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> list[str]:
        return self.path.read_text().splitlines() if self.path.exists() else []


class InStore(Protocol):
    """Run code in a fresh process, on the test's store; it may end by SIGKILL."""

    def __call__(self, code: str, /, *, killed: bool = ..., **env: str) -> str: ...


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the test's store is."""
    return tmp_path / "store"


@pytest.fixture
def store(place: Path, journal: Journal) -> Iterator[greenflow.Store]:
    """A store of this process, the default one of the test."""
    opened = greenflow.open(place)
    with opened:
        yield opened
    opened.close()


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    """The journal that ``target_flows.note()`` writes, in this process and others."""
    path = tmp_path / "journal"
    monkeypatch.setenv("JOURNAL", str(path))
    return Journal(path)


@pytest.fixture
def in_store(child: Child, place: Path, journal: Journal) -> InStore:
    """Run code in a fresh process whose default store is the test's."""
    imports = (
        "import greenflow, os, signal\nfrom tests.runtime import target_flows as t\n"
    )

    def run(code: str, /, *, killed: bool = False, **env: str) -> str:
        finished = child(
            "-c",
            imports + dedent(code),
            code=SIGKILLED if killed else 0,
            env={"GREENFLOW_STORE": str(place), **env},
        )
        return finished.stdout.strip()

    return run


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
        process.terminate()  # a pool ends its workers, which hold its stderr too
    for process in started:
        said = process.communicate(timeout=_SECONDS_MAX)[1]
        # Shown where the test fails.
        print(f"worker {process.pid} ended by {process.returncode}: {said}")


#: How flows are run: by run(), and by a worker that stays, without and with warm flows.
WARM = {"run": None, "cold": 0, "warm": limits.WARM_FLOWS_MAX}
_SECONDS_MAX = 60


class Driver:
    """Runs the flows of a store until something is so.

    Attributes:
        told: what it heard of flows that cannot go on.
        worker: the one that stays, if there is one.
    """

    def __init__(self, store: greenflow.Store, warm: int | None) -> None:
        self.told: list[tuple[str, BaseException]] = []
        self.worker: Worker | None = None
        self._thread: threading.Thread | None = None
        if warm is not None:
            self.worker = Worker(store, lambda *told: self.told.append(told), warm=warm)
            self._thread = threading.Thread(target=self.worker.run)
            self._thread.start()

    def until(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + _SECONDS_MAX
        while not condition():
            assert time.monotonic() < end, "it did not come to pass"
            if self.worker is None:
                self._run()
            else:
                assert self._thread is not None
                assert self._thread.is_alive()
            time.sleep(0.005)

    def result(self, flow: greenflow.Flow[object]) -> object:
        """Return the result of a flow that this driver runs, and nobody else."""
        self.until(lambda: flow.done() or flow.status == "hospital")
        return flow.result(0)

    def close(self) -> None:
        if self.worker is not None and self._thread is not None:
            self.worker.stop()
            self._thread.join()

    def _run(self) -> None:
        try:
            greenflow.run()
        except ExceptionGroup as group:
            self.told += [("", error) for error in group.exceptions]
        except greenflow.GreenflowError as error:
            self.told.append(("", error))


@pytest.fixture(params=list(WARM))
def driver(store: greenflow.Store, request: pytest.FixtureRequest) -> Iterator[Driver]:
    """All that runs flows, one after another."""
    made = Driver(store, WARM[request.param])
    yield made
    made.close()


@pytest.fixture
def warm(store: greenflow.Store) -> Iterator[Driver]:
    """A worker that stays and keeps flows warm."""
    made = Driver(store, WARM["warm"])
    yield made
    made.close()


def waits(*flows: greenflow.Flow[object]) -> bool:
    """Return whether all of them wait."""
    return all(flow.status == "waiting" for flow in flows)


def until(condition: Callable[[], object]) -> None:
    """Wait for what other processes do."""
    end = time.monotonic() + 2 * _SECONDS_MAX
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)
