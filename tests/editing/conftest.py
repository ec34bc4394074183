"""A store of the test, and other processes that run its flows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import greenflow
from tests.conftest import Child

Elsewhere = Callable[..., str]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the test's store is."""
    return tmp_path / "store"


@pytest.fixture
def store(place: Path) -> Iterator[greenflow.Store]:
    """A store of this process, the default one of the test."""
    opened = greenflow.open(place)
    with opened:
        yield opened
    opened.close()


@pytest.fixture
def elsewhere(child: Child, place: Path) -> Elsewhere:
    """Run the store's flows in a new process; return the result of one, by repr()."""

    def run(flow: greenflow.Flow[object], *answers: object) -> str:
        code = f"""
import greenflow
flow = greenflow.get({flow.id!r})
for answer in {answers!r}:
    greenflow.run()
    flow.resume(answer)
greenflow.run()
print(repr(flow.result(0)))
"""
        ran = child("-c", code, env={"GREENFLOW_STORE": str(place)})
        return str(ran.stdout).strip()

    return run
