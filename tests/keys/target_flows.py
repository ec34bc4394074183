"""Flows of the tests of keys."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import greenflow


class Evil:
    """Runs code where it is loaded: it makes a file."""

    def __init__(self, marker: str) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path(self.marker),)


def victim(value: object) -> object:
    greenflow.suspend()
    return value


def doubled(number: int) -> int:
    return 2 * greenflow.recv()


def deadly(marker: str) -> str:
    """Kill the first process that runs it; tell what the second one was told.

    And what its parent was, which forked it.
    """
    if not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    told = [word.encode() for word in sys.argv]
    told += [f"{name}={value}".encode() for name, value in os.environ.items()]
    for pid in (os.getpid(), os.getppid()):
        for name in ("cmdline", "environ"):
            told += Path(f"/proc/{pid}/{name}").read_bytes().split(b"\0")
    return b"\0".join(told).hex()
