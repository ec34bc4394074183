"""A full map grows; a full disk, or no address space, loses nothing."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from greenflow import limits
from greenflow.errors import StoreError
from greenflow.store import LmdbStore
from greenflow.store.base import Step
from tests.store.conftest import Open
from tests.store.helpers import (
    add,
    bodies,
    check_invariants,
    noise,
    run_threads,
    take,
)


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


@pytest.mark.skipif(
    "libasan" in os.environ.get("LD_PRELOAD", ""),
    reason="ASAN needs more address space than is left here",
)
def test_map_is_smaller_where_there_is_less_address_space(child, place: Path):
    code = f"""
        import resource
        from greenflow.store import LmdbStore
        resource.setrlimit(resource.RLIMIT_AS, (6 * 1024**3, resource.RLIM_INFINITY))
        store = LmdbStore({str(place)!r})
        print(store._env._env.info()["map_size"])
        store.close()
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        little = used + {limits.MAP_BYTES_MIN}
        resource.setrlimit(resource.RLIMIT_AS, (little, resource.RLIM_INFINITY))
        try:
            LmdbStore({str(place)!r})
        except Exception as error:
            print(type(error).__name__, "HINT: give the process more" in str(error))
    """
    size, refused = child(code).stdout.splitlines()
    assert int(size) == 1024**3
    assert refused == "StoreError True"


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
