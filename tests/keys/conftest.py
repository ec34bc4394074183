"""Stores with a key, in folders of each test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenflow.store import keyfile
from greenflow.store.keyfile import Source
from tests.keys.helpers import HAS_CRYPTOGRAPHY
from tests.upkeep.conftest import folder, place

__all__ = ["folder", "place"]


@pytest.fixture(autouse=True)
def _no_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(keyfile.FILE_VARIABLE, raising=False)


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
