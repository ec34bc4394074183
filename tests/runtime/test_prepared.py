"""Workers of flows that run alone: forked from a prepared parent, which may die."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from greenflow.runtime.isolation import Isolation
from greenflow.runtime.prepared import Prepared
from greenflow.runtime.processes import end
from tests.runtime.alone import (
    LONG_SECONDS,
    MODULE,
    flow_of,
    parent_of,
    result,
    start,
    until,
    zombies,
)

Told = list[str]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module that only the processes under test import; its functions are named."""
    path = tmp_path / "alone_target.py"
    path.write_text(dedent(MODULE))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield path
    sys.modules.pop("alone_target", None)


@pytest.fixture
def told() -> Told:
    return []


@pytest.fixture
def prepared(told: Told) -> Iterator[Prepared]:
    made = Prepared((), told.append)
    yield made
    made.close()


def test_a_worker_is_forked_and_clean(store, module, prepared, monkeypatch, tmp_path):
    first = result(prepared, store, "tells")
    monkeypatch.setenv("GF_TEST", "now")
    monkeypatch.chdir(tmp_path)
    second = result(prepared, store, "tells")
    # Both are of one parent, which is a child of this process, and neither is it.
    assert first["parent"] == second["parent"] == parent_of(prepared)
    assert len({first["pid"], second["pid"], os.getpid()}) == 3
    assert (first["variable"], second["variable"]) == (None, "now")
    assert second["folder"] == str(tmp_path)
    assert first["blocked"] == second["blocked"] == []
    # Nothing of the first one's, nor of the parent's, is open in the second.
    assert first["descriptors"] == second["descriptors"]


@pytest.mark.parametrize(
    ("name", "value", "death"),
    [
        ("dies", int(signal.SIGKILL), "SIGKILL"),
        ("dies", int(signal.SIGTERM), "SIGTERM"),
        ("dies", int(signal.SIGSEGV), "SIGSEGV"),
        ("exits", 7, "exit code 7"),
    ],
)
def test_how_it_died_is_told(store, module, prepared, name, value, death):
    forked, flow = start(prepared, store, name, value)
    assert forked.wait(LONG_SECONDS)
    assert forked.death() == death
    assert flow.record.owner == forked.worker
    assert zombies() == []


def test_changed_code_is_found_as_it_is(store, module, prepared):
    assert result(prepared, store, "tells")["version"] == 1
    module.write_text(dedent(MODULE).replace("VERSION = 1", "VERSION = 22"))
    assert result(prepared, store, "tells")["version"] == 22


def test_a_module_that_was_named_is_as_it_was(store, module, told):
    prepared = Prepared(("alone_target",), told.append)
    assert result(prepared, store, "tells")["version"] == 1
    module.write_text(dedent(MODULE).replace("VERSION = 1", "VERSION = 22"))
    assert result(prepared, store, "tells")["version"] == 1
    prepared.close()
    assert told == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import threading\nthreading.Thread(target=input).start()", "thread"),
        ("import greenflow\ngreenflow.open('other')", "opened a store"),
        ("raise ValueError('not today')", "ValueError: not today"),
        (None, "No module named 'odd_target'"),
    ],
    ids=["thread", "store", "raises", "missing"],
)
def test_a_parent_that_must_not_fork_is_not_used(
    store, module, told, tmp_path, monkeypatch, text, why
):
    """Its workers are started anew, and why is told."""
    monkeypatch.chdir(tmp_path)
    if text is not None:
        (tmp_path / "odd_target.py").write_text(
            text.replace("target=input", "target=__import__('time').sleep, args=(1,)")
        )
    prepared = Prepared(("odd_target",), told.append)
    seen = [result(prepared, store, "tells") for _ in range(2)]
    assert [each["parent"] for each in seen] == [os.getpid()] * 2
    assert len(told) == 1
    assert why in told[0]
    prepared.close()
    assert zombies() == []


