"""What a flow sees of itself when it goes on: warm it is as if it had been loaded."""

from __future__ import annotations

import logging
import sys
from contextvars import ContextVar

import greenflow
from tests.runtime import target_flows
from tests.runtime.conftest import Driver, Journal, waits
from tests.runtime.test_warm import feed, receive, slices_of

COLOUR: ContextVar[str] = ContextVar("COLOUR", default="none")


def everything():
    """Return what a flow can see of itself around a wait."""
    seen = []
    token = COLOUR.set("blue")
    me = greenflow.current().id
    try:
        raise KeyError("handled")
    except KeyError:
        with greenflow.shield():
            seen.append(greenflow.recv())
        seen.append(repr(sys.exc_info()[1]))
        try:
            raise
        except KeyError as error:
            seen.append(repr(error))
    seen += [sys.exc_info()[1], COLOUR.get(), greenflow.current().id == me]
    COLOUR.reset(token)
    seen.append(COLOUR.get())
    seen += [greenflow.idempotency_key().partition("-")[2].partition("-")[2]]
    return seen


def test_what_a_flow_sees_of_itself(store: greenflow.Store, driver: Driver):
    flows = [greenflow.spawn(everything) for _ in range(5)]
    driver.until(lambda: waits(*flows))
    COLOUR.set("red")
    for number, flow in reversed(list(enumerate(flows))):
        greenflow.send(flow, number)
    for number, flow in enumerate(flows):
        assert driver.result(flow) == [
            number,
            "KeyError('handled')",
            "KeyError('handled')",
            None,
            "blue",
            True,
            "none",
            "1-1",
        ]


def test_what_is_logged_names_the_flow(store: greenflow.Store, driver: Driver, caplog):
    caplog.handler.addFilter(greenflow.FlowLogFilter())

    def work():
        greenflow.recv()
        logging.getLogger("mine").warning("after")

    flow = greenflow.spawn(work)
    feed(driver, flow, 1)
    driver.result(flow)
    [record] = [each for each in caplog.records if each.name == "mine"]
    assert (record.flow_id, record.flow_checkpoint) == (flow.id, 1)


def counts(name):
    try:
        for number in range(10):
            yield name, number
    finally:
        target_flows.note(f"{name} ended")


def test_generators_go_on(store: greenflow.Store, driver: Driver, journal: Journal):
    def work():
        inner, given = counts("inner"), counts("given")
        seen = [next(inner), next(given)]
        asked = greenflow.suspend([given, counts("payload")])
        seen += [next(inner), next(given), asked]
        return seen

    flow = greenflow.spawn(work)
    driver.until(lambda: waits(flow))
    assert journal.lines() == []
    flow.resume("answer")
    seen = [["inner", 0], ["given", 0], ["inner", 1], ["given", 1]]
    assert driver.result(flow) == [*map(tuple, seen), "answer"]
    assert sorted(journal.lines()) == ["given ended", "inner ended"]


def test_what_is_thrown_is_raised(store: greenflow.Store, driver: Driver):
    def work():
        try:
            greenflow.recv()
        except LookupError as error:
            return f"{error!r}", greenflow.recv()

    flow = greenflow.spawn(work)
    driver.until(lambda: waits(flow))
    flow.throw(LookupError("thrown"))
    driver.until(lambda: waits(flow) and flow.record.seq == 2)
    greenflow.send(flow, "then")
    assert driver.result(flow) == ("LookupError('thrown')", "then")


class Odd:
    """Loads in the process that sent it only, if at all."""

    def __reduce__(self):
        return load_odd, ()


def load_odd():
    raise ValueError("cannot be loaded")


def test_a_message_that_cannot_be_loaded_is_for_the_hospital(
    store: greenflow.Store, driver: Driver, journal: Journal
):
    def work():
        try:
            return greenflow.recv()
        finally:
            target_flows.note("finally")

    flow, other = greenflow.spawn(work), greenflow.spawn(receive, 1)
    driver.until(lambda: waits(flow, other))
    greenflow.send(flow, Odd())
    driver.until(lambda: flow.status == "hospital" and driver.told)
    assert "cannot be loaded" in flow.record.trouble
    assert journal.lines() == []
    assert "cannot be loaded" in str(driver.told.pop()[1])
    greenflow.send(other, 1)
    assert driver.result(other)[0] == [1]
    assert len(list(store.base.messages(flow.id))) == 1
    assert slices_of(flow.id) == []
