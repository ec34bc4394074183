"""A flow that another worker has taken over writes nothing any more."""

from __future__ import annotations

import pytest

import greenflow
from greenflow.runtime.hosting import current_slice
from tests.runtime import target_flows
from tests.runtime.conftest import Journal

_taken = []


def take_over():
    """Claim the running flow anew, as a worker does that takes this one for dead."""
    running = current_slice()
    base = running.store.base
    base.release(running.claim)
    _taken.append(base.claim(running.id))


def give_back(store):
    store.base.release(_taken.pop())


def overtaken(how, receiver):
    greenflow.checkpoint("before")
    target_flows.note("runs")
    try:
        greenflow.send(receiver, "once")
        if not target_flows.was_noted("taken over"):
            target_flows.note("taken over")
            take_over()
        if how == "checkpoint":
            greenflow.checkpoint()
        elif how == "suspend":
            greenflow.suspend()
        elif how == "recv":
            greenflow.recv()
        elif how == "raise":
            raise KeyError(how)
        return how
    finally:
        if how in {"checkpoint", "suspend", "recv"}:
            target_flows.note("finally")


@pytest.mark.parametrize("how", ["checkpoint", "suspend", "recv", "raise", "return"])
def test_flow_that_was_taken_over_is_forgotten_here(
    store: greenflow.Store, journal: Journal, how: str
):
    receiver = greenflow.spawn(target_flows.receive, 1)
    flow = greenflow.spawn(overtaken, how, receiver)
    other = greenflow.spawn(target_flows.add, 1)
    greenflow.run()
    # Off the stack at once, with no block of it run, and with nothing written.
    assert journal.lines() == ["runs", "taken over"]
    assert (flow.status, flow.record.label) == ("running", "before")
    assert other.done()
    assert receiver.status == "waiting"

    give_back(store)
    greenflow.send(flow, "a message for recv")
    greenflow.run()
    if how == "suspend":
        flow.resume()
        greenflow.run()
    assert flow.status == ("failed" if how == "raise" else "done")
    assert receiver.result() == ["once"]


def close_store():
    try:
        greenflow.current().store.close()
        greenflow.checkpoint()
    except Exception:
        target_flows.note("the flow saw it")


def test_store_that_fails_is_told_by_run_and_not_in_the_flow(place, journal: Journal):
    store = greenflow.open(place)
    flow_id = store.spawn(close_store).id
    with pytest.raises(greenflow.StoreClosed):
        store.run()
    assert journal.lines() == []
    with pytest.raises(greenflow.StoreClosed):
        store.get(flow_id)
    again = greenflow.open(place)
    assert again is not store
    assert again.get(flow_id).record.seq == 0
    again.close()
