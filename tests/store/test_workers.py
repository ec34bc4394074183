"""Who lives is told by a lock, not by a clock."""

from __future__ import annotations

import fcntl
import gc
import os
from pathlib import Path

import pytest

from greenflow.errors import StoreError
from greenflow.store import workers

DEAD = "1-0123456789abcdef"


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path / "workers")


def test_worker_lives_until_it_is_closed(folder: str):
    worker = workers.Worker(folder)
    assert worker.id.startswith(f"{os.getpid()}-")
    assert workers.alive(folder, worker.id)
    assert workers.dead(folder) == []
    worker.close()
    assert not workers.alive(folder, worker.id)
    assert os.listdir(folder) == []
    worker.close()


def test_file_without_a_lock_is_of_a_dead_worker(folder: str):
    worker = workers.Worker(folder)
    for name in (f"{DEAD}.lock", "something.lock", f"{DEAD}.lock.old", ".lock"):
        Path(folder, name).touch()
    assert workers.dead(folder) == [DEAD]
    workers.bury(folder, DEAD)
    workers.bury(folder, DEAD)
    assert workers.dead(folder) == []
    assert len(os.listdir(folder)) == 4
    worker.close()


@pytest.mark.parametrize("name", ["", "../data.mdb", "1-0123", f"{DEAD}/x", "1-" * 99])
def test_what_is_no_worker_is_dead_and_touches_no_file(folder: str, name: str):
    assert not workers.alive(folder, name)
    workers.bury(folder, name)
    assert workers.dead(folder) == []


def test_two_who_ask_at_once_do_not_take_each_other_for_the_worker(folder: str):
    os.mkdir(folder)
    path = Path(folder, f"{DEAD}.lock")
    path.touch()
    with path.open() as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        assert not workers.alive(folder, DEAD)


def test_file_that_was_removed_before_it_was_locked(
    folder: str, monkeypatch: pytest.MonkeyPatch
):
    """Who registers while others clean up takes another file."""
    real, removed = fcntl.flock, []

    def flock(lock: int, how: int) -> None:
        if not removed:
            removed.extend(os.listdir(folder))
            os.unlink(Path(folder, removed[0]))
        real(lock, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    worker = workers.Worker(folder)
    monkeypatch.undo()
    assert removed
    assert os.listdir(folder) == [f"{worker.id}.lock"]
    assert workers.alive(folder, worker.id)
    worker.close()


def test_folder_that_cannot_be_used(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot register"):
        workers.Worker(str(tmp_path / "file"))
    with pytest.raises(StoreError, match="cannot tell"):
        workers.alive(str(tmp_path / "file"), DEAD)


def test_descriptor_is_not_inherited_by_other_programs(folder: str):
    worker = workers.Worker(folder)
    assert not os.get_inheritable(worker._lock)
    worker.close()
    gc.collect()
