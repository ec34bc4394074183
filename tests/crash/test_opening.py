"""Who opens a store first is killed, and others wait to open it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from greenflow.errors import StoreError
from greenflow.store import LmdbStore
from greenflow.store.lmdb_facts import newest
from greenflow.store.upkeep_copy import compact
from tests.conftest import child_environment
from tests.crash.conftest import built
from tests.upkeep.helpers import add, contents, damage, populate

#: Opens a store as a program does, which would make one, and adds a flow.
OPENS = """
import sys
from greenflow.store import LmdbStore
from tests.upkeep.helpers import add
print("opens", flush=True)
store = LmdbStore(sys.argv[1])
add(store, "waited")
print("added")
"""
#: The control: what LMDB by itself lets one see who waited.
LOOKS = """
import lmdb, sys
print("opens", flush=True)
env = lmdb.open(sys.argv[1], create=False, max_dbs=0)
with env.begin() as txn:
    print(txn.id(), env.info()["last_txnid"])
"""


def start(code: str, place: Path, **env: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, str(place)]
    process = subprocess.Popen(
        command,
        env=child_environment(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "opens\n"
    return process


def killed_as_it_opens(place: Path, shim: str, code: str) -> subprocess.Popen[str]:
    """Return a process that waited for one that was killed."""
    before = os.environ.get("LD_PRELOAD", "")
    first = start(OPENS, place, LD_PRELOAD=f"{before} {shim}".strip())
    assert first.stdout is not None
    assert first.stdout.readline() == "maps\n"
    second = start(code, place)
    while not is_waiting_for_a_lock(second.pid):
        time.sleep(0.01)
    first.kill()
    first.communicate()
    return second


def is_waiting_for_a_lock(pid: int) -> bool:
    locks = Path("/proc/locks").read_text().splitlines()
    return any("->" in line and f" {pid} " in line for line in locks)


@pytest.mark.parametrize("state", ["even", "odd", "compacted"])
def test_nothing_is_lost(tmp_path: Path, in_memory: Path, state: str) -> None:
    place, shim = in_memory / "store", built(tmp_path, "stop_at_map.c")
    store = LmdbStore(place)
    populate(store)
    while newest(store.environment) % 2 != (state == "odd"):
        store.note_death("1-0123456789abcdef", "once more")
    stored = contents(store)
    store.close()
    if state == "compacted":
        compact(str(place))
    second = killed_as_it_opens(place, shim, LOOKS)
    seen, last = map(int, second.communicate()[0].split())
    assert seen == 0 < last
    second = killed_as_it_opens(place, shim, OPENS)
    assert second.communicate()[0] == "added\n"
    store = LmdbStore(place)
    found = contents(store)
    assert store.get("waited").status == "ready"
    assert damage(store) == []
    add(store, "another")
    store.close()
    assert stored.keys() <= found.keys()


def test_who_holds_it_open_as_that_left_it(tmp_path: Path, in_memory: Path) -> None:
    """Others are told, and not let in, while somebody else's program stays in it."""
    place, shim = in_memory / "store", built(tmp_path, "stop_at_map.c")
    store = LmdbStore(place)
    add(store, "one")
    store.close()
    holds = f"{LOOKS}\nsys.stdout.flush()\nsys.stdin.read()"
    second = killed_as_it_opens(place, shim, holds)
    assert second.stdout is not None
    assert second.stdout.readline().startswith("0 ")
    for _ in range(2):
        with pytest.raises(StoreError, match="a process was killed"):
            LmdbStore(place)
    second.communicate()
    store = LmdbStore(place)
    assert store.get("one").status == "ready"
    store.close()
