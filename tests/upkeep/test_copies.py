"""backup and compact: copies that are whole, and never half of one."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

import greenflow
from greenflow.errors import BadRecord, StoreBusy, StoreError
from greenflow.store import LmdbStore, directory, keys, lmdb_facts
from greenflow.store.upkeep_copy import backup, compact
from tests.conftest import child_environment
from tests.upkeep.conftest import SCRIPTS, Start
from tests.upkeep.helpers import (
    LARGE,
    add,
    contents,
    damage,
    ended,
    gc,
    ids,
    populate,
    put,
)


def modes(folder: Path) -> dict[str, int]:
    found = {each.name: stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()}
    return {".": stat.S_IMODE(folder.stat().st_mode), **found}


def test_a_backup_is_a_store_with_all_of_it(store: LmdbStore, folder: Path) -> None:
    populate(store)
    before = os.umask(0)
    try:
        backup(store, folder / "copy")
    finally:
        os.umask(before)
    assert modes(folder / "copy") == {".": 0o700, "data.mdb": 0o600, "lock.mdb": 0o600}
    copy = LmdbStore(folder / "copy", create=False)
    assert contents(copy) == contents(store)
    assert damage(copy) == []
    # Its worker is none of the copy's.
    assert copy.claim("running") is not None
    assert store.claim("running") is None
    add(copy, "only-here")
    assert "only-here" not in ids(store)
    copy.close()


def test_a_backup_while_flows_run(store: LmdbStore, folder: Path, start: Start) -> None:
    process = start("target_work.py")
    assert process.stdout.readline() == "ready\n"
    for number in range(5):
        before = set(ids(store))
        backup(store, folder / f"copy{number}")
        copy = LmdbStore(folder / f"copy{number}", create=False)
        assert damage(copy) == []
        assert before <= set(ids(copy))
        copy.close()
    answer, _ = process.communicate("stop\n")
    assert process.returncode == 0
    assert int(answer) > 0


def test_a_backup_does_not_replace_anything(store: LmdbStore, folder: Path) -> None:
    (folder / "there").mkdir()
    with pytest.raises(StoreError, match="there already"):
        backup(store, folder / "there")
    with pytest.raises(StoreError, match="cannot be made"):
        backup(store, folder / "missing" / "copy")
    backup(store, folder / "copy")
    with pytest.raises(StoreError, match="there already"):
        backup(store, folder / "copy")
    assert sorted(each.name for each in folder.iterdir()) == ["copy", "store", "there"]


def test_a_backup_of_a_damaged_store_says_so(store: LmdbStore, folder: Path) -> None:
    ended(store, "bad")
    put(store, keys.flow("bad"), b"\0" * 100)
    with pytest.raises(BadRecord, match="not a greenflow record"):
        backup(store, folder / "copy")
    copy = LmdbStore(folder / "copy", create=False)
    assert contents(copy) == contents(store)
    copy.close()


def test_in_python(folder: Path) -> None:
    with greenflow.open(folder / "one") as store:
        flow = store.spawn(len, "four")
        store.run()
        store.backup(folder / "two")
        assert store.doctor() == []
        assert store.stats(full=True).flows == 1
    store.close()
    copy = greenflow.open(folder / "two", create=False)
    assert copy.get(flow.id).result() == 4
    copy.close()


def shrinkable(place: Path) -> dict[bytes, bytes]:
    """Make a store most of whose file is free; return what is in it."""
    store = LmdbStore(place)
    populate(store)
    for number in range(200):
        ended(store, f"e{number}")
        put(store, keys.setting(f"{number}"), LARGE * 5)
    for number in range(200):
        store.write(lambda work, n=number: work.txn.delete(keys.setting(f"{n}")))
    gc(store, older_seconds=0)
    found = contents(store)
    store.close()
    return found


def test_compact_makes_the_file_small_and_keeps_all_of_it(place: Path) -> None:
    stored = shrinkable(place)
    told: list[tuple[int, int]] = []
    before, after = compact(str(place), lambda done, total: told.append((done, total)))
    assert after == (place / directory.DATA).stat().st_size
    assert after < before / 10
    assert told[-1] == (len(stored), len(stored))
    assert modes(place)["data.mdb"] == 0o600
    assert set(os.listdir(place)) == {"data.mdb", "lock.mdb", "workers"}
    store = LmdbStore(place)
    assert contents(store) == stored
    add(store, "new")
    assert damage(store) == []
    store.close()
    assert compact(str(place))[1] <= after + 8192


def test_compact_is_refused_while_another_process_has_the_store(
    place: Path, start: Start
) -> None:
    stored = shrinkable(place)
    process = start("target_hold.py", "open")
    assert process.stdout.readline() == "holds\n"
    inode = (place / directory.DATA).stat().st_ino
    for _ in range(2):  # to be refused does not let go of the other's lock
        with pytest.raises(StoreBusy, match=f"process {process.pid}"):
            compact(str(place))
    assert (place / directory.DATA).stat().st_ino == inode
    process.kill()
    process.wait()
    before, after = compact(str(place))
    assert after < before
    store = LmdbStore(place)
    assert contents(store) == stored
    store.close()


def test_compact_is_refused_while_this_process_has_the_store(
    store: LmdbStore, place: Path
) -> None:
    add(store, "one")
    with pytest.raises(StoreBusy, match="in this process"):
        compact(str(place))
    # LMDB's lock is still held: another process is refused as well.
    code = f"from greenflow.store.upkeep_copy import compact; compact({str(place)!r})"
    refused = subprocess.run(
        [sys.executable, "-c", code],
        env=child_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"is open in process {os.getpid()}" in refused.stderr
    add(store, "two")


def test_compact_needs_a_store(folder: Path) -> None:
    with pytest.raises(StoreError, match="no store"):
        compact(str(folder / "missing"))
    assert list(folder.iterdir()) == []


def test_compact_without_room_leaves_the_store(place: Path) -> None:
    stored = shrinkable(place)
    code = f"""
