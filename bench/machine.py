"""What machine the numbers are of, and what else it did meanwhile."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.system import file_system

_PACKAGES: Final = ("greenflow", "greenlet", "lmdb", "numpy", "pyperf")
_SYNCS: Final = 50


def facts() -> dict[str, Any]:
    """Return what does not change during a run, but for how fast the disk is now."""
    return {
        "time": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "processor": _processor(),
        "processors": os.cpu_count(),
        "memory_gb": round(_memory_bytes() / 1e9, 1),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in _PACKAGES},
        "file_system": file_system(tempfile.gettempdir()),
        "run_file_system": file_system("/run"),
        "fsync_ms": _fsync_ms(),
        "load": load(),
    }


def load() -> list[float]:
    """Return how many processes wanted to run, over 1, 5 and 15 minutes."""
    return [round(value, 2) for value in os.getloadavg()]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _fsync_ms() -> float:
    """Return the median of appending 1 KiB to a file and waiting for the disk."""
    times = []
    with tempfile.TemporaryFile() as file:
        for _ in range(_SYNCS):
            begin = time.perf_counter()
            file.write(b"x" * 1024)
            file.flush()
            os.fsync(file.fileno())
            times.append((time.perf_counter() - begin) * 1000)
    return round(median(times), 3)
