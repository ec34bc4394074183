"""One environment for all that use a store: threads, forks, a full map, a full disk."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import lmdb
import pytest

from greenflow import limits
from greenflow.errors import StoreClosed, StoreError
from greenflow.store import LmdbStore, lmdb_env
from greenflow.store.base import Step
from greenflow.store.gate import Gate
from tests.store.conftest import Open
from tests.store.helpers import (
    add,
    bodies,
    check_invariants,
    noise,
    run_threads,
    take,
    waiting_flow,
)

THREADS = 4
TURNS = 25


def test_threads_share_a_store(store: LmdbStore):
    waiting_flow(store, "sink")
    for number in range(THREADS):
        add(store, f"f{number}")
    claims = []

    def work() -> None:
        for number in range(TURNS):
            claim = store.claim()
            if claim is not None:
                claims.append((claim.record.id, claim.record.epoch))
                store.commit(claim, Step(status="ready", state=noise(100)))
            store.send("sink", "t", b"%d" % number)
            list(store.flows())

    run_threads(*[work] * THREADS)
    assert len(claims) == len(set(claims))
    assert sorted(bodies(store, "sink")) == sorted(
        b"%d" % number for number in range(TURNS) for _ in range(THREADS)
    )
    check_invariants(store)


def test_threads_open_and_close_and_read(place: Path, open_again: Open):
    add(open_again(), "one")

    def work() -> None:
        for _ in range(TURNS):
            store = LmdbStore(place)
            assert store.get("one").id == "one"
            store.close()

    run_threads(*[work] * THREADS)


def test_closed_while_others_write(store: LmdbStore, open_again: Open):
    add(store, "one")
    sent = []

    def work() -> None:
        try:
            while True:
                sent.append(store.send("one", "", b"m"))
        except StoreClosed:
            pass

    def close() -> None:
        while len(sent) < 20:
            pass
        store.close()

    run_threads(work, work, close)
    again = open_again()
    assert len(list(again.messages("one"))) >= len(sent)
    check_invariants(again)


def test_settings_are_the_durable_ones(store: LmdbStore):
    assert store._env is not None
    env = store._env._env
    flags = env.flags()
    assert flags["sync"]
    assert flags["metasync"]
    assert flags["lock"]
    assert flags["meminit"]
    assert not flags["writemap"]
    assert not flags["map_async"]
    assert not flags["readahead"]
    assert env.max_readers() == limits.READERS_MAX
    assert env.info()["map_size"] == limits.MAP_BYTES_MAX
    assert env.lib_version()[:2] == (0, 9)


def test_error_of_a_transaction_leaves_nothing(store: LmdbStore):
    def half(work) -> None:
        work.txn.put(b"key", b"value")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.write(half)
    assert store.read(lambda work: work.txn.get(b"key")) is None
    add(store, "one")


def test_transaction_in_a_transaction_is_refused(store: LmdbStore):
    """A finalizer, or a signal handler, that writes while its thread writes."""

    def nested(work) -> None:
        add(store, "inner")

    with pytest.raises(StoreError, match="would deadlock"):
        store.write(nested)
    assert list(store.flows()) == []
    add(store, "one")
    # Reading is fine.
    assert store.write(lambda work: store.get("one").id) == "one"


def test_failed_commit_that_may_be_written_says_so(
    store: LmdbStore, monkeypatch: pytest.MonkeyPatch
):
    class Failing:
        """A transaction whose commit reports a failure after it was done."""

        def __init__(self, txn, done: bool) -> None:
            self._txn, self._done = txn, done

        def __getattr__(self, name: str):
            return getattr(self._txn, name)

        def commit(self) -> None:
            self._txn.commit() if self._done else self._txn.abort()
            raise lmdb.DiskError("mdb_txn_commit", 28)

    class Env:
        def __init__(self, env, done: bool) -> None:
            self._env, self._done = env, done

        def begin(self, *, write: bool = False):
            txn = self._env.begin(write=write)
            return Failing(txn, self._done) if write else txn

    assert store._env is not None
    real = store._env._env
    for done, said in ((True, "may have been written"), (False, "HINT: make room")):
        monkeypatch.setattr(store._env, "_env", Env(real, done))
        with pytest.raises(StoreError, match=said):
            add(store, f"written-{done}")
        monkeypatch.setattr(store._env, "_env", real)
    assert [each.id for each in store.flows()] == ["written-True"]


def test_opening_and_closing_leaks_nothing(place: Path, open_again: Open):
    keeper = open_again()
    add(keeper, "one")

    def cycle(count: int) -> None:
        for _ in range(count):
            store = LmdbStore(place)
            store.release(take(store))
            store.close()

    def counts() -> tuple[int, int, int]:
        assert keeper._env is not None
        readers = keeper._env._env.readers().count("\n")
        return len(os.listdir("/proc/self/fd")), readers, len(lmdb_env._environments)

    cycle(3)
    before = counts()
    cycle(150)
    assert counts() == before
    assert os.listdir(place / "workers") == []
    keeper.close()
    before_fds = len(os.listdir("/proc/self/fd"))
    for _ in range(1000):
        LmdbStore(place).close()
    assert len(os.listdir("/proc/self/fd")) == before_fds
    again = open_again()
    assert again._env is not None
    assert again._env._env.readers().count("\n") <= 2
    check_invariants(again)


def test_gate_waits_for_those_inside_but_not_for_its_own_thread():
    gate = Gate()
    with gate:
        assert gate.shut(0)
        with gate:
            pass
        gate.reopen()
    entered, leave = threading.Event(), threading.Event()

    def inside() -> None:
        with gate:
            entered.set()
            leave.wait()

    def outside() -> None:
        entered.wait()
        assert not gate.shut(0.01)
        # Open again: others may come in.
        with gate:
            pass
        leave.set()
        assert gate.shut(60)
        gate.reopen()

    run_threads(inside, outside)
