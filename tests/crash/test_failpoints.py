"""A process dies at every place there is: the next finds nothing wrong, and goes on.

Each named failpoint, and each system call of a commit; of what is reached often so many
are picked evenly, and all by ``make soak``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import greenflow
from greenflow import failpoints
from greenflow.store import LEASE_VARIABLE
from tests.conftest import child_environment
from tests.crash import history
from tests.crash.conftest import built
from tests.crash.test_crash import SOAK_VARIABLE

Child = Any

#: A mode is given every system call, or as many as this.
CALLS_MAX = 16
POINTS_MAX = 8
ALL = 10**6


def most(few: int) -> str:
    return str(ALL if SOAK_VARIABLE in os.environ else few)


def fail(kind: str, folder: Path, *options: str, **env: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.crash.failing", kind, str(folder)]
    done = subprocess.run(
        [*command, *options],
        env=child_environment(env),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.fixture
def preloaded(tmp_path: Path) -> dict[str, str]:
    """The environment with the shim; a sanitizer's own libraries come first."""
    before = os.environ.get("LD_PRELOAD", "")
    return {"LD_PRELOAD": f"{before} {built(tmp_path, 'shim.c')}".strip()}


@pytest.mark.timeout(0)
def test_every_failpoint_is_reached_and_survived(
    in_memory: Path, capsys: pytest.CaptureFixture
):
    found = fail("points", in_memory, most(POINTS_MAX), **{failpoints.VARIABLE: ""})
    with capsys.disabled():
        print("\nfailpoints", json.dumps(found["cases"]))
    assert found["wrong"] == []
    assert sorted(found["counts"]) == sorted(failpoints.NAMES)
    assert found["cases"]["not reached"] <= len(failpoints.NAMES)
    for name in failpoints.NAMES:
        assert found["cases"][f"{name} kill"] > 0


def test_a_commit_of_two_transactions_is_found(in_memory: Path):
    env = {failpoints.VARIABLE: "", history.TORN: "1"}
    found = fail("points", in_memory, "20", "6", "in-txn", **env)
    assert found["wrong"] != []


@pytest.mark.timeout(0)
def test_every_system_call_of_a_commit_is_survived(
    in_memory: Path, preloaded: dict[str, str], capsys: pytest.CaptureFixture
):
    found = fail("calls", in_memory, most(CALLS_MAX), **preloaded)
    with capsys.disabled():
        print("\nsystem calls", json.dumps(found["cases"]))
    assert found["wrong"] == []
    assert min(found["counts"].values()) > 100
    # Else the shim's errors reach nobody.
    assert found["cases"]["told of an error"] > 0
    assert found["cases"]["not reached"] <= len(found["counts"])


WORK = """
import greenflow, sys
from tests.crash import population
flow = greenflow.spawn(population.brief, 1)
try:
    while not flow.done():
        greenflow.run()
except greenflow.GreenflowError as error:
    sys.exit(f"raised {error}")
print(flow.result())
"""


@pytest.mark.parametrize(
    ("action", "code", "out", "err"),
    [
        ("kill", -signal.SIGKILL, "", ""),
        ("raise", 1, "", "raised failpoint before-commit was reached"),
        ("sleep", 0, "1\n", ""),
    ],
)
def test_a_failpoint_is_armed_by_the_environment(
    child: Child, tmp_path: Path, action: str, code: int, out: str, err: str
):
    env = {
        "GREENFLOW_STORE": str(tmp_path / "store"),
        failpoints.VARIABLE: f"before-commit:3:{action}",
    }
    done = child("-c", WORK, code=code, env=env)
    assert (done.stdout, done.stderr.strip()) == (out, err)


def test_a_process_stopped_in_a_transaction_stops_the_others_until_it_is_killed(
    child: Child, tmp_path: Path
):
    env = {"GREENFLOW_STORE": str(tmp_path / "store")}
    armed = {**child_environment(env), failpoints.VARIABLE: "before-commit:3:stop"}
    stopped = subprocess.Popen([sys.executable, "-c", WORK], env=armed)
    os.waitid(os.P_PID, stopped.pid, os.WSTOPPED)
    other = subprocess.Popen(
        [sys.executable, "-c", WORK],
        env=child_environment(env),
        stdout=subprocess.PIPE,
        text=True,
    )
    with pytest.raises(subprocess.TimeoutExpired):
        other.wait(1)
    stopped.kill()
    assert stopped.wait() == -signal.SIGKILL
    assert other.communicate()[0] == "1\n"
    assert other.returncode == 0


def test_a_wrong_failpoint_is_told(child: Child):
    env = {failpoints.VARIABLE: "before-lunch:1:kill"}
    assert (
        "before-commit" in child("import greenflow.failpoints", code=1, env=env).stderr
    )


@pytest.mark.parametrize("given", ["soon", "0", "-1"])
def test_a_wrong_lease_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: str
):
    monkeypatch.setenv(LEASE_VARIABLE, given)
    with pytest.raises(
        greenflow.StoreError, match=r"is no number of seconds(.|\n)*HINT"
    ):
        greenflow.open(tmp_path / "store")
