"""Stores with a key, in folders of each test's own."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenflow.store import keyfile
from greenflow.store.keyfile import Source
from tests.keys.helpers import HAS_CRYPTOGRAPHY

MEMORY = Path("/dev/shm")


@pytest.fixture(autouse=True)
def _no_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(keyfile.FILE_VARIABLE, raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, where there is some: what is proved does not need a disk."""
    usable = MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    made = Path(tempfile.mkdtemp(dir=MEMORY if usable else tmp_path))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def place(folder: Path) -> Path:
    """Where the test's store is."""
    return folder / "store"


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """A key file with one key."""
    return keyfile.make(tmp_path / "key")


@pytest.fixture(
    params=[
        "signed",
        pytest.param(
            "encrypted",
            marks=pytest.mark.skipif(
                not HAS_CRYPTOGRAPHY, reason="cryptography is not installed"
            ),
        ),
    ]
)
def encrypt(request: pytest.FixtureRequest) -> bool:
    """Whether the store is encrypted, or only signed."""
    return bool(request.param == "encrypted")
