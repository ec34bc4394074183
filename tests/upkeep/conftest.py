"""A store of each test's own, with the means to look at all of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from greenflow.store import LmdbStore
from tests.conftest import child_environment

Start = Callable[..., "subprocess.Popen[str]"]

SCRIPTS = Path(__file__).parent
MEMORY = Path("/dev/shm")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, where there is some: more happens there between two kills."""
    usable = MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    made = Path(tempfile.mkdtemp(dir=MEMORY if usable else tmp_path))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def place(folder: Path) -> Path:
    """Where the test's store is."""
    return folder / "store"


@pytest.fixture
def store(place: Path) -> Iterator[LmdbStore]:
    """The test's store."""
    opened = LmdbStore(place)
    yield opened
    opened.close()


@pytest.fixture
def start(place: Path) -> Iterator[Start]:
    """Start a ``target_*.py`` on the test's store; what still runs is killed."""
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
