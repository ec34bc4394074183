"""One bit of any record: noticed, whichever record it is. And readers that died."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenflow.errors import GreenflowError
from greenflow.store import LmdbStore
from greenflow.store.base import Outgoing, QueueLimits, Step, Waiting
from greenflow.store.upkeep_doctor import doctor
from tests.conftest import child_environment
from tests.store.helpers import add, contents, end, new, noise, overwrite, save, take
from tests.store.test_large_values import state_of

#: Of each record so many, in places of its own.
FLIPS = 3
LATER = 2e9


@pytest.fixture
def full(tmp_path: Path) -> Iterator[LmdbStore]:
    """A store with records of each kind."""
    store = LmdbStore(tmp_path / "store")
    claim = take(store, add(store, "parent"))
    sends = (
        Outgoing(flow="child", topic="", body=b"m", key="k"),
        Outgoing(flow="child", topic="t", body=b"later", at=LATER),
    )
    step = Step(
        status="running",
        state=noise(30_000),
        value=b"value",
        spawns=(new("child", parent="parent"),),
        sends=sends,
    )
    store.commit(claim, step)
    save(store, claim, state_of(bytearray(noise(300_000))), label="named")
    store.commit(
        take(store, add(store, "joins")),
        Step(
            status="waiting", state=b"", waiting=Waiting(kind="join", flows=("child",))
        ),
    )
    sleeps = Waiting(kind="sleep", until=LATER)
    step = Step(status="waiting", state=b"", waiting=sleeps)
    store.commit(take(store, add(store, "sleeps")), step)
    store.commit(take(store, add(store, "sick")), Step(status="hospital", error="E"))
    end(store, add(store, "over"))
    store.limit_queue(QueueLimits(name="q", concurrency=1))
    store.note_death("1-00", "signal 9")
    yield store
    store.close()


def noticed(store: LmdbStore) -> bool:
    try:
        found = doctor(store)
        store.queue_limits()
        store.death("1-00")
    except GreenflowError:
        return True
    return any(not each.fixed and each.text for each in found)


def test_no_flipped_bit_is_taken_for_good(full: LmdbStore, capsys):
    chance, tried = random.Random(1), Counter[bytes]()
    silent = []
    before = noticed(full)
    for key, good in contents(full).items():
        if not good:
            continue  # nothing to flip: the key is all there is
        for _ in range(FLIPS):
            bad = bytearray(good)
            at = chance.randrange(len(good))
            bad[at] ^= 1 << chance.randrange(8)
            overwrite(full, key, bytes(bad))
            tried[key[:1]] += 1
            if not noticed(full):
                silent.append((key, at))
        overwrite(full, key, good)
    with capsys.disabled():
        kinds = b"".join(sorted(tried)).decode()
        print(f"\nflips: {tried.total()} of kinds {kinds}, {len(silent)} not noticed")
    assert silent == []
    assert before is False
    assert len(tried) > 10


READS = """
import sys
from greenflow.store import LmdbStore
store = LmdbStore(sys.argv[1])
store.read(lambda work: (print("reads", flush=True), sys.stdin.read()))
"""


def test_a_reader_that_died_is_forgotten(tmp_path: Path):
    """Else it would keep all pages in use that were written since."""
    store = LmdbStore(tmp_path / "store")
    add(store, "one")
    command = [sys.executable, "-c", READS, store.location]
    reader = subprocess.Popen(
        command,
        env=child_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout is not None
    assert reader.stdout.readline() == "reads\n"
    assert store.environment.stale_readers == 0
    reader.kill()
    reader.communicate()
    before = store.environment.stale_readers
    store.environment._check_readers()
    assert store.environment.stale_readers == before + 1
    store.close()
