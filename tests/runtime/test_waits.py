"""Flow.result() and join() in flows, gather() and first(): what they wait for."""

from __future__ import annotations

import pytest

import greenflow
from greenflow import Deadlock
from tests.runtime import target_flows
from tests.runtime.conftest import Driver, InStore, waits


def ask(topic=None):
    return greenflow.recv(topic=topic)


def fail_with_cause():
    try:
        greenflow.recv()
    except ValueError:
        raise
    try:
        {}["no such key"]
    except KeyError as error:
        failure = RuntimeError("it went wrong")
        failure.add_note("while it was tried")
        raise failure from error


def join_it(flow, timeout=None):
    return flow.result(timeout)


def spawn_and_join():
    return greenflow.spawn(target_flows.add, 1).result()


def test_a_flow_waits_for_a_child_that_it_made_in_the_same_step(
    store: greenflow.Store, driver: Driver
):
    parent = greenflow.spawn(spawn_and_join)
    assert driver.result(parent) == 2
    [child] = parent.children
    assert child.parent == parent
    assert parent.parent is None
    assert child.children == []


def test_it_leaves_its_stack_meanwhile(store: greenflow.Store, driver: Driver):
    asked = greenflow.spawn(ask)
    waiter = greenflow.spawn(join_it, asked)
    driver.until(lambda: waits(asked, waiter))
    assert waiter.record.waiting.flows == (asked.id,)
    greenflow.send(asked, "answer")
    assert driver.result(waiter) == "answer"


def test_exceptions_come_with_notes_cause_and_where_they_were_raised(
    store: greenflow.Store, driver: Driver
):
    asked = greenflow.spawn(fail_with_cause)
    waiter = greenflow.spawn(join_it, asked)
    driver.until(lambda: waits(asked, waiter))
    greenflow.send(asked, 1)
    driver.until(lambda: waiter.done())
    for flow in (asked, waiter):
        error = flow.exception()
        assert str(error) == "it went wrong"
        assert isinstance(error.__cause__, KeyError)
        assert error.__notes__[0] == "while it was tried"
        assert f"raised in flow {asked.id}" in error.__notes__[1]
    assert f"raised in flow {waiter.id}" in waiter.exception().__notes__[-1]


def test_result_outside_comes_from_another_process(
    store: greenflow.Store, in_store: InStore
):
    code = """
        from tests.runtime import test_waits
        flow = greenflow.spawn(test_waits.fail_with_cause)
        greenflow.run()
        greenflow.send(flow, 1)
        greenflow.run()
        print(flow.id)
    """
    flow = greenflow.get(in_store(code))
    with pytest.raises(RuntimeError, match="went wrong") as caught:
        flow.result(5)
    assert isinstance(caught.value.__cause__, KeyError)
    assert "while it was tried" in caught.value.__notes__
    tail, names = caught.value.__traceback__, []
    while tail is not None:
        names.append(tail.tb_frame.f_code.co_name)
        tail = tail.tb_next
    assert "fail_with_cause" in names


def test_result_outside_waits_no_longer_than_it_may(store: greenflow.Store):
    asked = greenflow.spawn(ask)
    with pytest.raises(TimeoutError, match=asked.id):
        asked.result(0.05)
    assert asked.join(0.05) is False
    greenflow.send(asked, 1)
    assert asked.join() is True


def test_a_wait_in_a_flow_ends_in_time(store: greenflow.Store, driver: Driver):
    asked = greenflow.spawn(ask)

    def late():
        try:
            asked.result(0.01)
        except TimeoutError as error:
            return str(error), asked.join(0.01)

    text, ended = driver.result(greenflow.spawn(late))
    assert asked.id in text
    assert ended is False


def test_gather_gives_results_in_order(store: greenflow.Store, driver: Driver):
    asked = [greenflow.spawn(ask, str(n)) for n in range(3)]
    all_of_them = greenflow.spawn(lambda: greenflow.gather(*asked, asked[0]))
    driver.until(lambda: waits(all_of_them, *asked))
    for number in (2, 0, 1):
        assert waits(all_of_them)
        greenflow.send(asked[number], number, topic=str(number))
    assert driver.result(all_of_them) == [0, 1, 2, 0]
    assert greenflow.gather(*asked) == [0, 1, 2]


def test_gather_of_nothing_is_nothing(store: greenflow.Store, driver: Driver):
    assert driver.result(greenflow.spawn(lambda: greenflow.gather())) == []
    assert greenflow.gather() == []


def test_gather_waits_for_all_before_it_raises(store: greenflow.Store, driver: Driver):
    failing = greenflow.spawn(target_flows.fail, "early")
    asked = greenflow.spawn(ask)
    both = greenflow.spawn(lambda: greenflow.gather(failing, asked))
    driver.until(lambda: failing.done() and waits(both, asked))
    with pytest.raises(TimeoutError):
        greenflow.gather(failing, asked, timeout=0.05)
    greenflow.send(asked, 1)
    for wait in (lambda: driver.result(both), lambda: greenflow.gather(failing, asked)):
        with pytest.raises(KeyError, match="early"):
            wait()


