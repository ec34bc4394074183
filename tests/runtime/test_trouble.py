"""Flows that kill their worker, or that nobody can go on with, in real processes."""

from __future__ import annotations

import signal

import pytest

import greenflow
from greenflow import limits
from tests.runtime import target_flows, target_work
from tests.runtime.conftest import Driver, Journal, Start, until, waits


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["one", "pool"])
def test_a_flow_that_kills_all_its_workers_is_given_up(
    store: greenflow.Store, worker: Start, journal: Journal, options: tuple[str, ...]
):
    flow = greenflow.spawn(target_work.poison, signal.SIGSEGV)
    others = [greenflow.spawn(target_work.steps, f"{n}", 5) for n in range(10)]
    started = worker(*options)

    if not options:
        started.wait()  # nobody starts a single one again
        worker()
    until(lambda: flow.status == "hospital")
    until(lambda: all(each.done() for each in others))
    record = flow.record
    assert record.attempts == limits.ATTEMPTS_MAX
    assert f"worker {record.killer} died" in record.trouble
    until(lambda: store.base.death(record.killer) == "SIGSEGV")
    lines = [each for each in journal.lines() if each.startswith("poison")]
    assert lines == ["poison among others"] + ["poison alone"] * 4
    with pytest.raises(greenflow.InHospital, match=r"died by SIGSEGV"):
        flow.result(0)


def test_a_flow_is_alone_until_it_was_saved(
    store: greenflow.Store, worker: Start, journal: Journal
):
    flow = greenflow.spawn(target_work.poison_cured)
    worker("-n", "2")
    until(flow.done)
    assert flow.result() == "cured"
    assert journal.lines() == [
        "first among others",
        "first alone",
        # The same process went on, and died.
        "second alone",
        "second alone",
        "third among others",
    ]
    assert (flow.record.killer, flow.record.attempts) == ("", 0)


def test_a_pause_between_the_tries(store: greenflow.Store, in_store, journal: Journal):
    flow = greenflow.spawn(target_work.poison, signal.SIGKILL)
    for _ in range(2):
        in_store("greenflow.run()", killed=True)
    greenflow.run()  # there is nothing to run now
    assert flow.status == "retrying"
    assert flow.record.attempts == 2
    assert flow.record.retry_at > flow.record.updated
    flow.retry()
    assert flow.status == "ready"
    in_store("greenflow.run()", killed=True)
    assert len(journal.lines()) == 3


def raises_memory_error():
    raise MemoryError


class Huge:
    """Needs more memory than there is, where it is loaded."""

    def __reduce__(self):
        return raises_memory_error, ()


def holds(value):
    greenflow.recv()
    return value


def holds_one():
    return holds(target_work.LoadsOnce())


def holds_huge():
    return holds(Huge())


@pytest.fixture
def cold(store: greenflow.Store):
    """A worker that keeps no flow warm."""
    made = Driver(store, 0)
    yield made
    made.close()


@pytest.mark.parametrize("outside", [True, False], ids=["outside", "in a flow"])
def test_a_state_that_cannot_be_loaded_goes_there_at_once(
    store: greenflow.Store, cold: Driver, outside: bool
):
    flow = greenflow.spawn(holds_one)
    cold.until(lambda: waits(flow))
    waiter = greenflow.spawn(flow_result, flow)
    cold.until(lambda: waits(waiter))
    seq = flow.record.seq
    greenflow.send(flow, 1)
    cold.until(lambda: flow.status == "hospital")
    assert (flow.record.seq, flow.record.attempts) == (seq, 1)
    assert "not again" in flow.record.trouble
    assert "refuse_to_load" in flow.record.trouble  # there is a traceback
    if outside:
        with pytest.raises(greenflow.InHospital, match="not again"):
            flow.result()
    else:
        assert waits(waiter)  # for what happens to it in the end
        flow.kill()
        cold.until(waiter.done)
        assert isinstance(waiter.exception(), greenflow.Cancelled)


