"""After a power cut at any moment the store holds what it promised; I1 to I10.

A process that is killed takes nothing from the page cache with it, so the other tests
here prove nothing of that; these make each state that a disk may be left in. Each part
of what makes it safe has a control without it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import child_environment
from tests.crash.conftest import built
from tests.crash.test_crash import SOAK_VARIABLE

STATES, SOAK_STATES = 48, 5000
CONTROL_STATES = 20
SEED = 7


def cut(folder: Path, states: int, *control: str) -> dict[str, Any]:
    before = os.environ.get("LD_PRELOAD", "")
    preloaded = {"LD_PRELOAD": f"{before} {built(folder, 'recorder.c')}".strip()}
    command = [sys.executable, "-m", "tests.crash.powercut", str(folder)]
    done = subprocess.run(
        [*command, str(states), str(SEED), *control],
        env=child_environment(preloaded),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if control else None,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.timeout(0)
def test_nothing_is_lost_by_a_power_cut(in_memory: Path, capsys: pytest.CaptureFixture):
    states = SOAK_STATES if SOAK_VARIABLE in os.environ else STATES
    found = cut(in_memory, states)
    with capsys.disabled():
        print("\npower cuts", json.dumps(found["cases"]), len(found["wrong"]), "wrong")
    assert found["wrong"] == []
    # Each kind of entry is in the log, else the shim sees too little.
    assert min(found["log"].values()) > 0
    assert len(found["log"]) == 7
    assert sum(found["cases"].values()) > states


@pytest.mark.parametrize(
    ("control", "broken"),
    [
        ("unsynced", "I7|StoreError|lmdb|Error"),
        ("bulk", "is not what it is stored as|cannot be read|too short"),
        ("names", "No such file or directory"),
    ],
)
def test_without_a_sync_that_is_found(in_memory: Path, control: str, broken: str):
    found = cut(in_memory, CONTROL_STATES, control)
    told = [text for *_, wrong in found["wrong"] for text in wrong]
    assert any(part in text for text in told for part in broken.split("|")), told
