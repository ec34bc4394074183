"""Who lives is told by a lock, not by a clock."""

from __future__ import annotations

import fcntl
import gc
import os
from pathlib import Path

import pytest

from greenflow import limits
from greenflow.errors import StoreError
from greenflow.store import workers
from tests.conftest import Child
from tests.store.helpers import Clock

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


def hanging(folder: str, lease_seconds: float) -> workers.Worker:
    """Return a worker that lives, and does not renew its lease any more."""
    worker = workers.Worker(folder, lease_seconds)
    worker._lease = -1.0
    worker.renew()
    worker._closing.set()
    return worker


def test_worker_that_gives_no_sign_for_its_lease_is_gone(folder: str):
    worker = hanging(folder, 1000.0)
    assert workers.gone(folder, worker.id) == "gave no sign for its lease"
    # It may go on at any time: its file stays, so that it is told when it is dead.
    assert workers.dead(folder) == []
    workers.bury(folder, worker.id)
    assert os.listdir(folder) == [f"{worker.id}.lock"]
    worker._closing.clear()
    worker._lease = 1000.0
    worker.renew()
    assert workers.alive(folder, worker.id)
    worker.close()
    assert workers.gone(folder, worker.id) == "died"


def test_lease_does_not_depend_on_the_wall_clock(
    folder: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    worker = workers.Worker(folder)
    clock.now += 1e9
    assert workers.alive(folder, worker.id)
    monkeypatch.setattr(workers, "_clock", lambda: 1e12)
    assert not workers.alive(folder, worker.id)
    worker.close()


def test_worker_that_has_written_no_lease_yet_lives(folder: str):
    worker = workers.Worker(folder)
    os.truncate(worker._path, 0)
    assert workers.alive(folder, worker.id)
    worker.close()


def test_what_a_worker_runs_can_be_seen_after_its_death(folder: str):
    worker = workers.Worker(folder)
    assert workers.marked(folder, worker.id) == ""
    for flow_id in ("x" * 200, "one", "", "two"):
        worker.mark(flow_id)
        assert workers.marked(folder, worker.id) == flow_id
    worker.renew()
    assert workers.marked(folder, worker.id) == "two"
    assert workers.alive(folder, worker.id)
    worker._closing.set()
    worker._page.close()  # it holds the file, too
    os.close(worker._lock)
    assert (workers.gone(folder, worker.id), worker.mark("late")) == ("died", None)
    assert workers.marked(folder, worker.id) == "two"
    workers.bury(folder, worker.id)
    for name in (worker.id, "", "../x"):
        assert workers.marked(folder, name) == ""
    workers._workers.discard(worker)


def test_a_mark_is_what_was_marked_last_also_of_a_worker_that_was_killed(
    folder: str, child: Child
):
    worker = workers.Worker(folder)
    assert workers.marked(folder, worker.id) == ""
    for flow_id in ("one", "x" * limits.NAME_CHARS_MAX, "two", ""):
        worker.mark(flow_id)
        assert workers.marked(folder, worker.id) == flow_id
    worker.close()
    worker.mark("late")  # that it is closed is no error
    code = f"""
        import os, signal
        from greenflow.store import workers
        worker = workers.Worker({folder!r})
        worker.mark("suspect")
        print(worker.id, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    killed = child(code, code=-9).stdout.strip()
    assert workers.marked(folder, killed) == "suspect"
