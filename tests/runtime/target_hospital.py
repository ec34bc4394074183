"""Flows that kill their process, and flows that run beside them."""

from __future__ import annotations

import ctypes
import os
import signal
from pathlib import Path

import greenflow
from tests.runtime.target_flows import note


def spared() -> bool:
    """Whether the test lets killers live from now on."""
    return Path(os.environ["JOURNAL"] + ".spared").exists()


def kills(how):
    """Kill the process, unless it is spared."""
    kept = [how]
    note(f"killer {os.getpid()}")
    if spared():
        return kept, os.getpid()
    if how == "signal":
        os.kill(os.getpid(), signal.SIGKILL)
    elif how == "segfault":
        ctypes.string_at(1)
    os._exit(7)


def kills_behind_a_save(how):
    """Do so, but not before something of it was saved."""
    done = [number for number in range(3) if greenflow.checkpoint()]
    return done, kills(how)


def innocent(number):
    total = 0
    for turn in range(5):
        note(f"innocent {os.getpid()}")
        greenflow.sleep(0.02)
        total += number * turn
    return total


def is_busy():
    """Never let the worker come to rest, until killers are spared."""
    while not spared():
        greenflow.checkpoint()
