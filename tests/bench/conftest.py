"""Benchmarks are started as people do it, and never for their times."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import child_environment
from tests.project.tree import ROOT

Bench = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Run ``python -m bench...``; no CRIU is there, and nothing can be installed."""

    def run(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
        given = {
            "CRIU": str(tmp_path / "no-criu"),
            "GREENFLOW_BENCH_BUILT": str(tmp_path / "built"),
            "PIP_NO_INDEX": "1",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_FIND_LINKS": "",
            **env,
        }
        return subprocess.run(
            [sys.executable, "-m", *words],
            cwd=ROOT,
            env=child_environment(given),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


def report_of(done: subprocess.CompletedProcess[str]) -> Any:
    """Return what a benchmark printed as JSON."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