def test_the_parent_is_killed_beside_its_worker(store, module, prepared, tmp_path):
    """The worker goes on, its end is seen, and the next one has a new parent."""
    result(prepared, store, "tells")
    open_before = len(os.listdir("/proc/self/fd"))
    gate = tmp_path / "gate"
    forked, flow = start(prepared, store, "waits_for", str(gate))
    until((tmp_path / "gate.begun").exists)
    until(lambda: prepared.hear() or forked.pid)
    killed = parent_of(prepared)
    os.kill(killed, signal.SIGKILL)
    until(lambda: prepared.hear() or prepared._socket is None)
    assert forked.death() is None
    gate.touch()
    assert forked.wait(LONG_SECONDS)
    assert flow.result() != os.getpid()
    after = result(prepared, store, "tells")
    assert after["parent"] == parent_of(prepared) != killed
    assert len(os.listdir("/proc/self/fd")) == open_before
    assert zombies() == []


def test_the_parent_is_killed_before_it_was_asked(store, module, prepared):
    killed = result(prepared, store, "tells")["parent"]
    os.kill(killed, signal.SIGKILL)
    # Whether the request was still read by nobody or not sent at all: it is run.
    assert result(prepared, store, "tells")["parent"] != killed
    assert result(prepared, store, "tells")["parent"] == parent_of(prepared)
    assert zombies() == []


def test_the_parent_is_killed_as_it_is_asked(store, module, prepared, tmp_path):
    """A worker that it never began is started anew, whatever became of the request."""
    gate = tmp_path / "gate"
    gate.touch()
    for _ in range(5):
        result(prepared, store, "tells")
        os.kill(parent_of(prepared), signal.SIGSTOP)
        forked, flow = start(prepared, store, "waits_for", str(gate))
        os.kill(parent_of(prepared), signal.SIGKILL)
        assert forked.wait(LONG_SECONDS)
        assert flow.status == "done"
    assert zombies() == []


def test_a_worker_is_ended_at_once_when_it_is_asked_to(
    store, module, prepared, tmp_path
):
    """Also if it was just forked: no signal gets lost between parent and worker."""
    for number in range(10):
        path = str(tmp_path / f"never-{number}")
        forked, _ = start(prepared, store, "waits_for", path)
        until(lambda forked=forked: prepared.hear() or forked.pid)
        began = time.monotonic()
        end([forked])
        assert time.monotonic() - began < LONG_SECONDS
        assert forked.death() == "SIGTERM"


def test_signals_of_the_terminal_do_not_end_the_parent(store, module, prepared):
    parent = result(prepared, store, "tells")["parent"]
    os.kill(parent, signal.SIGINT)
    os.kill(parent, signal.SIGTERM)
    assert result(prepared, store, "tells")["parent"] == parent


def test_the_parent_ends_with_who_started_it(child, place, tmp_path):
    code = """
        import os, signal, sys
        import greenflow
        from greenflow.runtime.forked import Task
        from greenflow.runtime.prepared import Prepared
        from tests.runtime import target_flows

        store = greenflow.open("store")
        flow = store.spawn(target_flows.note, "x")
        claim = store.base.claim(flow.id)
        prepared = Prepared()
        prepared.start(Task(store.location, flow.id, claim.record.epoch)).wait(60)
        print(prepared._process.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    parent = int(child(code, code=-9, env={"JOURNAL": str(tmp_path / "j")}).stdout)
    until(lambda: not Path(f"/proc/{parent}").exists() or _is_dead(parent))


def _is_dead(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return text.rpartition(")")[2].split()[0] == "Z"


# The test runner has threads of its own; the child makes none, and uses no lock.
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_fork_of_the_worker_does_not_keep_the_parent(store, module, prepared):
    """Who is forked from the process that has the parent lets go of it."""
    result(prepared, store, "tells")
    parent, socket_number = parent_of(prepared), prepared._socket.fileno()
    pid = os.fork()
    if pid == 0:
        try:
            os.fstat(socket_number)
        except OSError:
            os._exit(0 if prepared._socket is None else 2)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert result(prepared, store, "tells")["parent"] == parent


def test_isolation_runs_many_at_a_time_and_leaves_nothing(store, module):
    alone = Isolation(store)
    flows = [flow_of(store, "tells") for _ in range(20)]
    for flow in flows:
        claim = store.base.claim(flow.id)
        alone.start(claim)
    until(lambda: alone.look() or not (alone.waits or alone._children))
    assert {flow.status for flow in flows} == {"done"}
    assert len({flow.result()["parent"] for flow in flows}) == 1
    alone.close()
    assert zombies() == []
