"""A full disk, one that cannot be written, no file left: told, and nothing is lost."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from greenflow import limits
from greenflow.errors import GreenflowError, StoreError
from greenflow.store import LmdbStore
from greenflow.store.base import Step
from tests.store.helpers import add, check_invariants, noise, take
from tests.store.test_large_values import state_of, values

Child = Any

DISK_BYTES = 6 * 1024 * 1024


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of a few megabytes; where one may be mounted."""
    place = tmp_path / "small"
    place.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=700", "tmpfs"]
    if subprocess.run(["mount", *options, str(place)], check=False).returncode:
        pytest.skip("nothing may be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_a_full_disk(small: Path):
    store = LmdbStore(small / "store")
    claim = take(store, add(store, "one"))
    store.commit(claim, Step(status="running", state=noise(5000)))
    large = bytearray(noise(limits.BULK_BYTES_MIN + 1))
    store.commit(claim, Step(status="running", state=state_of(large)))
    filler = small / "filler"
    fill(filler)
    seq = store.get("one").seq
    for state in (noise(900_000), state_of(bytearray(noise(3 * 1024 * 1024)))):
        with pytest.raises(StoreError):
            store.commit(claim, Step(status="running", state=state))
        assert store.get("one").seq == seq
        assert values(store.state("one")) == [large]
    filler.unlink()
    store.commit(claim, Step(status="running", state=noise(900_000)))
    check_invariants(store)
    store.close()
    again = LmdbStore(small / "store")
    assert again.state("one") == noise(900_000)
    assert len(os.listdir(small / "store" / "blocks")) <= 1
    again.close()


def test_a_file_system_that_cannot_be_written(small: Path):
    store = LmdbStore(small / "store")
    add(store, "one")
    store.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
    with pytest.raises(GreenflowError) as caught:
        LmdbStore(small / "store")
    assert "HINT" in str(caught.value) or "store" in str(caught.value)
    subprocess.run(["mount", "-o", "remount,rw", str(small)], check=True)
    store = LmdbStore(small / "store")
    assert store.state("one") == b"start"
    store.close()


NO_FILES = """
import ctypes, os, resource, sys
from greenflow.errors import StoreError
from greenflow.later import load_now
from greenflow.store import LmdbStore
from greenflow.store.base import Step
from tests.store.helpers import add, noise, take
from tests.store.test_large_values import state_of
place, told = sys.argv[1], 0
store = LmdbStore(place)
claim = take(store, add(store, "one"))
large = state_of(bytearray(noise(2 * 1024 * 1024)))
# What they need is loaded.
store.commit(claim, Step(status="running", state=large))
LmdbStore(place + "-first").close()
limit = resource.getrlimit(resource.RLIMIT_NOFILE)
load_now()  # as a worker does
used = len(os.listdir("/proc/self/fd"))
for more in range(8):
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + more - 1, limit[1]))
    for call in (
        lambda: store.commit(claim, Step(status="running", state=large)),
        lambda: LmdbStore(place + "-other").close(),
    ):
        try:
            call()
        except StoreError:
            told += 1
resource.setrlimit(resource.RLIMIT_NOFILE, limit)
store.commit(claim, Step(status="running", state=large))
left = len(os.listdir("/proc/self/fd")) - used
print(told, left, store.get("one").seq > 0)
"""


def test_no_more_files(child: Child, tmp_path: Path):
    code = tmp_path / "no_files.py"
    code.write_text(NO_FILES)
    done = child(str(code), str(tmp_path / "store"))
    told, left, whole = done.stdout.split()
    assert int(told) > 2
    assert int(left) <= 1
    assert whole == "True"
