"""Several processes and threads on one store; what one of them cannot go on with."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

import greenflow
from tests.conftest import child_environment
from tests.runtime import target_flows
from tests.runtime.conftest import InStore, Journal

FLOWS = 50
TURNS = 3


def start_worker(
    place: Path, code: str = "import greenflow; print(greenflow.run())"
) -> subprocess.Popen[str]:
    """Start a process that runs what can run; it prints how many slices."""
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**child_environment(), "GREENFLOW_STORE": str(place)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def turns(journal: Journal) -> Counter[tuple[str, str]]:
    """Return how often each flow did each of its turns."""
    split = (line.split() for line in journal.lines())
    return Counter((flow, turn) for flow, turn, _ in split if turn != "begins")


def test_two_processes_run_each_step_of_each_flow_once(
    store: greenflow.Store, place: Path, journal: Journal
):
    # The first flow holds its process until another flow has run in the other.
    flows = [greenflow.spawn(target_flows.counted_beside_another, TURNS)]
    flows += [greenflow.spawn(target_flows.counted, TURNS) for _ in range(FLOWS - 1)]
    workers = [start_worker(place) for _ in range(2)]
    slices = [int(worker.communicate(timeout=240)[0]) for worker in workers]
    assert sum(slices) == FLOWS
    assert all(flow.result() == TURNS for flow in flows)
    assert turns(journal) == {
        (flow.id, str(turn)): 1 for flow in flows for turn in range(TURNS)
    }


def test_flows_of_a_killed_process_are_run_by_the_one_that_lives(
    store: greenflow.Store, place: Path, journal: Journal
):
    held = greenflow.spawn(target_flows.counted_beside_another, TURNS)
    worker = start_worker(place)
    while not journal.lines():
        assert worker.poll() is None
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    assert held.status == "running"
    other = greenflow.spawn(target_flows.counted, TURNS)
    assert greenflow.run() == 2
    assert (held.result(), other.result()) == (TURNS, TURNS)
    assert set(turns(journal).values()) == {1}


def test_messages_are_handed_on_once_whenever_processes_are_killed(
    store: greenflow.Store, place: Path
):
    senders, count, kills = 8, 12, 8
    collector = greenflow.spawn(target_flows.receive, senders * count)
    for name in range(senders):
        flow = greenflow.spawn(target_flows.forward, collector, name, count)
        for value in range(count):
            greenflow.send(flow, value)
    moments = random.Random(7)
    code = "from greenflow import run; print(flush=True); run(); input()"
    for _ in range(kills):
        workers = [start_worker(place, code) for _ in range(2)]
        for worker in workers:
            worker.stdout.readline()
        time.sleep(moments.uniform(0, 0.1))
        for worker in workers:
            worker.send_signal(signal.SIGKILL)
            worker.communicate()
    collected = collector.result()
    assert len(collected) == senders * count
    for name in range(senders):
        values = [value for sender, value in collected if sender == name]
        assert values == list(range(count))
    assert {flow.status for flow in greenflow.flows()} == {"done"}


def test_threads_share_a_store(store: greenflow.Store, journal: Journal):
    flows = [greenflow.spawn(target_flows.counted, TURNS) for _ in range(FLOWS)]
    slices: list[int] = []
    threads = [
        threading.Thread(target=lambda: slices.append(store.run())) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(slices) == FLOWS
    assert all(flow.result() == TURNS for flow in flows)
    assert set(turns(journal).values()) == {1}


def test_suspended_in_one_thread_goes_on_in_another(store: greenflow.Store):
    flow = greenflow.spawn(thread_of_each_call)
    for _ in range(3):
        thread = threading.Thread(target=store.run)
        thread.start()
        thread.join()
        if flow.status == "waiting":
            flow.resume()
    assert flow.done()
    assert len(flow.result()) == 3


def thread_of_each_call():
    names = []
    for _ in range(3):
        names.append(threading.current_thread().name)
        if len(names) < 3:
            greenflow.suspend()
    return set(names)


def write_module(folder: Path, text: str) -> None:
    (folder / "moving.py").write_text(text)


MOVING = """
import greenflow
def wait():
    answer = greenflow.suspend("?")
    return {result}
"""


def test_flow_that_cannot_go_on_here_is_left_and_told_after_the_others_ran(
    store: greenflow.Store, in_store: InStore, tmp_path: Path
):
    write_module(tmp_path, MOVING.format(result="answer"))
    flow_id = in_store("import moving\nprint(greenflow.spawn(moving.wait).id)")
    in_store("greenflow.run()")
    flow = greenflow.get(flow_id)
    flow.resume("fine")
    other = greenflow.spawn(target_flows.add, 1)
    before = flow.record
    # This process has no module of that name.
    with pytest.raises(greenflow.CodeMissing) as caught:
        greenflow.run()
    assert any(flow_id in note for note in caught.value.__notes__)
    assert other.done()
    assert (flow.status, flow.record.seq) == ("hospital", before.seq)
    assert "moving" in flow.record.trouble
    with pytest.raises(greenflow.InHospital, match="moving"):
        flow.result()
    in_store("greenflow.run()")
    assert flow.status == "hospital"
    flow.retry()
    in_store("greenflow.run()")
    assert flow.result() == "fine"


def test_several_flows_that_cannot_go_on_are_told_together(
    store: greenflow.Store, in_store: InStore, tmp_path: Path
):
    write_module(tmp_path, MOVING.format(result="answer"))
    in_store("import moving\nfor _ in range(2): greenflow.spawn(moving.wait)")
    in_store("greenflow.run()")
    write_module(tmp_path, MOVING.format(result="answer, 'changed'"))
    code = """
        for flow in greenflow.flows(): flow.resume()
        others = [greenflow.spawn(t.add, n) for n in range(3)]
        try:
            greenflow.run()
        except ExceptionGroup as group:
            print(*(type(error).__name__ for error in group.exceptions))
        assert all(flow.done() for flow in others)
    """
    assert in_store(code, GREENFLOW_CODE="strict") == "CodeChanged CodeChanged"
    assert {flow.status for flow in greenflow.flows(fn="moving:wait")} == {"hospital"}


def test_interrupt_gives_the_flow_back_as_it_was_saved(
    store: greenflow.Store, journal: Journal, monkeypatch: pytest.MonkeyPatch
):
    flow = greenflow.spawn(target_flows.interrupt_once)
    other = greenflow.spawn(target_flows.add, 1)
    monkeypatch.setenv("INTERRUPT", "1")
    with pytest.raises(KeyboardInterrupt):
        greenflow.run()
    assert (flow.status, flow.record.label) == ("ready", "before")
    monkeypatch.delenv("INTERRUPT")
    greenflow.run()
    assert (flow.result(), other.result()) == ("went on", 2)
    assert journal.lines() == ["interrupted or not"] * 2


def test_signal_gives_the_flow_back(
    store: greenflow.Store, place: Path, journal: Journal
):
    flow = greenflow.spawn(target_flows.counted_beside_another, 1)
    worker = start_worker(place)
    while not journal.lines():
        assert worker.poll() is None
    worker.send_signal(signal.SIGINT)
    worker.communicate()
    assert worker.returncode == -signal.SIGINT
    assert flow.status == "ready"
