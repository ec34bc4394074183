"""A store of each test's own, and processes that use it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from greenflow.store import LmdbStore
from greenflow.store.base import Claim
from greenflow.store.upkeep_doctor import doctor
from tests.conftest import child_environment
from tests.store.helpers import Clock, add, check_invariants, take

Open = Callable[[], LmdbStore]
Start = Callable[..., "subprocess.Popen[str]"]

SCRIPTS = Path(__file__).parent
MEMORY = Path("/dev/shm")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """Where the test's store is: in memory, where there is some to be had.

    More happens there between two kills, and a killed process takes nothing from the
    page cache with it: a real disk would prove no more.
    """
    usable = MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    folder = Path(tempfile.mkdtemp(dir=MEMORY if usable else tmp_path))
    yield folder / "store"
    shutil.rmtree(folder)


@pytest.fixture
def open_again(place: Path) -> Iterator[Open]:
    """Open one more LmdbStore on the test's store; all are closed at the end."""
    opened: list[LmdbStore] = []

    def open_one() -> LmdbStore:
        opened.append(LmdbStore(place))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(open_again: Open) -> LmdbStore:
    """The test's store."""
    return open_again()


@pytest.fixture
def left_whole(store: LmdbStore) -> Iterator[None]:
    """The test leaves a store in which all indexes are right."""
    yield
    check_invariants(store)


@pytest.fixture
def left_whole_or_told(store: LmdbStore) -> Iterator[None]:
    """The same, unless it leaves damage that doctor tells of."""
    yield
    if not [each for each in doctor(store) if each.weight == "damage"]:
        check_invariants(store)


@pytest.fixture
def claim(store: LmdbStore) -> Claim:
    """A claim of the test's one flow, "one"."""
    return take(store, add(store, "one"))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let the time be what the test says."""
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    return clock


@pytest.fixture
def start(place: Path) -> Iterator[Start]:
    """Start a ``target_*.py`` on the test's store; what still runs is killed.

    It says its first line when it is ready, and goes on when it reads one.
    """
    started: list[subprocess.Popen[str]] = []

    def run(script: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(SCRIPTS / script), str(place), *arguments],
            env=child_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()