def flow_result(flow):
    return flow.result()


def test_one_that_has_no_memory_is_tried_again_later(
    store: greenflow.Store, cold: Driver
):
    flow = greenflow.spawn(holds_huge)
    cold.until(lambda: waits(flow))
    greenflow.send(flow, 1)
    cold.until(lambda: flow.status == "retrying")
    assert "MemoryError" in flow.record.trouble
    assert cold.result(greenflow.spawn(target_flows.add, 1)) == 2
    assert flow.record.retry_at > flow.record.updated
    flow.retry()
    cold.until(lambda: flow.status == "retrying")
    assert len(list(store.base.messages(flow.id))) == 1


def test_a_stack_deeper_than_the_limit_of_the_worker_goes_on(
    store: greenflow.Store, worker: Start
):
    flow = greenflow.spawn(target_work.deep_with_room, 3000)
    worker()
    until(lambda: waits(flow))
    greenflow.send(flow, 1)
    until(flow.done)
    assert flow.result() == 3001


# --- workers that end, and flows that keep others waiting ---


@pytest.mark.parametrize("function", [target_work.steps, target_work.effects])
def test_a_worker_that_is_to_end_gives_all_flows_back(
    store: greenflow.Store, worker: Start, journal: Journal, function
):
    flows = [greenflow.spawn(function, f"{n}", 30) for n in range(40)]

    def has_written(more_than: int) -> bool:
        # Where this process was kept waiting, the worker may have come to the end.
        return len(journal.lines()) > min(more_than, 40 * 30 - 1)

    for _ in range(3):
        before = len(journal.lines())
        process = worker()
        until(lambda before=before: has_written(before + 50))
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert not [flow for flow in flows if flow.status == "running"]
    greenflow.run()
    assert [flow.result() for flow in flows] == ["done"] * len(flows)
    # It ended at saves, so nothing was run twice.
    expected = [f"{name} {number}" for name in range(40) for number in range(30)]
    assert sorted(journal.lines()) == sorted(expected)
    assert all(flow.record.attempts == 0 for flow in flows)


def test_what_waits_behind_a_long_one_is_run_by_others(
    store: greenflow.Store, worker: Start, journal: Journal
):
    for number in range(30):
        greenflow.spawn(target_work.short_one, number)
    greenflow.spawn(target_work.long_one)
    for number in range(30, 60):
        greenflow.spawn(target_work.short_one, number)
    worker("-n", "2")
    until(lambda: "long ends" in journal.lines())
    lines = journal.lines()
    assert len(lines) == 62
    assert lines[-1] == "long ends"


def test_a_worker_serves_its_queues(
    store: greenflow.Store, worker: Start, journal: Journal
):
    queues = ("", "a", "b", "c")
    flows = {
        queue: greenflow.options(queue=queue).spawn(target_work.short_one, queue)
        for queue in queues
    }
    process = worker("-q", "a", "-q", "c")
    until(lambda: flows["a"].done() and flows["c"].done())
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert sorted(journal.lines()) == ["short a", "short c"]
    assert flows[""].status == flows["b"].status == "ready"


def test_outbox_delivers_with_one_key_until_it_returns(
    store: greenflow.Store, in_store, journal: Journal, tmp_path
):
    flow = greenflow.spawn(target_work.sends_by_outbox, str(tmp_path / "tries"))
    in_store("greenflow.run()", killed=True, KILL_AT="put into the outbox")
    assert len(list(greenflow.flows(tag="outbox"))) == 0  # it was not saved
    until(lambda: (greenflow.run(), not left("outbox"))[1])
    assert flow.result() == "sent"
    letters = [line for line in journal.lines() if line.startswith("letter")]
    keys = {line.rpartition(" ")[2] for line in letters}
    assert keys == {each.id for each in greenflow.flows(tag="outbox")}
    assert len(keys) == 2
    assert len(letters) == 4  # two tries came to nothing


def left(tag):
    return [each for each in greenflow.flows(tag=tag) if not each.done()]
