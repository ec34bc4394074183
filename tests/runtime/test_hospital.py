"""A flow that kills its worker: it runs alone, later and later, and then no more."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

import greenflow
from greenflow import limits
from tests.conftest import child_environment
from tests.runtime import target_hospital
from tests.runtime.conftest import InStore, Journal

INNOCENTS = 20
#: Only a test that fails waits so long.
LONG_SECONDS = 90
Pool = Callable[..., "subprocess.Popen[str]"]

#: What every worker runs first: the pauses are short, and noted.
SITE = """
    import os
    from greenflow.store import claims

    def backoff(failures):
        with open(os.environ["JOURNAL"] + ".pauses", "a") as file:
            print(failures, claims.longer(failures), file=file)
        return 0.05

    claims.longer, claims.backoff = claims.backoff, backoff
"""


@pytest.fixture
def pool(place: Path, journal: Journal, tmp_path: Path) -> Iterator[Pool]:
    """Start ``greenflow worker`` on the test's store; it ends with the test."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(dedent(SITE))
    started: list[subprocess.Popen[str]] = []

    def start(*options: str) -> subprocess.Popen[str]:
        environment = child_environment()
        environment["PYTHONPATH"] = f"{site}:{environment['PYTHONPATH']}"
        process = subprocess.Popen(
            [sys.executable, "-m", "greenflow", "worker", *options],
            env={**environment, "GREENFLOW_STORE": str(place)},
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=LONG_SECONDS)


def until(condition: Callable[[], object]) -> None:
    """Wait until it is true."""
    end = time.monotonic() + LONG_SECONDS
    while not condition():
        assert time.monotonic() < end, list(greenflow.flows())
        time.sleep(0.01)


def pids(journal: Journal, who: str) -> list[int]:
    lines = [line.split() for line in journal.lines()]
    return [int(pid) for name, pid in lines if name == who]


@pytest.mark.parametrize(
    ("how", "death"),
    [("signal", "SIGKILL"), ("segfault", "SIGSEGV"), ("exit", "exit code 7")],
)
def test_a_killer_ends_in_the_hospital_and_hurts_nobody(
    store: greenflow.Store, journal: Journal, pool: Pool, how: str, death: str
):
    flows = [
        greenflow.spawn(target_hospital.innocent, number) for number in range(INNOCENTS)
    ]
    killer = greenflow.spawn(target_hospital.kills_behind_a_save, how)
    process = pool("-n", "2")
    until(lambda: killer.status == "hospital" and all(each.done() for each in flows))

    assert [each.result() for each in flows] == [10 * n for n in range(INNOCENTS)]
    record = killer.record
    assert record.attempts == limits.ATTEMPTS_MAX
    assert record.trouble == f"worker {record.killer} died"
    until(lambda: store.base.death(record.killer) == death)
    killed = pids(journal, "killer")
    assert len(killed) == len(set(killed)) == limits.ATTEMPTS_MAX
    assert record.killer.startswith(f"{killed[-1]}-")
    # From the second time on it was alone in its process.
    assert set(killed[1:]).isdisjoint(pids(journal, "innocent"))
    pauses = Path(f"{journal.path}.pauses").read_text().splitlines()
    assert pauses == ["1 1.0", "2 2.0", "3 4.0"]

    Path(f"{journal.path}.spared").touch()
    killer.retry()
    until(killer.done)
    done, (kept, pid) = killer.result()
    assert (done, kept) == ([0, 1, 2], [how])
    assert pid not in killed
    assert (killer.record.attempts, killer.record.killer) == (0, "")
    process.terminate()
    assert process.wait(LONG_SECONDS) == 0


def test_one_that_was_beside_a_killer_is_not_suspected(
    store: greenflow.Store, journal: Journal, pool: Pool
):
    flows = [
        greenflow.spawn(target_hospital.innocent, number) for number in range(INNOCENTS)
    ]
    killers = [greenflow.spawn(target_hospital.kills, "signal") for _ in range(3)]
    pool("-n", "2")
    until(lambda: all(each.done() for each in flows))
    until(lambda: all(each.status == "hospital" for each in killers))
    assert {each.record.trouble for each in flows} == {""}
    assert {each.record.attempts for each in flows} == {0}
    assert [each.result() for each in flows] == [10 * n for n in range(INNOCENTS)]
    killed = pids(journal, "killer")
    assert len(killed) == len(set(killed)) == 3 * limits.ATTEMPTS_MAX


def test_how_it_died_is_noted_also_by_a_worker_that_never_rests(
    store: greenflow.Store, journal: Journal, pool: Pool
):
    killer = greenflow.spawn(target_hospital.kills, "signal")
    assert pool("-n", "1").wait(LONG_SECONDS) == -signal.SIGKILL
    busy = greenflow.spawn(target_hospital.is_busy)
    pool("-n", "1")
    until(lambda: killer.status == "hospital")
    until(lambda: store.base.death(killer.record.killer) == "SIGKILL")
    assert busy.status == "running"
    Path(f"{journal.path}.spared").touch()
    until(busy.done)


MODULE = """
import greenflow
def wait(): return greenflow.recv(), "fine"
"""


def test_what_cannot_be_loaded_is_there_at_once_and_comes_back(
    store: greenflow.Store, in_store: InStore, pool: Pool, tmp_path: Path
):
    module = tmp_path / "moving.py"
    module.write_text(MODULE)
    flow_id = in_store("import moving\nprint(greenflow.spawn(moving.wait).id)")
    in_store("greenflow.run()")
    flow = greenflow.get(flow_id)
    module.rename(tmp_path / "elsewhere")
    flow.store.send(flow, 1)
    pool("-n", "2")
    until(lambda: flow.status == "hospital")
    record = flow.record
    assert record.attempts == 1
    assert record.killer == ""
    assert record.trouble.startswith("CodeMissing: ")
    assert "Traceback (most recent call last)" in record.trouble
    assert "moving" in record.trouble
    (tmp_path / "elsewhere").rename(module)
    flow.retry()
    until(flow.done)
    assert flow.result() == (1, "fine")
