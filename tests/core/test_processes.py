"""Every feature of the corpus, resumed in a new process after each suspend."""

from __future__ import annotations

import functools
import io
import itertools
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import child_environment
from tests.core.driving import INSTRUMENTS
from tests.core.features import Raised, Run, load
from tests.core.pythons import environment, of_another_patch_level
from tests.core.target_resume import Task

FEATURES = load()
OURS = Path(sys.executable)
CHILD_SECONDS_MAX = 240


class Crashed(Exception):
    """The process died."""


def results_of(data: bytes) -> list[Task]:
    stream, results = io.BytesIO(data), []
    while stream.tell() < len(data):
        try:
            results.append(pickle.load(stream))
        except (EOFError, pickle.UnpicklingError):
            break
    return results


def one_process(instrument: str, tasks: list[Task], python: Path = OURS) -> list[Task]:
    """Take each task a step further in a new process; after a crash, in another."""
    finished = subprocess.run(
        [python, "-X", "faulthandler", "-m", "tests.core.target_resume"],
        input=pickle.dumps((instrument, tasks)),
        env=child_environment() if python == OURS else environment(),
        capture_output=True,
        timeout=CHILD_SECONDS_MAX,
        check=False,
    )
    results = results_of(finished.stdout)
    left = tasks[len(results) :]
    if not left:
        assert finished.returncode == 0, finished.stderr.decode()
        return results
    crashed, *rest = left
    details = f"exit code {finished.returncode}\n{finished.stderr.decode()}"
    run = Run(crashed.run.asks, Raised(Crashed, "the process died"))
    results.append(Task(crashed.name, run=run, done=True, details=details))
    return results + (one_process(instrument, rest, python) if rest else [])


@functools.cache
def relay(instrument: str, *others: Path) -> dict[str, Task]:
    """Hand all features from process to process until they are done."""
    tasks, done = [Task(name) for name in FEATURES], {}
    pythons = itertools.cycle((OURS, *others))
    while tasks:
        results = one_process(instrument, tasks, next(pythons))
        done |= {task.name: task for task in results if task.done}
        tasks = [task for task in results if not task.done]
    return done


@pytest.mark.parametrize("name", FEATURES)
@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_each_step_in_a_new_process(name: str, instrument: str):
    task = relay(instrument)[name]
    assert task.run == FEATURES[name].expected, task.details


@pytest.mark.parametrize("name", FEATURES)
def test_each_step_by_another_patch_level(name: str):
    other = of_another_patch_level()
    if other is None:
        pytest.skip("no other patch level of this Python is here")
    task = relay("nothing", other)[name]
    assert task.run == FEATURES[name].expected, task.details
