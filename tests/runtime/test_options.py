"""options(...).spawn(...): each of them, and queues with limits."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

import greenflow
from greenflow import FlowExists
from tests.runtime import target_flows
from tests.runtime.conftest import Driver, Journal, waits


def ask():
    return greenflow.recv()


def note(line):
    target_flows.note(line)
    return line


def test_names_and_tags_are_found(store: greenflow.Store):
    made = greenflow.options(id="order-7", name="the order", tags=("a", "b"), queue="q")
    flow = made.spawn(target_flows.add, 1, c=2)
    assert flow.id == "order-7"
    assert (flow.record.name, flow.record.tags) == ("the order", ("a", "b"))
    other = greenflow.spawn(target_flows.add, 1)
    assert list(greenflow.flows(tag="b")) == [flow]
    assert list(greenflow.flows(queue="q")) == [flow]
    assert list(greenflow.flows(queue="")) == [other]
    assert flow.result(5) == 4


def test_if_exists(store: greenflow.Store, driver: Driver):
    first = greenflow.options(id="one").spawn(ask)
    with pytest.raises(FlowExists, match="one"):
        greenflow.options(id="one").spawn(ask)
    again = greenflow.options(id="one", if_exists="return").spawn(target_flows.add, 1)
    assert again == first
    driver.until(lambda: waits(first))

    def in_a_flow():
        told = []
        for _ in range(2):
            try:
                greenflow.options(id="two").spawn(target_flows.add, 1)
            except FlowExists:
                told.append("two")
        try:
            greenflow.options(id="one").spawn(ask)
        except FlowExists:
            told.append("one")
        same = greenflow.options(id="one", if_exists="return").spawn(ask)
        return told, same, greenflow.get("two").result()

    flow = greenflow.spawn(in_a_flow)
    assert driver.result(flow) == (["two", "one"], first, 2)
    assert first.parent is None


def test_two_flows_that_make_one_of_the_same_id(store: greenflow.Store, driver: Driver):
    def makes():
        greenflow.options(id="same", if_exists="return").spawn(note, "made")
        return greenflow.get("same").result()

    flows = [greenflow.spawn(makes) for _ in range(3)]
    assert [driver.result(flow) for flow in flows] == ["made"] * 3
    assert len(list(greenflow.flows(fn=note))) == 1


@pytest.mark.parametrize("how", ["at", "delay", "timedelta"])
def test_it_begins_later(store: greenflow.Store, driver: Driver, how: str):
    begins = {
        "at": {"at": datetime.now(UTC) + timedelta(seconds=0.5)},
        "delay": {"delay": 0.5},
        "timedelta": {"delay": timedelta(seconds=0.5)},
    }[how]
    before = time.time()
    flow = greenflow.options(**begins).spawn(time.time)
    now = greenflow.spawn(time.time)
    assert flow.status == "waiting"
    assert driver.result(now) <= driver.result(flow)
    assert driver.result(flow) >= before + 0.4


def test_the_higher_priority_goes_first(store: greenflow.Store, journal: Journal):
    for priority in (0, -5, 7, 0, 7):
        greenflow.options(priority=priority).spawn(note, f"{priority}")
    greenflow.run()
    assert journal.lines() == ["7", "7", "0", "0", "-5"]


def test_queues_take_turns(store: greenflow.Store, journal: Journal):
    for _ in range(3):
        greenflow.options(queue="a", priority=100).spawn(note, "a")
    greenflow.options(queue="b").spawn(note, "b")
    greenflow.run()
    assert "b" in journal.lines()[:2]


def test_a_limit_of_flows_that_run_at_a_time(
    store: greenflow.Store, driver: Driver, journal: Journal
):
    greenflow.limit_queue("narrow", concurrency=1)

    def work(number):
        for _ in range(3):
            note(f"{number}")
            greenflow.checkpoint()
        return number

    flows = [greenflow.options(queue="narrow").spawn(work, n) for n in range(4)]
    free = greenflow.spawn(target_flows.add, 1)
    assert driver.result(free) == 2
    assert [driver.result(flow) for flow in flows] == [0, 1, 2, 3]
    lines = journal.lines()
    assert lines == [each for n in "0123" for each in [n] * 3]


def test_a_limit_of_flows_that_begin_in_a_time(store: greenflow.Store, driver: Driver):
    greenflow.limit_queue("slow", rate=(2, 0.5))
    made = greenflow.options(queue="slow")
    flows = [made.spawn(time.time) for _ in range(6)]
    began = sorted(driver.result(flow) for flow in flows)
    # Two at once, and then two in each half second.
    assert began[-1] - began[0] >= 0.9


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"id": "with blank"}, ValueError),
        ({"id": ""}, ValueError),
        ({"tags": "word"}, TypeError),
        ({"at": datetime(2030, 1, 1)}, ValueError),
        ({"delay": -1}, ValueError),
        ({"delay": float("nan")}, ValueError),
        ({"delay": float("inf")}, ValueError),
        ({"delay": 1, "at": datetime(2030, 1, 1, tzinfo=UTC)}, ValueError),
        ({"deadline": "soon"}, TypeError),
        ({"priority": 101}, ValueError),
        ({"retry": -1}, ValueError),
        ({"if_exists": "return"}, ValueError),
        ({"if_exists": "replace", "id": "x"}, ValueError),
        ({"queue": "\ud800"}, ValueError),
        ({"name": "x" * 201}, (ValueError, greenflow.TooLarge)),
    ],
    ids=str,
)
@pytest.mark.parametrize("inside", [False, True])
def test_what_cannot_be_meant_is_refused(
    store: greenflow.Store, wrong, error, inside: bool
):
    def work():
        with pytest.raises(error):
            greenflow.options(**wrong).spawn(target_flows.add, 1)
        greenflow.checkpoint()
        return "refused"

    assert (greenflow.spawn(work).result(5) if inside else work_outside(work)) == (
        "refused"
    )
    assert list(greenflow.flows(fn=target_flows.add)) == []


def work_outside(work):
    flow = greenflow.spawn(ask)  # there is one to find
    greenflow.run()
    try:
        return work()
    except greenflow.NotInFlow:
        return "refused"
    finally:
        flow.kill()


def test_an_endless_deadline_is_none(store: greenflow.Store, driver: Driver):
    flow = greenflow.options(deadline=float("inf")).spawn(target_flows.add, 1)
    assert driver.result(flow) == 2


# --- retry ---


def fails_until(tries, path):
    with open(path, "a") as counted:
        counted.write("x")
    with open(path) as counted:
        count = len(counted.read())
    if count < tries:
        raise OSError("not yet")
    return "in the end"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch):
    """Let pauses between tries be short."""
    monkeypatch.setattr("greenflow.runtime.ending.retry_pause", lambda _: 0.01)


def test_a_flow_runs_again_if_it_raises(
    store: greenflow.Store, driver: Driver, tmp_path, quick: None
):
    place = str(tmp_path / "tries")
    flow = greenflow.options(retry=2).spawn(fails_until, 3, place)
    assert driver.result(flow) == "in the end"
    assert flow.record.attempts == 0


def test_it_fails_when_it_was_tried_often_enough(
    store: greenflow.Store, driver: Driver, tmp_path, quick: None
):
    place = tmp_path / "tries"
    flow = greenflow.options(retry=2).spawn(fails_until, 4, str(place))
    with pytest.raises(OSError, match="not yet"):
        driver.result(flow)
    assert place.read_text() == "xxx"
    assert flow.status == "failed"


def test_it_runs_again_from_its_last_save(
    store: greenflow.Store, driver: Driver, journal: Journal, tmp_path, quick: None
):
    place = str(tmp_path / "tries")

    def work():
        note("begun")
        greenflow.recv()
        note("received")
        greenflow.send(greenflow.current(), "sent once", topic="mine")
        fails_until(3, place)
        return greenflow.recv(topic="mine", timeout=0, default="nothing")

    flow = greenflow.options(retry=5).spawn(work)
    driver.until(lambda: waits(flow))
    greenflow.send(flow, "message")
    assert driver.result(flow) == "sent once"
    assert journal.lines() == ["begun"] + ["received"] * 3
    assert list(store.base.messages(flow.id)) == []


def test_what_waits_for_another_try_is_told_and_can_be_tried_now(
    store: greenflow.Store, driver: Driver, tmp_path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("greenflow.runtime.ending.retry_pause", lambda _: 3600.0)
    place = str(tmp_path / "tries")
    flow = greenflow.options(retry=5).spawn(fails_until, 2, place)
    driver.until(lambda: flow.status == "retrying")
    assert "OSError: not yet" in flow.record.trouble
    assert "fails_until" in flow.record.trouble
    assert flow.record.retry_at > time.time() + 3000
    flow.retry()
    assert driver.result(flow) == "in the end"
    with pytest.raises(greenflow.FlowBusy, match="is done"):
        flow.retry()


def test_a_cancelled_flow_is_not_tried_again(
    store: greenflow.Store, driver: Driver, quick: None
):
    flow = greenflow.options(retry=5).spawn(ask)
    driver.until(lambda: waits(flow))
    flow.cancel()
    driver.until(flow.done)
    assert flow.status == "cancelled"
