"""Flows that last while the clocks jump."""

from __future__ import annotations

import os
import time
from pathlib import Path

import greenflow
from tests.crash import history


def sleeps(seconds: float) -> str:
    greenflow.sleep(seconds)
    return "awake"


def keeps_its_worker(until: str) -> str:
    """Stay on the stack until a file is there."""
    history.append("began", os.getpid())
    while not Path(until).exists():
        time.sleep(0.005)
    return "kept"
