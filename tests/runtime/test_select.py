"""select() in flows: it takes one message, or tells of a flow that has ended."""

from __future__ import annotations

import pytest

import greenflow
from tests.runtime.conftest import Driver
from tests.runtime.test_waits import ask, fail_with_cause


def select_all(*waited, count):
    return [greenflow.select(*waited, timeout=60) for _ in range(count)]


def test_select_takes_each_message_once(store: greenflow.Store, driver: Driver):
    flow = greenflow.spawn(select_all, "a", "b", greenflow.spawn(ask), count=4)
    for number, topic in enumerate("bbab"):
        greenflow.send(flow, number, topic=topic)
    came = driver.result(flow)
    assert sorted(came) == [("a", 2), ("b", 0), ("b", 1), ("b", 3)]
    assert [value for topic, value in came if topic == "b"] == [0, 1, 3]
    assert list(store.base.messages(flow.id)) == []


def test_select_tells_of_flows_and_leaves_messages(
    store: greenflow.Store, driver: Driver
):
    ended = greenflow.spawn(lambda: "result")
    failed = greenflow.spawn(fail_with_cause)
    greenflow.send(failed, None)
    driver.until(lambda: ended.done() and failed.done())
    flow = greenflow.spawn(select_all, "a", ended, count=2)
    greenflow.send(flow, "stays", topic="a")
    assert driver.result(flow) == [(ended, "result")] * 2
    assert len(list(store.base.messages(flow.id))) == 1
    with pytest.raises(RuntimeError, match="it went wrong"):
        driver.result(greenflow.spawn(select_all, failed, count=1))


def test_select_waits_no_longer_than_its_timeout(
    store: greenflow.Store, driver: Driver
):
    def wait():
        given = greenflow.select("a", timeout=0.01, default="late")
        try:
            greenflow.select("a", timeout=0.01)
        except TimeoutError as error:
            return given, str(error)

    assert driver.result(greenflow.spawn(wait)) == ("late", "none of a came in time")
    with pytest.raises(ValueError, match=r"select\(\) was given nothing"):
        driver.result(greenflow.spawn(greenflow.select))
