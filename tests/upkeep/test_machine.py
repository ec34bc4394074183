"""doctor and stats on what is around a store: readers, writers, workers, files."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from greenflow.store import LmdbStore, directory, lmdb_facts, workers
from greenflow.store.lmdb_facts import Space
from greenflow.store.upkeep_doctor import doctor
from greenflow.store.upkeep_finding import Finding
from greenflow.store.upkeep_machine import before_opening, space_findings
from greenflow.store.upkeep_stats import stats
from tests.upkeep.conftest import Start
from tests.upkeep.helpers import LARGE, add, populate, record

MEGABYTE = 1_000_000


def held(start: Start, how: str) -> int:
    """Let another process hold the store; return its id."""
    process = start("target_hold.py", how)
    assert process.stdout is not None
    assert process.stdout.readline() == "holds\n"
    return process.pid


def told(store: LmdbStore, *, fix: bool = False) -> dict[str, Finding]:
    return {each.kind: each for each in doctor(store, fix=fix)}


def test_who_holds_the_write_lock_is_told(store: LmdbStore, start: Start) -> None:
    assert lmdb_facts.writer(store.environment) is None
    pid = held(start, "write")
    writer = stats(store).writer
    assert writer is not None
    assert writer.pid == writer.tid == pid
    assert writer.name.startswith("python")
    os.kill(pid, signal.SIGSTOP)
    # To put things right would be to wait for it.
    finding = told(store, fix=True)["stuck-writer"]
    assert f"process {pid} " in finding.text
    assert "T (stopped)" in finding.text
    assert finding.weight == "warning"
    os.kill(pid, signal.SIGKILL)
    add(store, "written")
    assert told(store) == {}


def test_a_writer_that_goes_on_is_none(store: LmdbStore, start: Start) -> None:
    process = start("target_work.py")
    assert process.stdout.readline() == "ready\n"
    assert "stuck-writer" not in told(store)
    process.communicate("stop\n")


def test_a_reader_that_lags_is_told(store: LmdbStore, start: Start) -> None:
    pid = held(start, "read")
    for number in range(1100):
        store.note_death("1-0123456789abcdef", str(number))
    finding = told(store)["lagging-reader"]
    assert finding.text.startswith(f"process {pid} ")
    (reader,) = [each for each in stats(store).readers if each.pid == pid]
    assert reader.alive
    assert reader.lag_transactions == 1100


def test_the_places_of_dead_readers_are_freed_and_told(
    place: Path, start: Start
) -> None:
    LmdbStore(place).close()
    keeps = held(start, "open")  # who opens it alone makes the table of readers anew
    os.kill(held(start, "read"), signal.SIGKILL)
    time.sleep(0.1)
    store = LmdbStore(place)
    finding = told(store)["stale-readers"]
    assert finding.fixed
    assert finding.text.startswith("1 places")
    store.close()
    store = LmdbStore(place)
    assert told(store) == {}
    store.close()
    os.kill(keeps, signal.SIGKILL)


def test_dead_and_hanging_workers_are_told(store: LmdbStore, start: Start) -> None:
    pid = held(start, "work")
    assert told(store) == {}
    os.kill(pid, signal.SIGSTOP)
    time.sleep(0.5)
    hanging = told(store)["hanging-worker"]
    assert f"process {pid}" in hanging.advice
    assert hanging.weight == "warning"
    os.kill(pid, signal.SIGKILL)
    while "dead-worker" not in told(store):
        time.sleep(0.01)
    # Its flow is gone on with by who claims it, and its file is kept until then.
    told(store, fix=True)
    assert list(told(store)) == ["dead-worker"]
    assert store.claim("held") is not None
    assert told(store) == {}


def test_files_of_the_dead_are_removed(store: LmdbStore) -> None:
    folder = Path(store.workers_folder)
    folder.mkdir(mode=0o700)
    left = folder / "99-0123456789abcdef.lock"
    left.touch(0o600)
    lives = workers.Worker(str(folder))
    other = Path(store.location) / directory.COMPACTED
    other.touch(0o600)
    assert {"dead-file", "leftover"} == set(told(store))
    assert left.exists()
    assert all(each.fixed for each in told(store, fix=True).values())
    assert told(store) == {}
    assert [each.name for each in folder.iterdir()] == [f"{lives.id}.lock"]
    assert not other.exists()
    lives.close()


def test_a_file_that_is_too_short_is_told_before_it_is_opened(place: Path) -> None:
    store = LmdbStore(place)
    populate(store)
    store.close()
    assert before_opening(str(place)) == []
    data = place / directory.DATA
    whole = data.stat().st_size
    os.truncate(data, whole - 8192)
    (finding,) = before_opening(str(place))
    assert finding.kind == "truncated"
    assert " 8192 bytes" in finding.text


def test_a_folder_that_others_may_write_is_told(place: Path) -> None:
    LmdbStore(place).close()
    place.chmod(0o770)
    (finding,) = before_opening(str(place))
    assert finding.kind == "unsafe"
    assert finding.advice.startswith("if nobody else")
    place.chmod(0o700)
    assert before_opening(str(place)) == []


def test_room_is_told_of(store: LmdbStore) -> None:
    def kinds(**bytes_of: int) -> list[str]:
        usual = {"file": 2, "live": 1, "free": 1, "map": 1000, "disk_free": 1000}
        sizes = {f"{k}_bytes": v * MEGABYTE for k, v in (usual | bytes_of).items()}
        return [each.kind for each in space_findings(Space(**sizes))]

    assert kinds() == []
    assert kinds(disk_free=60) == ["disk"]
    assert kinds(file=900, live=900) == ["map"]
    assert kinds(file=600, live=100) == ["spare"]
    assert kinds(live=20_000, file=20_000, map=100_000) == ["disk"]
    real = lmdb_facts.space(store.environment)
    assert real.file_bytes >= real.live_bytes > 0
    assert real.disk_free_bytes > 0


def test_numbers(store: LmdbStore) -> None:
    populate(store)
    quick = stats(store)
    # 6 with names, 2 that ended, 2 that were spawned, and who waits for these.
    assert quick.flows == 11
    assert (quick.ended, quick.hospital, quick.timed, quick.delayed) == (2, 1, 2, 1)
    assert quick.ready == {"": 2}
    assert list(quick.running.values()) == [1]
    assert quick.at_least == ()
    assert quick.full is None
    assert quick.oldest_ready == min(
        store.get(name).updated for name in ("child", "other")
    )
    assert quick.next_due is not None
    full = stats(store, full=True).full
    assert full is not None
    assert full.by_status == {
        "held": 1,
        "hospital": 1,
        "retrying": 1,
        "running": 1,
        "ready": 2,
        "waiting": 3,
        "done": 2,
    }
    assert full.messages == 1
    assert full.state_bytes == sum(each.state_bytes for each in store.flows())


def test_free_pages_are_counted(store: LmdbStore) -> None:
    for number in range(50):
        add(store, f"f{number}")
        store.send(f"f{number}", "", LARGE)
    before = stats(store).space
    for number in range(50):
        store.kill(f"f{number}", "", b"")
    from tests.upkeep.helpers import gc

    gc(store, older_seconds=0)
    after = stats(store).space
    assert after.live_bytes < before.live_bytes / 4
    assert after.free_bytes > before.free_bytes
    assert after.file_bytes >= after.live_bytes + after.free_bytes


def test_a_queue_that_was_never_counted_to_its_end(store: LmdbStore) -> None:
    assert record("x").queue == ""
    add(store, "low", priority=-5)
    add(store, "high", priority=5, queue="q")
    found = stats(store)
    assert found.ready == {"": 1, "q": 1}
    assert found.oldest_ready == store.get("low").updated
