"""What every test may use: fresh Python processes."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies

import greenflow

Child = Callable[..., "subprocess.CompletedProcess[str]"]

CHILD_SECONDS_MAX = 240


def pytest_configure() -> None:
    """Let children hear SIGINT, which a shell lets its background jobs ignore."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@settings(max_examples=1, database=None)
@given(strategies.none())
def _of_nothing(_nothing: None) -> None:
    """Be the first test by hypothesis."""


def pytest_collection_finish() -> None:
    """Keep collectors, which many tests call, off the thousands of tests themselves.

    Hypothesis looks, at its first test, who refers to its source of random numbers, and
    sees nobody who is frozen: let it look before.
    """
    _of_nothing()
    gc.collect()
    gc.freeze()


def child_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this environment, with the greenflow under test first on the path.

    Nothing else is taken out: a sanitizer's LD_PRELOAD and options reach the child too.
    """
    root = Path(greenflow.__file__).parents[1]
    paths = [str(root), os.environ.get("PYTHONPATH", "")]
    path = os.pathsep.join(part for part in paths if part)
    # A test runner's idea of the terminal is not the child's.
    kept = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    return {**kept, "PYTHONPATH": path, **(extra or {})}


@pytest.fixture
def child(tmp_path: Path) -> Child:
    """Run Python code, or the arguments of ``python``, in a fresh process.

    ``child("print(1)")`` runs code; ``child("-m", "x")`` and ``child("a.py", "1")``
    pass several arguments on. The process starts in ``tmp_path``; its streams are
    text; ``code=None`` accepts any exit code, else it must be ``code`` (0).
    """

    def run(
        *arguments: str,
        code: int | None = 0,
        cwd: Path = tmp_path,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        if len(arguments) == 1:
            arguments = ("-c", textwrap.dedent(arguments[0]))
        finished = subprocess.run(
            [sys.executable, "-X", "faulthandler", *arguments],
            cwd=cwd,
            env=child_environment(env),
            capture_output=True,
            text=True,
            timeout=CHILD_SECONDS_MAX,
            check=False,
        )
        if code is not None:
            assert finished.returncode == code, (
                f"exit code {finished.returncode}, not {code}\n"
                f"{finished.stdout}\n{finished.stderr}"
            )
        return finished

    return run
