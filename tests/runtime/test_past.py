"""history(), inspect(at=) and rollback() of real flows, across processes."""

from __future__ import annotations

import time

import pytest

import greenflow
from greenflow.errors import Conflict, FlowNotFound, NoSuchCheckpoint
from greenflow.runtime.past import author
from tests.runtime import target_past as target
from tests.runtime.conftest import Driver, InStore, Journal, waits
from tests.runtime.going_back import GO_ON, asked, told


def test_history_tells_how_each_state_came(store: greenflow.Store):
    began = time.time()
    flow = asked(store)
    flow.resume("yes")
    store.run()
    assert told(flow) == [
        (0, "spawn", "", None),
        (1, "checkpoint", "priced", 0),
        (2, "suspend", "", 1),
        (3, "suspend", "", 2),
    ]
    last = flow.history()[-1]
    assert last.size == flow.record.state_bytes
    assert last.waiting == flow.record.waiting
    assert began <= flow.history()[0].at <= last.at <= time.time()
    with pytest.raises(FlowNotFound):
        greenflow.Flow(store, "none").history()


def test_inspect_at_shows_the_variables_of_then(store: greenflow.Store):
    flow = asked(store)
    held = [flow.inspect(at).frames[-1].locals for at in (1, 2)]
    assert [each["total"].preview for each in held] == ["100", "120"]
    assert [each["order"].part(".lines").preview for each in held] == [
        "['tea']",
        "['tea', 'milk']",
    ]
    assert flow.inspect(0).kind == "call"
    assert flow.inspect().frames[-1].locals["total"].preview == "120"
    assert flow.inspect(1, load=True).frames[0].locals["total"].load() == 100
    with pytest.raises(NoSuchCheckpoint, match="it has 0, 1, 2"):
        flow.inspect(9)


def test_rollback_goes_on_from_the_earlier_state(
    store: greenflow.Store, in_store: InStore
):
    flow = asked(store)
    flow.resume("yes")
    store.run()
    assert flow.rollback(2, "wrong answer") == 4
    assert told(flow)[-1] == (4, "rollback", "", 2)
    last = flow.history()[-1]
    assert (last.reason, last.by) == ("wrong answer", author())
    assert (flow.status, flow.payload) == ("waiting", "may I?")
    code = GO_ON.format(id=flow.id, answers=("no", "never"))
    wanted = (7, 120, ["tea", "milk"], ("no", "never"))
    assert in_store(code) == f"{wanted}"


def test_rollback_to_a_checkpoint_runs_from_there(
    store: greenflow.Store, in_store: InStore
):
    flow = asked(store)
    flow.rollback(1)
    assert flow.status == "ready"
    assert flow.inspect().frames[-1].locals["total"].preview == "100"
    store.run()
    code = GO_ON.format(id=flow.id, answers=(1, 2))
    assert in_store(code) == f"{(7, 120, ['tea', 'milk'], (1, 2))}"


def test_rollback_to_the_beginning(store: greenflow.Store, in_store: InStore):
    flow = asked(store)
    flow.rollback(0)
    assert flow.inspect().kind == "call"
    store.run()
    assert told(flow)[-1][:2] == (5, "suspend")
    assert flow.record.label == "priced"
    code = GO_ON.format(id=flow.id, answers=(1, 2))
    assert in_store(code) == f"{(7, 120, ['tea', 'milk'], (1, 2))}"


def test_a_flow_that_was_rolled_back_to_its_beginning_is_cancelled(
    store: greenflow.Store,
):
    flow = asked(store)
    flow.rollback(0)
    flow.cancel("enough")
    store.run()
    assert flow.status == "cancelled"


def test_checkpoint_returns_the_number_it_has_now(store: greenflow.Store):
    flow = greenflow.spawn(target.simple)
    store.run()
    flow.rollback(0)
    flow.rollback(2)
    store.run()
    flow.resume(5)
    store.run()
    assert flow.result() == 5
    assert [each.kind for each in flow.history()] == [
        "spawn",
        "suspend",
        "rollback",
        "rollback",
        "suspend",
    ]


def test_what_once_gave_and_a_default_come_back(
    store: greenflow.Store, journal: Journal
):
    flow = greenflow.spawn(target.paid, 30)
    store.run()
    assert [each.kind for each in flow.history()] == ["spawn", "once", "recv"]
    flow.rollback(1)
    store.run()
    assert journal.lines() == ["paid 30"]  # its result was stored: it is not paid again
    flow.rollback(2)
    greenflow.send(flow, "welcome", topic="thanks")
    store.run()
    assert flow.result() == ("receipt for 30", "welcome")
    again = flow.fork(2)
    assert again.status == "waiting"
    again.throw(KeyError("x"))
    store.run()
    assert isinstance(again.exception(), KeyError)


