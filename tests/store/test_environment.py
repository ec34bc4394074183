"""One environment for all that use a store: threads, forks, a full map, a full disk."""

from __future__ import annotations

import os
import resource
import signal
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
from tests.store.helpers import add, bodies, check_invariants, noise, take, waiting_flow

THREADS = 4
TURNS = 25


def run_threads(*targets) -> None:
    failed: list[BaseException] = []

    def guarded(target) -> None:
        try:
            target()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(each,)) for each in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


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


def test_map_grows(place: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "MAP_BYTES_MAX", 128 * 1024)
    store = LmdbStore(place)
    add(store, "sink")

    def grow(number: int) -> None:
        for turn in range(8):
            add(store, f"f{number}-{turn}", noise(60_000 + turn))
            assert store.state(f"f{number}-{turn}") == noise(60_000 + turn)
            store.send("sink", "", noise(10_000))

    run_threads(*[lambda number=number: grow(number) for number in range(3)])
    assert (place / "data.mdb").stat().st_size > 1024 * 1024
    assert len(list(store.messages("sink"))) == 24
    check_invariants(store)
    store.close()


def test_map_that_another_process_grew(place: Path, start, monkeypatch):
    monkeypatch.setattr(limits, "MAP_BYTES_MAX", 256 * 1024)
    store = LmdbStore(place)
    add(store, "one")
    other = start("target_grow.py")
    assert other.stdout.readline() == "grown\n"
    assert [len(body) for body in bodies(store, "one")] == [100_000] * 20
    store.send("one", "", noise(100_000))
    other.stdin.write("\n")
    other.stdin.flush()
    # What this one wrote is where the other must grow, or adopt the map, too.
    assert other.stdout.readline() == "21\n"
    assert other.wait() == 0
    check_invariants(store)
    store.close()


def test_map_is_halved_where_there_is_less_address_space(child, place: Path):
    code = f"""
        import resource
        from greenflow.store import LmdbStore
        resource.setrlimit(resource.RLIMIT_AS, (6 * 1024**3, resource.RLIM_INFINITY))
        store = LmdbStore({str(place)!r})
        print(store._env._env.info()["map_size"])
        store.close()
        resource.setrlimit(resource.RLIMIT_AS, (1024**3, resource.RLIM_INFINITY))
        try:
            LmdbStore({str(place)!r})
        except Exception as error:
            print(type(error).__name__, "HINT: give the process more" in str(error))
    """
    size, refused = child(code).stdout.splitlines()
    assert int(size) == 4 * 1024**3
    assert refused == "StoreError True"


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


def test_full_disk_loses_nothing(store: LmdbStore, open_again: Open):
    """A limit on the file's size is to LMDB what a full disk is."""
    claim = take(store, add(store, "one", noise(1000)))
    store.commit(claim, Step(status="running", state=noise(5000), value=b"v"))
    add(store, "filler", noise(400_000))
    size = os.stat(os.path.join(store.location, "data.mdb")).st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 16 * 1024, before[1]))
    try:
        for _ in range(3):
            with pytest.raises(StoreError, match=r"data|store") as caught:
                store.commit(claim, Step(status="running", state=noise(2_000_000)))
            assert type(caught.value) is StoreError
            assert store.state("one") == noise(5000)
            assert store.get("one").seq == 1
        # What fits can still be written.
        store.commit(claim, Step(status="running", state=noise(30)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert store.commit(claim, Step(status="running", state=noise(2_000_000)))
    check_invariants(store)
    store.close()
    again = open_again()
    assert again.state("one") == noise(2_000_000)
    check_invariants(again)


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


def in_child(call) -> int:
    """Return the exit code of a forked child: 0 if ``call`` returned there."""
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


def test_fork_in_the_midst_of_other_threads(store: LmdbStore, place: Path):
    add(store, "one")
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
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
