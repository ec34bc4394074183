"""Other interpreters of this machine that greenflow may meet the states of."""

from __future__ import annotations

import os
import site
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

from tests.conftest import child_environment

ROOT = Path(__file__).parents[2]
OURS = ".".join(str(part) for part in sys.version_info[:3])
MINOR = OURS.rpartition(".")[0]
_ASK = """
import greenflow._frames, greenflow.runtime, greenflow.cli.ls, sys
print("%d.%d.%d" % sys.version_info[:3])
"""


def environment() -> dict[str, str]:
    """This environment, in which an interpreter without packages finds ours."""
    ours = child_environment()
    path = [ours["PYTHONPATH"], *site.getsitepackages()]
    return {**ours, "PYTHONPATH": os.pathsep.join(path)}


def asks(folder: Path, **extra: str) -> Callable[..., str]:
    """Return what runs an interpreter in a folder and returns all that it says.

    Its default store is ``store`` in the folder; ``extra`` is its environment's.
    """
    env = child_environment({**extra, "GREENFLOW_STORE": str(folder / "store")})

    def run(python: Path, *arguments: str) -> str:
        finished = subprocess.run(
            [python, *arguments],
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        return finished.stdout + finished.stderr

    return run


def _candidates() -> set[Path]:
    """Virtualenvs of the matrix, private interpreters, pyenv's, and the system's."""
    named = os.environ.get("GREENFLOW_OTHER_PYTHONS", "").split(os.pathsep)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [Path(name) for name in named if name]
    found += [*ROOT.glob(".venv-*/bin/python"), *ROOT.glob(".python/*/python")]
    found += pyenv.glob("versions/*/bin/python3")
    found += [Path(folder) / f"python{MINOR}" for folder in os.get_exec_path()]
    return {path for path in found if path.is_file()}


def _version(python: Path, env: dict[str, str]) -> str:
    try:
        asked = subprocess.run(
            [python, "-c", _ASK], env=env, capture_output=True, text=True, check=False
        )
    except OSError:  # its file is there, but not what loads it
        return ""
    return asked.stdout.strip()


@cache
def of_another_patch_level() -> Path | None:
    """An interpreter of our minor version, and not of our patch level."""
    for python in sorted(_candidates()):
        version = _version(python, environment())
        if version.rpartition(".")[0] == MINOR and version != OURS:
            return python
    return None


@cache
def of_other_minors() -> tuple[Path, ...]:
    """One interpreter of each other minor version that has greenflow installed."""
    found: dict[str, Path] = {}
    for python in sorted(_candidates()):
        version = _version(python, child_environment())
        if version and version.rpartition(".")[0] != MINOR:
            found.setdefault(version.rpartition(".")[0], python)
    return tuple(found.values())


def of_another_minor() -> Path | None:
    """An interpreter of another minor version that has greenflow installed."""
    return next(iter(of_other_minors()), None)
