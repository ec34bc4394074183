"""Flow.cancel(): raised where the flow waits; what it has open is closed."""

from __future__ import annotations

import pytest

import greenflow
from greenflow import Cancelled, FlowBusy
from tests.runtime import target_work
from tests.runtime.conftest import InStore, Journal


def test_a_waiting_flow(store: greenflow.Store, journal: Journal, in_store: InStore):
    flow = greenflow.spawn(target_work.cleans_up)
    in_store("greenflow.run()")
    flow.cancel("no longer needed")
    in_store(f"""
        try:
            greenflow.get({flow.id!r}).result(60)
        except greenflow.Cancelled as error:
            t.note(f"result: {{error}}")
    """)
    assert journal.lines() == [
        "cancelled: no longer needed",
        "cleaned up",
        "result: no longer needed",
    ]
    assert flow.status == "cancelled"
    assert flow.done()
    assert isinstance(flow.exception(), Cancelled)
    assert "Cancelled: no longer needed" in repr(flow)
    assert [each.id for each in greenflow.flows(status="cancelled")] == [flow.id]
    for late in (flow.cancel, lambda: greenflow.send(flow, 1)):
        with pytest.raises(FlowBusy, match="is cancelled"):
            late()


def test_one_that_did_not_begin_ends_at_once(store: greenflow.Store, journal: Journal):
    flow = greenflow.spawn(target_work.cleans_up)
    later = greenflow.options(delay=3600).spawn(target_work.cleans_up)
    for each in (flow, later):
        each.cancel("not wanted")
        assert each.status == "cancelled"
        with pytest.raises(Cancelled, match="not wanted"):
            each.result(60)
    assert journal.lines() == []


def test_the_flow_may_go_on(store: greenflow.Store, journal: Journal):
    flow = greenflow.spawn(target_work.cleans_up, swallow=True)
    greenflow.run()
    flow.cancel()
    assert flow.result(60) == "went on"
    assert flow.status == "done"


def test_one_that_sleeps_or_is_suspended(store: greenflow.Store):
    def sleeps():
        greenflow.sleep(3600)

    def asks():
        greenflow.suspend()

    sleeper, asker = greenflow.spawn(sleeps), greenflow.spawn(asks)
    greenflow.run()
    for flow in (sleeper, asker):
        flow.cancel("now")
        with pytest.raises(Cancelled, match="now"):
            flow.result(60)


def test_it_passes_except_exception(store: greenflow.Store):
    def stubborn():
        try:
            greenflow.suspend()
        except Exception:
            return "swallowed"

    flow = greenflow.spawn(stubborn)
    greenflow.run()
    flow.cancel()
    with pytest.raises(Cancelled):
        flow.result(60)
