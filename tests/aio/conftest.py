"""What the tests of asyncio programs share: a store, and workers in other processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import greenflow
from tests.conftest import child_environment

#: Only a test that fails waits so long.
LONG_SECONDS = 120
MEMORY = Path("/dev/shm")

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the test's store is: in memory, where there is some to be had.

    Nothing here is about the disk. What flows write lies elsewhere.
    """
    monkeypatch.setenv("NOTES", str(tmp_path))
    usable = MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    folder = Path(tempfile.mkdtemp(dir=MEMORY if usable else tmp_path))
    yield folder / "store"
    shutil.rmtree(folder)


@pytest.fixture
def store(place: Path) -> Iterator[greenflow.Store]:
    """A store of this process, the default one of the test."""
    opened = greenflow.open(place)
    with opened:
        yield opened
    opened.close()


@pytest.fixture
def start(place: Path) -> Iterator[Start]:
    """Start ``python ARGUMENTS`` on the test's store; it is killed at the end."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env={**child_environment(), "GREENFLOW_STORE": str(place)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture
def worker(start: Start) -> Callable[[], subprocess.Popen[str]]:
    """Start ``greenflow worker``."""
    return lambda: start("-m", "greenflow", "worker")


def until(condition: Callable[[], object]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + LONG_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def watchers() -> list[threading.Thread]:
    """Return the threads that look for ends."""
    return [each for each in threading.enumerate() if each.name == "greenflow-ends"]


def noted(name: str) -> Path:
    """Return the file by which flows tell, or are told, something."""
    return Path(os.environ["NOTES"]) / name
