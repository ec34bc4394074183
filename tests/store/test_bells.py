"""Bells: who waits for work is woken by whoever makes some."""

from __future__ import annotations

import os
import resource
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from greenflow.store import LmdbStore
from greenflow.store.base import Bell, Status, Step, Waiting
from greenflow.store.bells import ring_all
from tests.store.conftest import Open, Start
from tests.store.helpers import SUSPEND, add, take, wait, waiting_flow

#: Only a test that fails waits so long.
LONG_SECONDS = 60


def rung(bell: Bell) -> bool:
    """Return whether it was rung since it was asked last."""
    found = bell.wait(0)
    bell.clear()
    return found


def test_what_lets_a_flow_run_rings(store: LmdbStore, open_again: Open):
    with closing(open_again().bell()) as bell:
        assert not rung(bell)
        add(store, "one")
        assert rung(bell)
        claim = take(store)
        assert not rung(bell)
        store.release(claim)
        assert rung(bell)
        wait(store, take(store))
        assert not rung(bell)
        store.send("one", "other topic", b"")
        assert not rung(bell)
        store.send("one", "", b"")
        assert rung(bell)
        store.commit(take(store), Step(status="done"))
        assert not rung(bell)


def test_a_new_first_time_rings(store: LmdbStore):
    def sleep(flow_id: str, until: float) -> None:
        waiting_flow(store, flow_id, Waiting(kind="sleep", until=until))

    now = time.time()
    with closing(store.bell()) as bell:
        sleep("late", now + 2000)
        bell.clear()
        add(store, "early")
        claim = take(store)
        bell.clear()
        wait(store, claim, Waiting(kind="sleep", until=now + 1000))
        assert rung(bell)
        add(store, "later")
        claim = take(store)
        bell.clear()
        wait(store, claim, Waiting(kind="sleep", until=now + 3000))
        assert not rung(bell)


def test_an_answer_rings(store: LmdbStore):
    waiting_flow(store, "one", SUSPEND)
    with closing(store.bell()) as bell:
        store.answer("one", "value", b"")
        assert rung(bell)


@pytest.mark.parametrize("end", ["done", "failed", "cancelled"])
def test_the_end_of_a_flow_rings_for_those_who_wait_for_it(
    store: LmdbStore, open_again: Open, end: Status
):
    with closing(open_again().bell(ends=True)) as bell:
        add(store, "one")
        wait(store, take(store), SUSPEND)
        store.answer("one", "value", b"")
        claim = take(store)
        assert not rung(bell)
        store.commit(claim, Step(status=end))
        assert rung(bell)


def test_a_flow_that_is_killed_or_never_began_rings_too(store: LmdbStore):
    with closing(store.bell(ends=True)) as bell:
        add(store, "one")
        store.kill("one", "killed", b"")
        assert rung(bell)
        add(store, "two")
        store.cancel("two", b"", "cancelled", b"")
        assert rung(bell)


def test_a_bell_with_a_high_descriptor(store: LmdbStore):
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most[1], most[1]))
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        with closing(store.bell()) as bell:
            add(store, "one")
            assert rung(bell)
    finally:
        for each in opened:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, most)


def test_who_waits_is_woken(store: LmdbStore):
    with closing(store.bell()) as bell:
        threading.Timer(0.05, lambda: add(store, "one")).start()
        assert bell.wait(LONG_SECONDS)
        bell.clear()
        threading.Timer(0.05, bell.ring).start()
        assert bell.wait(LONG_SECONDS)


def test_rung_too_often(store: LmdbStore, place: Path):
    with closing(store.bell()) as bell:
        for _ in range(2000):
            ring_all(str(place / "workers"))
        assert rung(bell)
        assert not rung(bell)


def test_the_bell_of_the_dead_is_taken_down(
    store: LmdbStore, place: Path, start: Start
):
    other = start("target_bell.py")
    assert other.stdout is not None
    assert other.stdout.readline() == "up\n"
    assert len(list((place / "workers").glob("*.bell"))) == 1
    other.kill()
    other.wait()
    add(store, "one")
    assert not list((place / "workers").glob("*.bell"))


def test_a_long_path(tmp_path: Path):
    place = tmp_path / ("x" * 100) / ("y" * 100)
    with closing(LmdbStore(place)) as store, closing(store.bell()) as bell:
        add(store, "one")
        assert rung(bell)
