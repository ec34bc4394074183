"""What the runtime's tests share: a store, a journal, and processes that are killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Protocol

import pytest

import greenflow

Child = Callable[..., object]

SIGKILLED = -9


class Journal:
    """What flows did, in order, also those whose process was killed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> list[str]:
        return self.path.read_text().splitlines() if self.path.exists() else []


class InStore(Protocol):
    """Run code in a fresh process, on the test's store; it may end by SIGKILL."""

    def __call__(self, code: str, /, *, killed: bool = ..., **env: str) -> str: ...


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the test's store is."""
    return tmp_path / "store"


@pytest.fixture
def store(place: Path, journal: Journal) -> Iterator[greenflow.Store]:
    """A store of this process, the default one of the test."""
    opened = greenflow.open(place)
    with opened:
        yield opened
    opened.close()


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    """The journal that ``target_flows.note()`` writes, in this process and others."""
    path = tmp_path / "journal"
    monkeypatch.setenv("JOURNAL", str(path))
    return Journal(path)


@pytest.fixture
def in_store(child: Child, place: Path, journal: Journal) -> InStore:
    """Run code in a fresh process whose default store is the test's."""
    imports = (
        "import greenflow, os, signal\nfrom tests.runtime import target_flows as t\n"
    )

    def run(code: str, /, *, killed: bool = False, **env: str) -> str:
        finished = child(
            "-c",
            imports + dedent(code),
            code=SIGKILLED if killed else 0,
            env={"GREENFLOW_STORE": str(place), **env},
        )
        return finished.stdout.strip()

    return run
