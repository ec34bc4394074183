"""Keys reach workers as they should, and code of who does not have them never runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import greenflow
from greenflow.runtime.processes import WorkerProcess
from greenflow.store import keyfile, keys
from greenflow.store.keyfile import Source
from tests.conftest import child_environment
from tests.keys import target_flows
from tests.keys.helpers import dump, restore

SECRET = b"a secret of this test that stands nowhere else"[:32]
#: What runs flows, of the store in the first argument.
WORK = ["-m", "greenflow.cli", "worker", "--once", "--store"]


def work(place: Path, source: Source | None) -> subprocess.CompletedProcess[str]:
    named = {} if source is None else {keyfile.FILE_VARIABLE: source.file}
    return subprocess.run(
        [sys.executable, *WORK, str(place)],
        env=child_environment(named),
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )


def spawn_evil(place: Path, source: Source | None, marker: Path) -> None:
    """Let a store have a flow whose first claim runs code that makes a file."""
    store = greenflow.open(place, key=source.file if source else None)
    try:
        evil = target_flows.Evil(str(marker))
        with store:
            greenflow.options(id="victim").spawn(target_flows.victim, evil)
    finally:
        store.close()


@pytest.mark.parametrize("who", ["the key", "another key", "no key"])
def test_forged_records_run_nothing(
    folder: Path, tmp_path: Path, source: Source, who: str
) -> None:
    marker = tmp_path / "marker"
    forger = {"the key": source, "another key": None, "no key": None}[who]
    if who == "another key":
        forger = keyfile.make(tmp_path / "other")
    spawn_evil(folder / "forged", forger, marker)
    place = folder / "store"
    if who == "the key":  # the control: what the store's own key has signed runs
        place = folder / "forged"
    else:
        with greenflow.open(place, key=source.file) as store:
            greenflow.spawn(target_flows.doubled, 1)
        store.close()
        # All that the forger's store has of the flow, in the store.
        forged = {
            key: data
            for key, data in dump(folder / "forged").items()
            if b"victim" in key or key[:1] == keys.READY
        }
        assert len(forged) > 3
        restore(place, forged)
    marker.unlink(missing_ok=True)
    done = work(place, source)
    assert marker.exists() == (who == "the key"), done.stderr
    if who != "the key":
        assert done.returncode == 7, done.stderr
        assert "signed" in done.stderr
        for look in (["ls"], ["show", "victim"], ["stack", "victim"], ["doctor"]):
            process = subprocess.run(
                [sys.executable, "-m", "greenflow.cli", *look, "--store", str(place)],
                env=child_environment({keyfile.FILE_VARIABLE: source.file}),
                capture_output=True,
                text=True,
                check=False,
            )
            assert "Traceback" not in process.stderr
        assert not marker.exists()


def test_a_worker_has_the_keys_of_a_function(place: Path, encrypt: bool) -> None:
    store = greenflow.open(place, keys=lambda: SECRET, encrypt=encrypt)
    try:
        with store:
            flow = greenflow.spawn(target_flows.doubled, 1)
            flow_id = flow.id
        worker = WorkerProcess(store.location, ["--once"])
        words = Path(f"/proc/{worker.pid}/cmdline").read_bytes()
        assert worker.process.wait(60) == 0
        assert SECRET not in words
        assert SECRET.hex().encode() not in words
        assert store.base.get(flow_id).status == "waiting"
    finally:
        store.close()


#: Runs flows of a store whose key a function gives.
PROGRAM = f"""
import os, sys, greenflow
from greenflow.runtime.isolation import Isolation
from greenflow.runtime.scheduler import Scheduler
from tests.keys import target_flows
place, encrypt, fork, *marker = sys.argv[1:]

def is_known_to(pid):
    with open(f"/proc/{{pid}}/mem", "rb") as memory:
        for line in open(f"/proc/{{pid}}/maps"):
            span, rights, _ = line.split(None, 2)
            begin, end = (int(each, 16) for each in span.split("-"))
            if rights == "rw-p":
                pages = [page(memory, at) for at in range(begin, end, 4096)]
                if secret in b"".join(pages):
                    return True
    return False

def page(memory, at):
    try:
        return os.pread(memory.fileno(), 4096, at)
    except OSError:  # it was given back
        return bytes(4096)

secret = bytes.fromhex({SECRET.hex()!r})
store = greenflow.open(place, keys=lambda: secret, encrypt=encrypt == "True")
with store:
    if marker:
        greenflow.options(id="deadly").spawn(target_flows.deadly, *marker)
    # What cannot be imported beforehand lets no worker be forked.
    alone = Isolation(store, () if fork == "True" else ("no_such_module",))
    scheduler = Scheduler(store, alone=alone)
    while scheduler.step():
        pass
    print(greenflow.get("deadly").result())
    if fork == "True":
        parent = alone._prepared._process.pid
        print(is_known_to(os.getpid()), is_known_to(parent))
"""


@pytest.mark.parametrize("fork", [True, False], ids=["forked", "anew"])
def test_a_flow_that_runs_alone_has_them_too(
    place: Path, tmp_path: Path, encrypt: bool, fork: bool
) -> None:
    """It killed its worker, so it runs next in a process that a worker starts."""
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    command = [sys.executable, str(script), str(place), str(encrypt), str(fork)]
    first = subprocess.run(
        [*command, str(tmp_path / "marker")], env=child_environment(), check=False
    )
    assert first.returncode == -signal.SIGKILL
    second = subprocess.run(
        command, env=child_environment(), capture_output=True, text=True, check=False
    )
    assert second.returncode == 0, second.stderr
    result, *known = second.stdout.splitlines()
    # What forks it passes the pipe on, and has never read it; who asked for it has.
    assert known == (["True False"] if fork else [])
    told = bytes.fromhex(result)
    assert b"--flow" in told  # it ran in a process of its own
    assert (b"greenflow.runtime.forking" in told) == fork
    assert SECRET not in told
    assert SECRET.hex().encode() not in told


def test_a_worker_without_the_key_is_told(place: Path, source: Source) -> None:
    with greenflow.open(place, key=source.file) as store:
        greenflow.spawn(target_flows.doubled, 1)
    store.close()
    done = work(place, None)
    assert done.returncode == 7
    assert "--key-file" in done.stderr
    assert work(place, source).returncode == 0


def test_what_a_child_is_given(place: Path, source: Source) -> None:
    store = greenflow.open(place, key=source.file)
    try:
        with keyfile.Handover(store.location) as given:
            assert given.environment == {keyfile.FILE_VARIABLE: source.file}
            assert given.files == ()
    finally:
        store.close()
    with keyfile.Handover("/nowhere") as given:
        assert (given.environment, given.files) == ({}, ())
    assert not os.environ.get(keyfile.PIPE_VARIABLE)