@pytest.mark.parametrize("which", ["flow", "topic", "time", "default"])
def test_first_tells_what_came(store: greenflow.Store, driver: Driver, which: str):
    asked, other = greenflow.spawn(ask), greenflow.spawn(ask)
    timeout = 0.01 if which in ("time", "default") else None
    default = {"default": "nothing"} if which == "default" else {}

    def wait():
        try:
            came = greenflow.first(other, asked, "stop", timeout=timeout, **default)
        except TimeoutError:
            return "late"
        return greenflow.recv(topic="stop") if came == "stop" else came

    flow = greenflow.spawn(wait)
    if which in ("flow", "topic"):
        driver.until(lambda: waits(flow, asked, other))
        if which == "flow":
            greenflow.send(asked, 1)
        else:
            greenflow.send(flow, "enough", topic="stop")
    expected = {"flow": asked, "topic": "enough", "time": "late", "default": "nothing"}
    assert driver.result(flow) == expected[which]


def test_first_takes_nothing(store: greenflow.Store, driver: Driver):
    def wait():
        came = greenflow.first("a", "b")
        return came, greenflow.first("b", "a"), greenflow.recv(topic="b")

    flow = greenflow.spawn(wait)
    greenflow.send(flow, 1, topic="b")
    assert driver.result(flow) == ("b", "b", 1)


# --- waits that could never end ---


def join_named(own_topic, timeout=None):
    """Wait for the flow that is told."""
    other = greenflow.recv(topic=own_topic)
    try:
        return greenflow.get(other).result(timeout)
    except Deadlock as error:
        return error.message


def gather_named(own_topic):
    other = greenflow.recv(topic=own_topic)
    idle = greenflow.spawn(ask)
    try:
        return greenflow.gather(idle, greenflow.get(other))
    except Deadlock as error:
        return error.message


@pytest.mark.parametrize("last", [join_named, gather_named])
@pytest.mark.parametrize("length", [2, 3, 7])
def test_flows_that_would_wait_for_each_other_are_told(
    store: greenflow.Store, driver: Driver, last, length: int
):
    ring = [greenflow.spawn(join_named, "who") for _ in range(length - 1)]
    ring.append(greenflow.spawn(last, "who"))
    for flow, target in zip(ring, [*ring[1:], ring[0]], strict=True):
        driver.until(lambda flow=flow: waits(flow))
        greenflow.send(flow, target.id, topic="who")
        driver.until(lambda flow=flow: flow.done() or "who" not in repr(flow))
    message = driver.result(ring[-1])
    chain = " waits for ".join(flow.id for flow in [ring[-1], *ring])
    assert chain in message
    # It was told, and ended, so all others did.
    assert all(driver.result(flow) == message for flow in ring)


def test_both_in_one_transaction(store: greenflow.Store, driver: Driver):
    pair = [greenflow.spawn(join_named, "who") for _ in range(2)]
    for flow, other in (pair, pair[::-1]):
        greenflow.send(flow, other.id, topic="who")
    driver.until(lambda: all(flow.done() for flow in pair))
    assert "waits for" in pair[0].result()
    assert pair[0].result() == pair[1].result()


def test_a_wait_that_ends_by_itself_is_none(store: greenflow.Store, driver: Driver):
    one = greenflow.spawn(join_named, "who", 0.2)
    other = greenflow.spawn(join_named, "who")
    greenflow.send(one, other.id, topic="who")
    driver.until(lambda: waits(one, other) and one.record.waiting.kind == "join")
    greenflow.send(other, one.id, topic="who")
    driver.until(lambda: one.done() and other.done())
    assert isinstance(one.exception(), TimeoutError)
    assert isinstance(other.exception(), TimeoutError)


def test_a_long_chain_is_none(store: greenflow.Store):
    end = flow = greenflow.spawn(ask)
    for _ in range(20):
        flow = greenflow.spawn(join_it, flow)
    greenflow.run()
    greenflow.send(end, "end")
    assert flow.result() == "end"


def test_waiting_for_a_flow_that_does_not_exist_is_told(
    store: greenflow.Store, driver: Driver
):
    def wait():
        try:
            return greenflow.Flow(greenflow.current().store, "nobody").result()
        except greenflow.FlowNotFound:
            return "not found"

    assert driver.result(greenflow.spawn(wait)) == "not found"


def test_result_inside_once_waits_on_the_stack(store: greenflow.Store, driver: Driver):
    def checkpoints():
        for _ in range(5):
            greenflow.checkpoint()
        return "child"

    def parent():
        child = greenflow.spawn(checkpoints)
        greenflow.checkpoint()
        return greenflow.once(child.result), greenflow.once(child.join)

    flows = [greenflow.spawn(parent) for _ in range(4)]
    for flow in flows:
        assert driver.result(flow) == ("child", True)
