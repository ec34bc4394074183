"""cancel(), kill(), hold(), shield() and deadlines, of flows in every status."""

from __future__ import annotations

from datetime import timedelta

import pytest

import greenflow
from greenflow import Cancelled, FlowBusy
from tests.runtime import target_flows
from tests.runtime.conftest import Driver, Journal, waits


def ask(topic=None):
    return greenflow.recv(topic=topic)


def tidy(wait):
    """Wait by what is given; note that finally ran."""
    try:
        return wait()
    except Cancelled as error:
        target_flows.note(f"cancelled: {error}")
        raise
    finally:
        target_flows.note("tidied")


WAITS = {
    "recv": lambda: greenflow.recv(),
    "recv with a timeout": lambda: greenflow.recv(timeout=3600),
    "sleep": lambda: greenflow.sleep(3600),
    "suspend": lambda: greenflow.suspend(1),
    "join": lambda: greenflow.spawn(ask).result(),
    "end": lambda: greenflow.spawn(ask).join(),
    "gather": lambda: greenflow.gather(greenflow.spawn(ask), greenflow.spawn(ask)),
    "first": lambda: greenflow.first(greenflow.spawn(ask), "topic"),
}


@pytest.mark.parametrize("wait", WAITS)
def test_cancelled_is_raised_at_the_line_that_waits(
    store: greenflow.Store, driver: Driver, journal: Journal, wait: str
):
    flow = greenflow.spawn(tidy, WAITS[wait])
    driver.until(lambda: waits(flow))
    flow.cancel("enough")
    driver.until(flow.done)
    assert journal.lines() == ["cancelled: enough", "tidied"]
    assert flow.status == "cancelled"
    assert flow.record.error == "Cancelled: enough"
    with pytest.raises(Cancelled, match="enough"):
        flow.result()


def test_who_waits_for_a_cancelled_flow_gets_that(
    store: greenflow.Store, driver: Driver
):
    asked = greenflow.spawn(ask)

    def wait():
        try:
            asked.result()
        except Cancelled as error:
            return str(error)

    flow = greenflow.spawn(wait)
    driver.until(lambda: waits(asked, flow))
    asked.cancel("why not")
    assert driver.result(flow) == "why not"


def test_a_shielded_part_comes_to_its_end(
    store: greenflow.Store, driver: Driver, journal: Journal
):
    def work():
        with greenflow.shield():
            with greenflow.shield():
                greenflow.recv(topic="first")
            target_flows.note(greenflow.recv(topic="second"))
        greenflow.recv(topic="third")

    flow = greenflow.spawn(tidy, work)
    driver.until(lambda: waits(flow))
    flow.cancel("later")
    greenflow.send(flow, 1, topic="first")
    driver.until(lambda: waits(flow) and flow.record.waiting.topic == "second")
    greenflow.send(flow, "kept", topic="second")
    driver.until(flow.done)
    assert journal.lines() == ["kept", "cancelled: later", "tidied"]


def test_a_shield_keeps_no_answer_off(store: greenflow.Store, driver: Driver):
    def work():
        with greenflow.shield():
            return greenflow.suspend()

    flow, other = greenflow.spawn(work), greenflow.spawn(work)
    driver.until(lambda: waits(flow, other))
    flow.throw(KeyError("thrown"))
    other.resume("resumed")
    driver.until(flow.done)
    assert isinstance(flow.exception(), KeyError)
    assert driver.result(other) == "resumed"


def test_a_killed_flow_runs_nothing(
    store: greenflow.Store, driver: Driver, journal: Journal
):
    flow = greenflow.spawn(tidy, ask)
    begun = greenflow.spawn(tidy, ask)
    driver.until(lambda: waits(flow, begun))
    for each in (flow, begun):
        each.kill("now")
        assert each.status == "cancelled"
        with pytest.raises(Cancelled, match="killed; now"):
            each.result()
        for late in (each.kill, each.hold, each.release, each.cancel):
            with pytest.raises(FlowBusy):
                late()
    other = greenflow.spawn(target_flows.add, 1)
    assert driver.result(other) == 2
    assert journal.lines() == []


def test_a_flow_that_is_killed_while_it_runs_saves_nothing_more(
    store: greenflow.Store, driver: Driver, journal: Journal
):
    def kills_itself():
        greenflow.checkpoint("before")
        greenflow.send(greenflow.current(), "never sent")
        greenflow.current().kill("by itself")
        try:
            greenflow.checkpoint("after")
            target_flows.note("went on")
        finally:
            target_flows.note("finally")

    flow = greenflow.spawn(kills_itself)
    driver.until(flow.done)
    other = greenflow.spawn(target_flows.add, 1)
    assert driver.result(other) == 2
    assert (flow.status, flow.record.label) == ("cancelled", "before")
    assert list(store.base.messages(flow.id)) == []
    assert journal.lines() == []


