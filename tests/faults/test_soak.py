"""Nothing grows while a flow is stored and goes on: 2,000 times, a million in soaks."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.crash.test_crash import SOAK_VARIABLE

CYCLES, SOAK_CYCLES = 2000, 1_000_000
CYCLES_VARIABLE = "GREENFLOW_CYCLES"
SOAK_TIMEOUT_SECONDS = 86400
MEMORY = Path("/dev/shm")
#: In a run, whose caches still fill a little: so much is no leak, however long it is.
MOST = {"bytes": 400_000, "blocks": 80, "objects": 4, "files": 0, "readers": 0}

Child = Any


@pytest.fixture
def folder(tmp_path: Path):
    usable = MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    with tempfile.TemporaryDirectory(dir=MEMORY if usable else tmp_path) as made:
        yield made


def grown(child: Child, folder: str, cycles: int, leak: str = "") -> dict[str, float]:
    done = child("-m", "tests.faults.target_soak", folder, str(cycles), leak)
    return json.loads(done.stdout)["slopes"]


def too_much(slopes: dict[str, float], cycles: int) -> set[str]:
    return {name for name, slope in slopes.items() if slope * cycles > MOST[name]}


@pytest.mark.timeout(SOAK_TIMEOUT_SECONDS)
def test_nothing_grows(
    child: Child, folder: str, capsys: pytest.CaptureFixture, monkeypatch: Any
):
    soak = SOAK_VARIABLE in os.environ
    cycles = int(os.environ.get(CYCLES_VARIABLE, SOAK_CYCLES if soak else CYCLES))
    monkeypatch.setattr("tests.conftest.CHILD_SECONDS_MAX", SOAK_TIMEOUT_SECONDS)
    slopes = grown(child, folder, cycles)
    with capsys.disabled():
        print(f"\ncycles: {cycles}, growth in each", json.dumps(slopes))
    assert too_much(slopes, cycles) == set()


@pytest.mark.parametrize("leak", ["objects", "files", "blocks", "bytes"])
def test_what_is_lost_on_purpose_is_found(child: Child, folder: str, leak: str):
    assert leak in too_much(grown(child, folder, 1000, leak), 1000)
