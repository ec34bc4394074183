"""checkpoint(): what was done before it is not done again."""

from __future__ import annotations

import pytest

import greenflow
from tests.runtime import target_flows
from tests.runtime.conftest import InStore, Journal


def test_killed_after_a_checkpoint_goes_on_from_there(
    store: greenflow.Store, in_store: InStore, journal: Journal
):
    flow = greenflow.spawn(target_flows.checkpointed)
    in_store("greenflow.run()", killed=True, KILL_AT="second")
    assert (flow.status, flow.record.label, flow.record.seq) == ("running", "one", 1)
    in_store("greenflow.run()", killed=True, KILL_AT="third")
    in_store("greenflow.run()")
    assert flow.result() == (1, 2)
    assert journal.lines() == ["first", "second", "second", "third", "third"]


def test_killed_before_the_first_checkpoint_begins_again(
    store: greenflow.Store, in_store: InStore, journal: Journal
):
    flow = greenflow.spawn(target_flows.checkpointed)
    in_store("greenflow.run()", killed=True, KILL_AT="first")
    in_store("greenflow.run()")
    assert flow.result() == (1, 2)
    assert journal.lines() == ["first", "first", "second", "third"]


def test_locals_are_bound_as_they_were(
    store: greenflow.Store, in_store: InStore, journal: Journal
):
    greenflow.spawn(target_flows.unbound_after_checkpoint)
    in_store("greenflow.run()", killed=True, KILL_AT="bound: ['a']")
    in_store("greenflow.run()")
    assert journal.lines() == ["bound: ['a']", "bound: ['a']", "bound: ['a', 'b']"]


def count_checkpoints(count):
    return [greenflow.checkpoint() for _ in range(count)]


def test_returns_the_number_of_the_save(store: greenflow.Store):
    flow = greenflow.spawn(count_checkpoints, 3)
    greenflow.run()
    assert flow.result() == [1, 2, 3]
    assert flow.record.seq == 3


def test_outside_of_a_flow_it_is_refused(store: greenflow.Store):
    with pytest.raises(greenflow.NotInFlow):
        greenflow.checkpoint()
    with pytest.raises(greenflow.NotInFlow):
        greenflow.recv()
    with pytest.raises(greenflow.NotInFlow):
        greenflow.suspend()
    with pytest.raises(greenflow.NotInFlow):
        greenflow.current()


def test_arguments_are_checked_at_the_call(store: greenflow.Store):
    with pytest.raises(TypeError, match="label"):
        greenflow.checkpoint(7)
    with pytest.raises(ValueError, match="limit"):
        greenflow.checkpoint("x" * 1000)
    with pytest.raises(TypeError, match="topic"):
        greenflow.recv(topic=7)
    with pytest.raises(ValueError, match="NUL"):
        greenflow.recv(topic="\x00answer")


def in_bare_continuation():
    answer = greenflow.suspend("out")
    try:
        greenflow.checkpoint()
    except greenflow.NotInFlow:
        return answer


def test_only_suspend_works_in_a_bare_continuation():
    continuation = greenflow.Continuation.start(in_bare_continuation)
    assert continuation.value == "out"
    continuation.resume("in")
    assert (continuation.done, continuation.value) == (True, "in")
