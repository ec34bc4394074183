"""Where the stores are: on a real disk, or in memory."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")


@pytest.fixture
def on_disk() -> Iterator[Path]:
    """A new folder where files outlive a reboot: /tmp can be memory."""
    yield from _made("/var/tmp")


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[Path]:
    """A new folder where a sync costs nothing, where there is some memory to be had.

    A process that is killed takes nothing from the page cache with it.
    """
    usable = MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    yield from _made(str(MEMORY if usable else tmp_path))


def _made(above: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir=above, prefix="greenflow-"))
    yield folder
    shutil.rmtree(folder)


def built(folder: Path, source: str) -> str:
    """Return the library to preload that a C file of this folder makes."""
    made = folder / f"{source}.so"
    flags = ["-O1", "-Wall", "-Werror", "-shared", "-fPIC"]
    path = str(Path(__file__).with_name(source))
    subprocess.run(["gcc", *flags, path, "-o", str(made), "-ldl"], check=True)
    return str(made)