import resource
from greenflow.store.upkeep_copy import compact
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
compact({str(place)!r})
"""
    failed = subprocess.run(
        [sys.executable, "-c", code],
        env=child_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "greenflow.errors.StoreError" in failed.stderr
    assert directory.COMPACTED not in os.listdir(place)
    store = LmdbStore(place)
    assert contents(store) == stored
    assert damage(store) == []
    store.close()


def test_a_killed_compact_leaves_a_good_store(place: Path) -> None:
    finished = subprocess.run(
        [sys.executable, str(SCRIPTS / "target_compact_kills.py"), str(place), "60"],
        env=child_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    word, kills, told, completed, *wrong = finished.stdout.split()
    assert (word, kills, wrong) == ("whole", "60", [])
    assert int(told) > 10
    assert int(completed) > 0


@pytest.mark.parametrize("wrong", [False, True])
def test_who_waits_for_a_compact_that_is_killed_sees_the_new_data(
    place: Path, start: Start, wrong: bool
) -> None:
    shrinkable(place)
    store = LmdbStore(place)
    # The number of the last transaction tells on which page the newest data is said to
    # be: of a copy that is always the second, so be it the first that lock.mdb tells.
    while lmdb_facts.newest(store.environment) % 2:
        store.note_death("1-0123456789abcdef", "once more")
    stored = contents(store)
    store.close()
    compacting = start("target_compact_stops.py", *(["keep-head"] if wrong else []))
    assert compacting.stdout.readline() == "renamed\n"
    opening = start("target_open.py")
    assert opening.stdout.readline() == "opens\n"
    while not is_waiting_for_a_lock(opening.pid):
        time.sleep(0.01)
    compacting.kill()
    answer, _ = opening.communicate()
    # The control: without making lock.mdb void, it relies on what is not so any more.
    assert (answer == f"{len(stored)} []\n") is not wrong
    store = LmdbStore(place)
    assert stored.items() <= contents(store).items() or wrong
    store.close()


def is_waiting_for_a_lock(pid: int) -> bool:
    locks = Path("/proc/locks").read_text().splitlines()
    return any("->" in line and f" {pid} " in line for line in locks)


def test_a_killed_backup_leaves_nothing_in_its_place(
    store: LmdbStore, folder: Path
) -> None:
    populate(store)
    code = f"""
import sys
from greenflow.store import LmdbStore
from greenflow.store.upkeep_copy import backup
store = LmdbStore({str(folder / "store")!r})
print("ready", flush=True)
for number in range(1000):
    backup(store, {str(folder)!r} + f"/copy{{number}}")
"""
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            env=child_environment(),
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.15)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        copies = [each for each in folder.iterdir() if each.name[4:].isdigit()]
        for each in copies:
            copy = LmdbStore(each, create=False)
            assert contents(copy) == contents(store)
            copy.close()
        for each in folder.glob("copy*"):
            shutil.rmtree(each)
    assert damage(store) == []
