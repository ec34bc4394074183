"""Packages that only comparisons need, in a virtualenv of their own.

It is made when it is first needed, in ``build/bench``. What cannot be installed is
told, and its comparison skipped.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from bench.turns import say
from bench.workloads import BUILT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_PIP_SECONDS: Final = 300


def packages(wanted: Sequence[str]) -> tuple[str, str]:
    """Return the folder of these packages and "", or "" and why there is none."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    mark = hashlib.sha256(" ".join(wanted).encode()).hexdigest()[:8]
    folder = BUILT / f"peers-{version}-{mark}"
    found = folder / "lib" / f"python{version}" / "site-packages"
    done = folder / "installed"
    if not done.exists():
        say(f"installing {', '.join(wanted)}")
        shutil.rmtree(folder, ignore_errors=True)
        if why := _install(folder, wanted):
            shutil.rmtree(folder, ignore_errors=True)
            return "", why
        done.touch()
    return str(found), ""


def _install(folder: Path, wanted: Sequence[str]) -> str:
    """Make a virtualenv with these; return why that failed, if so."""
    python = str(folder / "bin" / "python")
    pip = ["-m", "pip", "--disable-pip-version-check", "--quiet", "--python", python]
    steps = (
        [sys.executable, "-m", "venv", "--without-pip", str(folder)],
        [sys.executable, *pip, "install", *wanted],
    )
    for command in steps:
        try:
            made = subprocess.run(
                command,
                capture_output=True,
                text=True,
                check=False,
                timeout=_PIP_SECONDS,
            )
        except subprocess.TimeoutExpired:
            return f"not installed within {_PIP_SECONDS} s"
        if made.returncode:
            errors = [e for e in made.stderr.splitlines() if e.startswith("ERROR")]
            return (errors or ["pip failed and says no error"])[-1]
    return ""


def with_path(env: dict[str, str], path: str) -> dict[str, str]:
    """Return an environment that finds these packages before all others."""
    parts = [part for part in (path, env.get("PYTHONPATH", "")) if part]
    return {**env, "PYTHONPATH": os.pathsep.join(parts)}
