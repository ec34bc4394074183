"""gc that is killed, and gc while flows are spawned, joined and ended."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from greenflow.store import LmdbStore
from greenflow.store.upkeep_gc import Collector
from tests.conftest import child_environment
from tests.upkeep.conftest import SCRIPTS
from tests.upkeep.helpers import contents, damage, everything, ids

FLOWS = 500
ROUNDS_MIN = 20


def kills(place: Path, *arguments: str) -> list[str]:
    finished = subprocess.run(
        [sys.executable, str(SCRIPTS / "target_gc_kills.py"), str(place), *arguments],
        env=child_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.split()


def test_a_killed_gc_leaves_the_store_whole(place: Path) -> None:
    word, count, left, entries = kills(place, str(FLOWS))
    assert (word, left) == ("whole", "0")
    assert int(count) > 0
    # What the store says of itself, and two flows of: a record, two entries, and two
    # checkpoints, of one and of three pieces.
    assert int(entries) == 1 + 2 * 6


def test_a_gc_that_is_wrong_is_found_out(place: Path) -> None:
    assert kills(place, str(FLOWS), "in-two")[:2] == ["WRONG", "after"]


def test_gc_while_flows_run(store: LmdbStore, start) -> None:
    workers = [start("target_work.py") for _ in range(1)]
    for each in workers:
        assert each.stdout.readline() == "ready\n"
    collector = Collector(store, everything())
    rounds = 0
    end = time.monotonic() + 3
    while time.monotonic() < end or rounds < ROUNDS_MIN:
        collector.run()
        rounds += 1
        assert damage(store) == []
    made = 0
    for each in workers:
        answer, _ = each.communicate("stop\n")
        assert each.returncode == 0
        made += int(answer)
    collector.run()
    assert ids(store) == []
    assert collector.collected.flows == made > 0
    assert len(contents(store)) == 1
