"""sleep(), sleep_until() and the timeout of recv(): by the clock, not by a process."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

import greenflow
from tests.runtime import target_work
from tests.runtime.conftest import InStore, Journal


def slept(duration):
    before = [1]
    greenflow.sleep(duration)
    return before, "awake"


def waited(timeout, *default):
    options = {"default": default[0]} if default else {}
    try:
        return greenflow.recv(topic="t", timeout=timeout, **options)
    except TimeoutError as error:
        return f"TimeoutError: {error}"


@pytest.mark.parametrize("duration", [0, 0.02, timedelta(milliseconds=20)])
def test_sleep(store: greenflow.Store, duration: float | timedelta):
    flow = greenflow.spawn(slept, duration)
    before = time.time()
    assert flow.result(timeout=60) == ([1], "awake")
    passed = time.time() - before
    assert passed >= (0 if duration == 0 else 0.02)


def test_run_does_not_wait(store: greenflow.Store):
    flow = greenflow.spawn(slept, 3600)
    assert greenflow.run() == 1
    assert greenflow.run() == 0
    assert flow.status == "waiting"
    assert "sleep" in repr(flow)
    assert flow.payload is None
    with pytest.raises(TimeoutError):
        flow.result(timeout=0.01)
    with pytest.raises(greenflow.FlowBusy, match="sleep"):
        flow.resume(1)
    flow.throw(KeyError("woken"))
    with pytest.raises(KeyError, match="woken"):
        flow.result(timeout=60)


def test_sleep_until(store: greenflow.Store):
    def flow():
        greenflow.sleep_until(datetime.now(UTC) + timedelta(milliseconds=30))
        greenflow.sleep_until(datetime(2020, 1, 1, tzinfo=UTC))
        return "awake"

    assert greenflow.spawn(flow).result(timeout=60) == "awake"


@pytest.mark.parametrize("bad", [-1, float("nan"), timedelta(seconds=-1)])
def test_wrong_durations(store: greenflow.Store, bad: float):
    with pytest.raises(ValueError, match="a duration cannot be"):
        greenflow.spawn(slept, bad).result()
    with pytest.raises(ValueError, match="a duration cannot be"):
        greenflow.spawn(_receives, bad).result()


def _receives(timeout):
    return greenflow.recv(timeout=timeout)


def test_wrong_types(store: greenflow.Store):
    def naive():
        greenflow.sleep_until(datetime(2030, 1, 1))

    with pytest.raises(ValueError, match="no time zone"):
        greenflow.spawn(naive).result()
    with pytest.raises(TypeError, match="seconds or a timedelta"):
        greenflow.spawn(slept, "1").result()
    with pytest.raises(greenflow.NotInFlow):
        greenflow.sleep(1)


def test_for_ever(store: greenflow.Store):
    flow = greenflow.spawn(slept, float("inf"))
    greenflow.run()
    assert flow.record.waiting.until is None
    far = greenflow.spawn(slept, 1e30)
    greenflow.run()
    assert far.status == "waiting"


def test_no_message_in_time(store: greenflow.Store):
    assert greenflow.spawn(waited, 0.01).result(60) == (
        "TimeoutError: no message of topic 't' came in time"
    )
    assert greenflow.spawn(waited, 0.01, None).result(60) is None
    assert greenflow.spawn(waited, 0, ["default"]).result(60) == ["default"]


def test_a_message_in_time(store: greenflow.Store):
    flow = greenflow.spawn(waited, 3600, "default")
    greenflow.run()
    greenflow.send(flow, "message", topic="t")
    assert flow.result(60) == "message"
    early = greenflow.spawn(waited, 0, "default")
    greenflow.send(early, "message", topic="t")
    assert early.result(60) == "message"


def test_a_default_is_saved_by_itself(store: greenflow.Store):
    def flow():
        default = [1]
        got = greenflow.recv(timeout=0.01, default=default)
        got.append(2)
        return default, got

    assert greenflow.spawn(flow).result(60) == ([1], [1, 2])


def test_another_process_goes_on(
    store: greenflow.Store, journal: Journal, in_store: InStore
):
    flow = greenflow.spawn(target_work.naps)
    in_store(f"greenflow.get({flow.id!r}).result(60)", killed=True, KILL_AT="awake 1")
    assert journal.lines() == ["awake 0", "awake 1"]
    time.sleep(0.05)
    in_store(f"greenflow.get({flow.id!r}).result(60)")
    assert journal.lines() == ["awake 0", "awake 1", "awake 1", "awake 2"]


def test_many_that_sleep(store: greenflow.Store):
    flows = [greenflow.spawn(slept, number % 7 / 100) for number in range(200)]
    assert [flow.result(60)[1] for flow in flows] == ["awake"] * 200


def test_a_clock_that_is_set(store: greenflow.Store, monkeypatch: pytest.MonkeyPatch):
    real = time.time
    flow = greenflow.spawn(slept, 60)
    greenflow.run()
    monkeypatch.setattr(time, "time", lambda: real() - 3 * 86400)
    assert greenflow.run() == 0
    monkeypatch.setattr(time, "time", lambda: real() + 3 * 86400)
    assert greenflow.run() == 1
    assert flow.result() == ([1], "awake")
