"""Flows that run flows, current(), and waits that could never end."""

from __future__ import annotations

import threading

import pytest
from greenlet import getcurrent, greenlet

import greenflow
from tests.runtime import target_flows
from tests.runtime.conftest import InStore, Journal


def whoami():
    return greenflow.current().id


def run_inside():
    before = greenflow.current().id
    inner = greenflow.spawn(whoami)
    greenflow.checkpoint()
    greenflow.run()
    return before, inner.result(), greenflow.current().id, inner.id


def test_current_is_the_innermost_flow(store: greenflow.Store):
    flow = greenflow.spawn(run_inside)
    greenflow.run()
    before, inner, after, inner_id = flow.result()
    assert before == after == flow.id
    assert inner == inner_id != flow.id


def test_a_flow_waits_for_another(store: greenflow.Store):
    assert greenflow.spawn(target_flows.run_child, 5).result() == 7


def run_and_suspend(depth):
    greenflow.checkpoint(f"depth {depth}")
    inner = greenflow.spawn(run_and_suspend, depth - 1) if depth else None
    greenflow.checkpoint("spawned")
    greenflow.run()
    answer = greenflow.suspend(depth)
    return [answer, *(inner.result() if inner else [])]


def test_flows_inside_flows_suspend_and_go_on(
    store: greenflow.Store, in_store: InStore
):
    flow = greenflow.spawn(run_and_suspend, 3)
    in_store("greenflow.run()\nos.kill(os.getpid(), signal.SIGKILL)", killed=True)
    waiting = list(greenflow.flows(status="waiting"))
    assert sorted(inner.payload for inner in waiting) == [0, 1, 2, 3]
    for inner in waiting:
        inner.resume(inner.payload * 10)
    in_store("greenflow.run()")
    assert flow.result() == [30, 20, 10, 0]


def test_flow_finds_its_own_store_as_the_default(
    store: greenflow.Store, tmp_path: object
):
    other = greenflow.open(f"{tmp_path}/other")
    flow = other.spawn(spawn_by_default)
    assert other.run() == 3
    assert flow.result().store is other
    assert list(greenflow.flows()) == []
    other.close()


def spawn_by_default():
    inner = greenflow.spawn(target_flows.add, 1)
    inner.result()
    return inner


def wait_for(flow_id):
    return greenflow.get(flow_id).result()


def wait_for_itself():
    return greenflow.current().result()


def let_inner_wait_for_outer():
    inner = greenflow.spawn(wait_for, greenflow.current().id)
    return inner.result()


def wait_on_the_stack():
    me = greenflow.current()
    return greenflow.once(lambda: me.result())


@pytest.mark.parametrize("function", [wait_for_itself, wait_on_the_stack])
def test_waiting_for_the_flow_one_is_in_is_refused(store: greenflow.Store, function):
    flow = greenflow.spawn(function)
    with pytest.raises(greenflow.Deadlock, match="its own end"):
        flow.result()


def test_a_flow_does_not_wait_for_one_that_waits_for_it(store: greenflow.Store):
    flow = greenflow.spawn(let_inner_wait_for_outer)
    with pytest.raises(greenflow.Deadlock, match=f"waits for {flow.id}"):
        flow.result()


def wait_for_unsent(save_first, on_stack):
    other = greenflow.spawn(target_flows.receive, 1)
    greenflow.send(other, "question")
    if save_first:
        greenflow.checkpoint()
    return greenflow.once(other.result) if on_stack else other.result()


def test_waiting_on_the_stack_for_what_was_not_sent_is_refused(
    store: greenflow.Store, journal: Journal
):
    with pytest.raises(greenflow.ContinuationError, match="checkpoint"):
        greenflow.spawn(wait_for_unsent, False, True).result()
    assert greenflow.spawn(wait_for_unsent, True, True).result() == ["question"]
    # One that leaves its stack is saved by that.
    assert greenflow.spawn(wait_for_unsent, False, False).result() == ["question"]


def current_in_greenlet():
    here = greenlet(whoami)
    return here.switch()


def test_a_greenlet_of_a_flow_belongs_to_it(store: greenflow.Store):
    flow = greenflow.spawn(current_in_greenlet)
    assert flow.result() == flow.id


_left_over = []


def leave_greenlet_behind():
    def later():
        getcurrent().parent.switch("parked")
        return greenflow.current()

    inner = greenlet(later)
    assert inner.switch() == "parked"
    _left_over.append(inner)


def test_a_greenlet_that_outlives_the_flow_belongs_to_none(store: greenflow.Store):
    greenflow.spawn(leave_greenlet_behind).result()
    inner = _left_over.pop()
    inner.parent = getcurrent()
    with pytest.raises(greenflow.NotInFlow):
        inner.switch()


def current_in_thread():
    seen = []

    def look():
        try:
            seen.append(greenflow.current().id)
        except greenflow.NotInFlow:
            seen.append(None)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return seen


def test_a_thread_of_a_flow_is_outside_of_it(store: greenflow.Store):
    assert greenflow.spawn(current_in_thread).result() == [None]


def switch_away():
    try:
        getcurrent().parent.switch("escaped")
    except greenflow.ContinuationError:
        return "brought back"


def test_a_flow_cannot_switch_to_the_greenlet_that_runs_it(store: greenflow.Store):
    assert greenflow.spawn(switch_away).result() == "brought back"


def with_other_store(path):
    with greenflow.open(path) as other:
        inside = greenflow.spawn(target_flows.add, 1)
        here = inside.store is other
        greenflow.suspend("inside")
    return here, greenflow.spawn(target_flows.add, 1).store.location


def test_with_store_may_be_left_in_another_process(
    store: greenflow.Store, in_store: InStore, tmp_path: object
):
    flow = greenflow.spawn(with_other_store, f"{tmp_path}/other")
    in_store("greenflow.run()")
    flow.resume()
    in_store("greenflow.run()")
    assert flow.result() == (True, store.location)
