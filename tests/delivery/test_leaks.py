"""No row leaves anything behind: blocks, and references on debug builds."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.conftest import child_environment
from tests.delivery.target_leaks import RUNS

CHILD_SECONDS_MAX = 900


@pytest.mark.parametrize("carry", ["in_memory", "over_bytes"])
def test_no_row_leaks(carry: str) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "tests.delivery.target_leaks", carry],
        env=child_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=CHILD_SECONDS_MAX,
        check=True,
    )
    measured = json.loads(finished.stdout)
    assert measured
    grown = {
        name: counters
        for name, counters in measured.items()
        if any(count >= RUNS for count in counters.values())
    }
    assert not grown
