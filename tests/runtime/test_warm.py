"""Warm flows: they go on from their stacks as they would go on from the store."""

from __future__ import annotations

import gc
import sys
import weakref
from contextvars import ContextVar

import pytest

import greenflow
from greenflow.runtime.slice import Slice
from greenflow.runtime.worker import Worker
from tests.runtime import target_flows
from tests.runtime.conftest import Driver, InStore, Journal, waits

COLOUR: ContextVar[str] = ContextVar("COLOUR", default="none")


class CountsLoads:
    """Tells how often it was loaded: never, as long as its flow is warm."""

    def __init__(self):
        self.loads = 0

    def __getstate__(self):
        return self.loads

    def __setstate__(self, loads):
        self.loads = loads + 1


def receive(count):
    held = CountsLoads()
    return [greenflow.recv() for _ in range(count)], held.loads


def feed(driver: Driver, flow: greenflow.Flow, *messages: object) -> None:
    for message in messages:
        driver.until(lambda: waits(flow))
        greenflow.send(flow, message)


def test_a_warm_flow_is_not_loaded_again(store: greenflow.Store, warm: Driver):
    flow = greenflow.spawn(receive, 3)
    feed(warm, flow, 1, 2, 3)
    assert warm.result(flow) == ([1, 2, 3], 0)


def test_a_cold_one_is(store: greenflow.Store):
    flow = greenflow.spawn(receive, 3)
    for message in (1, 2, 3):
        greenflow.run()
        greenflow.send(flow, message)
    assert flow.result() == ([1, 2, 3], 3)


@pytest.fixture
def narrow(store: greenflow.Store):
    """A worker that keeps one flow warm."""
    made = Driver(store, 1)
    yield made
    made.close()


def test_those_go_that_wait_longest(store: greenflow.Store, narrow: Driver):
    flows = [greenflow.spawn(receive, 1) for _ in range(3)]
    for flow in flows:
        narrow.until(lambda flow=flow: waits(flow))
    # One of them is warm, and which is known to the worker alone.
    for number, flow in enumerate(flows):
        greenflow.send(flow, number)
    results = [narrow.result(flow) for flow in flows]
    assert [messages for messages, _ in results] == [[0], [1], [2]]
    assert sum(loads for _, loads in results) in (2, 3)


# --- somebody else had it meanwhile ---


def test_one_that_another_process_has_run(
    store: greenflow.Store, warm: Driver, in_store: InStore
):
    flow = greenflow.spawn(receive, 4)
    feed(warm, flow, 1)
    warm.until(lambda: waits(flow))
    flow.hold()
    greenflow.send(flow, 2)
    # Whoever is quicker has it: it must be right either way.
    flow.release()
    in_store("greenflow.run()")
    feed(warm, flow, 3, 4)
    messages, loads = warm.result(flow)
    assert messages == [1, 2, 3, 4]
    assert loads <= 2


def test_one_that_was_claimed_and_given_back(store: greenflow.Store, warm: Driver):
    flow = greenflow.spawn(receive, 2)
    feed(warm, flow, 1)
    warm.until(lambda: waits(flow))
    flow.hold()
    greenflow.send(flow, 2)
    flow.release()
    claim = store.base.claim(flow.id)
    if claim is not None:
        store.base.release(claim)
    assert warm.result(flow)[0] == [1, 2]


def other_function():
    return "another flow", greenflow.recv()


def test_one_whose_id_is_another_flow_s_by_now(store: greenflow.Store, warm: Driver):
    """The stack of a flow that was deleted is not that of one of the same id."""
    flow = greenflow.options(id="reused").spawn(receive, 1)
    warm.until(lambda: waits(flow))
    kept = slices_of("reused")
    assert len(kept) == 1
    record = kept[0].claim.record
    delete(store, "reused")
    again = greenflow.options(id="reused").spawn(other_function)
    warm.until(lambda: waits(again))
    assert (again.record.seq, again.record.created > record.created) == (1, True)
    greenflow.send(again, "message")
    assert warm.result(again) == ("another flow", "message")


def delete(store: greenflow.Store, flow_id: str) -> None:
    """Delete a flow that waits from the store, as if it had never been there."""

    def change(work):
        row = work.row(flow_id)
        work.leave(row)
        names = [key for key in work.under(b"") if flow_id.encode() in key]
        for key in names:
            work.txn.delete(key)
        work._rows.clear()

    store.base.write(change)


def slices_of(flow_id: str) -> list[Slice]:
    gc.collect()
    found = [each for each in gc.get_objects() if isinstance(each, Slice)]
    return [each for each in found if each.id == flow_id]


@pytest.mark.parametrize("how", ["kill", "cancel", "done"])
def test_nothing_is_kept_of_one_that_ended(
    store: greenflow.Store, warm: Driver, how: str
):
    flow = greenflow.spawn(receive, 1)
    warm.until(lambda: waits(flow))
    assert len(slices_of(flow.id)) == 1
    {
        "kill": flow.kill,
        "cancel": flow.cancel,
        "done": lambda: greenflow.send(flow, 1),
    }[how]()
    warm.until(flow.done)
    warm.until(lambda: slices_of(flow.id) == [])


class Held:
    """Is alive as long as its flow has it."""


_ALIVE: weakref.WeakSet[Held] = weakref.WeakSet()


def holds():
    held = Held()
    _ALIVE.add(held)
    try:
        greenflow.recv()
    finally:
        target_flows.note("finally")
    return held


def test_what_a_worker_has_warm_goes_with_it(store: greenflow.Store, journal: Journal):
    driver = Driver(store, 10)
    flow = greenflow.spawn(holds)
    driver.until(lambda: waits(flow))
    assert len(_ALIVE) == 1
    driver.close()
    gc.collect()
    assert len(_ALIVE) == 0
    assert journal.lines() == []
    assert waits(flow)


def test_a_flow_and_a_tracer(store: greenflow.Store):
    """Who traces sees one stack at a time, so nothing is kept warm then."""
    flow = greenflow.spawn(receive, 2)
    worker = Worker(store)
    lines = []

    def trace(frame, event, _):
        if frame.f_code.co_name == "receive":
            lines.append(event)
        return trace

    before = sys.gettrace()
    try:
        sys.settrace(trace)
        greenflow.options(delay=0.3).spawn(stop_last)
        _WORKERS.append(worker)
        worker.run()
    finally:
        sys.settrace(before)
    assert waits(flow)
    assert "return" in lines
    assert slices_of(flow.id) == []


_WORKERS: list[Worker] = []


def stop_last():
    _WORKERS.pop().stop()
