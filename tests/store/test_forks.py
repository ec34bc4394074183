"""A forked child cannot use what it inherited, and opens a store of its own."""

from __future__ import annotations

import os
import signal
import threading
import warnings
from pathlib import Path

import pytest

from greenflow.errors import StoreClosed
from greenflow.store import LmdbStore, workers
from greenflow.store.base import Step
from tests.store.helpers import (
    add,
    bodies,
    check_invariants,
    run_threads,
    take,
)


def in_child(call) -> int:
    """Return the exit code of a forked child: 0 if ``call`` returned there."""
    with warnings.catch_warnings():
        # Some other test's thread may still be ending.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if not pid:
        code = 1
        try:
            signal.alarm(20)
            call()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_forked_child_cannot_use_the_store_but_opens_its_own(
    store: LmdbStore, place: Path
):
    claim = take(store, add(store, "one"))

    def inherited() -> None:
        for call in (
            lambda: store.get("one"),
            lambda: store.send("one", "", b""),
            lambda: store.commit(claim, Step(status="done")),
            lambda: store.claim(),
        ):
            with pytest.raises(StoreClosed, match="fork"):
                call()
        store.close()
        own = LmdbStore(place)
        # The parent, which has it, lives.
        assert own.claim() is None
        own.send("one", "", b"from the child")
        own.close()

    assert in_child(inherited) == 0
    assert bodies(store, "one") == [b"from the child"]
    store.commit(claim, Step(status="done"))
    check_invariants(store)


def test_other_threads_of_the_child_are_told_too(store: LmdbStore):
    def inherited() -> None:
        told: list[type[Exception]] = []

        def use() -> None:
            try:
                store.get("one")
            except StoreClosed as error:
                told.append(type(error))

        run_threads(use, use)
        assert told == [StoreClosed] * 2

    add(store, "one")
    assert in_child(inherited) == 0


def test_forked_child_that_lives_on_does_not_keep_its_parent_alive(
    store: LmdbStore, start
):
    add(store, "one")
    process = start("target_fork.py")
    assert process.stdout.readline() == "claimed one\n"
    assert store.claim() is None
    process.kill()
    process.wait()
    # The child still runs: it holds the other end of this pipe.
    assert take(store).record.id == "one"


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_fork_in_the_midst_of_other_threads(store: LmdbStore, place: Path):
    add(store, "one")
    stop = threading.Event()

    def work() -> None:
        for turn in range(10**9):
            if stop.is_set():
                return
            if turn < 2_000:  # a mailbox holds only so many
                store.send("one", "t", b"m")
            store.get("one")

    def fork() -> None:
        def own() -> None:
            mine = LmdbStore(place)
            mine.send("one", "child", b"m")
            mine.close()

        try:
            assert [in_child(own) for _ in range(10)] == [0] * 10
        finally:
            stop.set()

    run_threads(work, work, fork)
    assert bodies(store, "one", "child") == [b"m"] * 10
    check_invariants(store)


def test_a_worker_of_the_parent_marks_nothing_from_the_child(tmp_path: Path):
    folder = str(tmp_path / "workers")
    worker = workers.Worker(folder)
    worker.mark("parent's")
    assert in_child(lambda: worker.mark("child's")) == 0
    assert workers.marked(folder, worker.id) == "parent's"
    worker.close()
