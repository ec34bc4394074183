"""What flows log is kept with them, as they are saved."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest

import greenflow
from greenflow import limits
from tests.runtime import target_logs
from tests.runtime.conftest import InStore


@pytest.fixture(autouse=True)
def keeping() -> Iterator[None]:
    level = logging.getLogger().level
    handler = target_logs.keep()
    yield
    logging.getLogger().removeHandler(handler)
    logging.getLogger().setLevel(level)


def texts(flow: greenflow.Flow[object]) -> list[str]:
    return [line.text for line in flow.logs()]


def test_lines_come_with_the_saves_of_their_flow(store: greenflow.Store):
    flow = greenflow.spawn(target_logs.turns, 3)
    other = greenflow.spawn(target_logs.turns, 1)
    assert flow.logs() == []
    greenflow.run()
    assert texts(flow) == ["turn 0", "turn 1", "turn 2"]
    assert texts(other) == ["turn 0"]
    greenflow.send(flow, None)
    greenflow.run()
    lines = flow.logs()
    assert [line.text for line in lines] == ["turn 0", "turn 1", "turn 2", "ends"]
    assert [line.number for line in lines] == [0, 1, 2, 3]
    assert [line.level for line in lines] == ["INFO"] * 3 + ["WARNING"]
    assert {line.logger for line in lines} == {"shop"}
    assert [line.text for line in flow.logs(2)] == ["turn 2", "ends"]
    assert flow.logs(4) == []


def test_of_one_that_fails(store: greenflow.Store):
    flow = greenflow.spawn(target_logs.fails)
    greenflow.run()
    assert texts(flow) == ["before it fails"]


def test_of_one_that_is_tried_again(store: greenflow.Store):
    flow = greenflow.options(retry=1).spawn(target_logs.fails)
    greenflow.run()
    assert flow.status == "retrying"
    assert texts(flow) == ["before it fails"]


def test_in_once(store: greenflow.Store):
    flow = greenflow.spawn(target_logs.waits_in_once)
    greenflow.run()
    assert texts(flow) == ["in once"]


def test_the_last_ones_are_kept(store: greenflow.Store):
    count = limits.LOG_LINES_KEPT_MAX + 7
    flow = greenflow.spawn(target_logs.many, count)
    greenflow.run()
    kept = texts(flow)
    assert len(kept) == limits.LOG_LINES_KEPT_MAX
    assert kept[-1] == f"line {count - 1}"


def test_the_last_ones_of_several_saves_are_kept(store: greenflow.Store):
    count = limits.LOG_LINES_KEPT_MAX + 7
    flow = greenflow.spawn(target_logs.turns, count)
    greenflow.run()
    assert texts(flow) == [f"turn {number}" for number in range(7, count)]
    assert store.doctor() == []


def test_what_no_store_can_hold(
    store: greenflow.Store, capsys: pytest.CaptureFixture[str]
):
    log = logging.getLogger("odd")
    log.propagate = False
    log.addHandler(greenflow.FlowLogHandler(logging.INFO))
    flow = greenflow.spawn(target_logs.odd)
    greenflow.run()
    [text] = texts(flow)
    assert text.startswith("a ? and xxx")
    assert len(text) == limits.LOG_CHARS_MAX
    assert "no number" in capsys.readouterr().err  # as logging tells of such things


def test_outside_of_flows(store: greenflow.Store):
    target_logs.LOG.info("no flow")
    flow = greenflow.spawn(target_logs.many, 1)
    greenflow.run()
    target_logs.LOG.info("no flow")
    assert texts(flow) == ["line 0"]


def test_a_line_is_kept_once_though_its_process_is_killed(
    store: greenflow.Store, in_store: InStore
):
    flow = greenflow.spawn(target_logs.kills)
    program = "from tests.runtime import target_logs\ntarget_logs.keep()\n"
    in_store(program + "greenflow.run()", killed=True, KILLS="1")
    assert texts(flow) == ["saved"]
    in_store(program + "greenflow.run()")
    assert texts(flow) == ["saved", "lost, and said again"]


def test_they_go_with_the_flow(store: greenflow.Store):
    flow = greenflow.spawn(target_logs.fails)
    greenflow.run()
    flow_id = flow.id
    store.gc(older=timedelta(0))
    again = greenflow.options(id=flow_id).spawn(target_logs.many, 1)
    assert again.logs() == []