@pytest.mark.parametrize("what", ["checkpoint", "satisfied", "once"])
def test_a_held_flow_stops_at_its_next_save(
    store: greenflow.Store, driver: Driver, journal: Journal, what: str
):
    def work():
        me = greenflow.current()
        greenflow.send(me, "there", topic="mine")
        greenflow.checkpoint()
        if what != "once":
            me.hold()
        if what == "checkpoint":
            got = greenflow.checkpoint()
        elif what == "satisfied":
            got = greenflow.recv(topic="mine")
        else:
            got = greenflow.once(lambda: (me.hold(), "result")[1])
        target_flows.note("went on")
        return got

    flow = greenflow.spawn(work)
    driver.until(lambda: flow.status == "held")
    assert driver.result(greenflow.spawn(target_flows.add, 1)) == 2
    assert (flow.status, journal.lines()) == ("held", [])
    flow.release()
    expected = {"checkpoint": 2, "satisfied": "there", "once": "result"}
    assert driver.result(flow) == expected[what]
    assert journal.lines() == ["went on"]


def test_what_comes_to_a_held_flow_is_kept(store: greenflow.Store, driver: Driver):
    flow = greenflow.spawn(ask)
    unborn = greenflow.options(delay=1).spawn(target_flows.add, 5)
    unborn.hold()
    driver.until(lambda: waits(flow))
    flow.hold()
    greenflow.send(flow, "kept")
    assert driver.result(greenflow.spawn(target_flows.add, 1)) == 2
    driver.until(lambda: (flow.status, unborn.status) == ("held", "held"))
    flow.release()
    unborn.release()
    assert (driver.result(flow), driver.result(unborn)) == ("kept", 6)


def test_at_most_once_is_not_held_between_intent_and_call(
    store: greenflow.Store, driver: Driver, journal: Journal
):
    def work():
        greenflow.current().hold()
        return greenflow.once(note_called, at_most_once=True)

    flow = greenflow.spawn(work)
    driver.until(lambda: flow.status == "held")
    flow.release()
    assert driver.result(flow) == "result"
    assert journal.lines() == ["called"]


def note_called():
    target_flows.note("called")
    return "result"


# --- deadlines ---


def test_a_deadline_cancels(store: greenflow.Store, driver: Driver, journal: Journal):
    made = greenflow.options(deadline=0.3)
    flow = made.spawn(tidy, ask)
    fast = made.spawn(target_flows.add, 1)
    assert driver.result(fast) == 2
    driver.until(flow.done)
    assert journal.lines() == ["cancelled: the deadline is over", "tidied"]
    assert fast.status == "done"


def test_a_deadline_waits_for_the_end_of_a_shield(
    store: greenflow.Store, driver: Driver, journal: Journal
):
    def work():
        with greenflow.shield():
            greenflow.sleep(3)
            target_flows.note("slept")
        greenflow.recv()

    flow = greenflow.options(deadline=timedelta(seconds=2)).spawn(tidy, work)
    driver.until(flow.done)
    assert journal.lines() == [
        "slept",
        "cancelled: the deadline is over",
        "tidied",
    ]


def test_a_flow_whose_deadline_is_over_never_begins(
    store: greenflow.Store, driver: Driver, journal: Journal
):
    late = greenflow.options(deadline=0).spawn(tidy, ask)
    later = greenflow.options(deadline=0.05, delay=3600).spawn(tidy, ask)
    for flow in (late, later):
        driver.until(flow.done)
        assert flow.status == "cancelled"
        assert "the deadline is over" in flow.record.error
    assert journal.lines() == []


# --- handles on flows that are not saved yet ---


def test_a_flow_that_is_not_saved_yet_can_be_steered_after_that(
    store: greenflow.Store, driver: Driver
):
    def work():
        child = greenflow.spawn(ask)
        told = []
        for steer in (child.cancel, child.hold, child.kill, child.release):
            try:
                steer()
            except FlowBusy as error:
                told.append("checkpoint" in str(error))
        found = greenflow.get(child.id) == child
        greenflow.checkpoint()
        child.cancel("saved now")
        return told, found, child

    told, found, child = driver.result(greenflow.spawn(work))
    assert (told, found) == ([True] * 4, True)
    driver.until(child.done)
    assert child.status == "cancelled"