def test_an_answer_to_the_later_question_is_void(store: greenflow.Store):
    flow = asked(store)
    flow.resume("first")
    store.run()
    flow.resume("second")
    flow.rollback(2)
    assert flow.status == "waiting"
    flow.resume("other")
    store.run()
    flow.resume("last")
    assert flow.result()[3] == ("other", "last")


def test_what_is_refused(store: greenflow.Store):
    flow = asked(store)
    for to in (9, -1):
        with pytest.raises(NoSuchCheckpoint):
            flow.rollback(to)
    for answer in (1, 2):
        flow.resume(answer)
        store.run()
    assert flow.done()
    with pytest.raises(Conflict, match="fork"):
        flow.rollback(1)
    claim = store.base.claim(greenflow.spawn(target.simple).id)
    assert claim is not None
    with pytest.raises(Conflict, match="running"):
        greenflow.get(claim.record.id).rollback(0)


def test_a_flow_in_the_hospital_is_mended(store: greenflow.Store):
    flow = asked(store)
    claim = store.base.claim(flow.id)
    assert claim is None
    flow.resume("x")
    claim = store.base.claim(flow.id)
    from greenflow.store.base import Step

    store.base.commit(claim, Step(status="hospital", error="trouble"))
    assert flow.status == "hospital"
    flow.rollback(2)
    assert (flow.status, flow.record.trouble) == ("waiting", "")


def test_a_held_flow_stays_held(store: greenflow.Store):
    flow = asked(store)
    flow.hold()
    flow.rollback(1)
    assert flow.status == "held"
    store.run()
    assert told(flow)[-1][1] == "rollback"
    flow.release()
    store.run()
    assert told(flow)[-1][1] == "suspend"


def test_flows_that_would_wait_for_each_other(store: greenflow.Store):
    one = greenflow.spawn(target.simple)
    other = greenflow.spawn(target.waits_for, one)
    store.run()
    other.resume()
    store.run()
    assert other.record.waiting.kind == "join"
    other.rollback(2)
    one.resume(3)
    store.run()
    assert other.result() == 3


def test_a_warm_flow_goes_on_from_where_it_was_rolled_back(
    store: greenflow.Store, warm: Driver
):
    """The worker has it on its stack, as it was before."""
    flow = greenflow.spawn(target.approval, 7)
    warm.until(lambda: waits(flow))
    flow.resume("a")
    warm.until(lambda: waits(flow) and flow.record.seq == 3)
    flow.rollback(2)
    flow.resume("b")
    warm.until(lambda: waits(flow) and flow.record.seq == 5)
    flow.resume("c")
    assert warm.result(flow) == (7, 120, ["tea", "milk"], ("b", "c"))


def test_a_warm_flow_is_rolled_back_to_where_it_goes_on_at_once(
    store: greenflow.Store, warm: Driver
):
    flow = greenflow.spawn(target.approval, 7)
    warm.until(lambda: waits(flow))
    assert flow.rollback(1) == 3
    warm.until(lambda: waits(flow) and flow.record.seq == 4)
    assert flow.rollback(0) == 5
    warm.until(lambda: waits(flow) and flow.record.seq == 7)
    flow.resume("b")
    warm.until(lambda: waits(flow) and flow.record.seq == 8)
    flow.resume("c")
    assert warm.result(flow) == (7, 120, ["tea", "milk"], ("b", "c"))


def test_how_many_checkpoints_are_kept(store: greenflow.Store):
    flow = greenflow.spawn(target.numbers, 6)
    labelled = greenflow.spawn(target.approval, 7)
    store.run()
    labelled.resume(1)
    store.run()
    assert [each.seq for each in flow.history()] == list(range(7))
    assert len(labelled.history()) == 4
    assert store.set_history(2) == 5 + 1
    assert [each.seq for each in flow.history()] == [5, 6]
    assert [each.label for each in labelled.history()] == ["priced", "", ""]
    later = greenflow.spawn(target.numbers, 6)
    store.run()
    assert [each.seq for each in later.history()] == [5, 6]
    # One more of the later flow was kept no longer, and lay there still.
    assert store.set_history(0) == 3 + 1
    assert [each.seq for each in flow.history()] == [6]
    assert [each.label for each in labelled.history()] == ["priced", ""]
    assert flow.result() == list(range(6))
    with pytest.raises(ValueError, match="-1"):
        store.set_history(-1)
