"""result() and exception(): what became of a flow, wherever it ran."""

from __future__ import annotations

import traceback

import pytest

import greenflow
from tests.runtime import target_flows
from tests.runtime.conftest import InStore, Journal


def test_result_of_a_flow_that_another_process_ran(
    store: greenflow.Store, in_store: InStore
):
    flow = greenflow.spawn(target_flows.add, 1, c=5)
    in_store("greenflow.run()")
    assert flow.done()
    assert flow.result() == 7
    assert flow.exception() is None


def test_result_runs_what_can_run(store: greenflow.Store, journal: Journal):
    first = greenflow.spawn(target_flows.step, "other")
    flow = greenflow.spawn(target_flows.add, 1)
    assert flow.result() == 2
    assert first.status == "done"


def test_result_waits_for_another_process(
    store: greenflow.Store, in_store: InStore, tmp_path: object
):
    flow = greenflow.spawn(target_flows.receive, 1)
    code = f"print(greenflow.get({flow.id!r}).result(timeout=60))"
    greenflow.send(flow, "over there")
    assert in_store(code) == "['over there']"


def test_result_of_a_waiting_flow_times_out(store: greenflow.Store):
    flow = greenflow.spawn(target_flows.ask, "?")
    with pytest.raises(TimeoutError, match=r"ready after 0 s"):
        flow.result(timeout=0)
    with pytest.raises(TimeoutError, match=r"waiting after 0\.01 s"):
        flow.result(timeout=0.01)
    assert flow.exception() is None
    assert not flow.done()


def test_exception_is_raised_again_with_a_note_on_the_flow(
    store: greenflow.Store, in_store: InStore
):
    flow = greenflow.spawn(target_flows.fail, "why")
    in_store("greenflow.run()")
    with pytest.raises(KeyError) as caught:
        flow.result()
    assert caught.value.args == ("why",)
    [note] = caught.value.__notes__
    assert note.startswith(f"raised in flow {flow.id}, in process ")
    # The lines it came through in the other process, none of greenflow's among them.
    error = flow.exception()
    [place] = traceback.extract_tb(error.__traceback__)
    assert (place.filename, place.name) == (target_flows.__file__, "fail")
    assert place.line == "raise KeyError(kind)"
    assert repr(error) == "KeyError('why')"
    assert flow.record.error == "KeyError: 'why'"


def test_each_result_raises_an_exception_of_its_own(store: greenflow.Store):
    flow = greenflow.spawn(target_flows.fail, "why")
    greenflow.run()
    assert flow.exception() is not flow.exception()
    assert len(flow.exception().__notes__) == 1


def test_exception_that_cannot_be_saved_has_a_stand_in(store: greenflow.Store):
    flow = greenflow.spawn(target_flows.fail, "unpicklable")
    greenflow.run()
    assert flow.record.error == "Unpicklable: has a lock"
    with pytest.raises(greenflow.FlowFailed, match="Unpicklable: has a lock") as e:
        flow.result()
    assert 'raise Unpicklable("has a lock")' in e.value.__notes__[0]


def test_exception_that_cannot_be_loaded_has_a_stand_in(store: greenflow.Store):
    flow = greenflow.spawn(target_flows.fail, "unloadable")
    greenflow.run()
    with pytest.raises(greenflow.FlowFailed, match="Unloadable: two parts") as caught:
        flow.result()
    assert 'raise Unloadable("two parts")' in caught.value.__notes__[0]


def test_exit_in_a_flow_is_the_flow_s_end_only(store: greenflow.Store):
    flow = greenflow.spawn(target_flows.fail, "exit")
    other = greenflow.spawn(target_flows.add, 1)
    assert greenflow.run() == 2
    assert other.result() == 2
    assert isinstance(flow.exception(), SystemExit)
    with pytest.raises(SystemExit):
        flow.result()


def test_result_that_cannot_be_saved_fails_the_flow_with_its_state_kept(
    store: greenflow.Store,
):
    flow = greenflow.spawn(target_flows.unsaveable_result)
    greenflow.run()
    assert (flow.status, flow.record.label) == ("failed", "before the end")
    error = flow.exception()
    assert isinstance(error, greenflow.NotSaveable)
    assert error.path == "the result of the flow: the value['lock']"


def raise_exit():
    from greenlet import GreenletExit

    raise GreenletExit("not a return")


def test_greenlet_exit_is_an_exception_like_any_other(store: greenflow.Store):
    flow = greenflow.spawn(raise_exit)
    greenflow.run()
    assert (flow.status, type(flow.exception()).__name__) == ("failed", "GreenletExit")


def too_large():
    return bytes(70 * 1024 * 1024)


def test_result_above_the_limit_fails_the_flow(store: greenflow.Store):
    flow = greenflow.spawn(too_large)
    greenflow.run()
    assert isinstance(flow.exception(), greenflow.TooLarge)


def test_handles_are_equal_by_flow(store: greenflow.Store, tmp_path: object):
    flow = greenflow.spawn(target_flows.add, 1)
    assert greenflow.get(flow.id) == flow
    assert len({flow, greenflow.get(flow.id)}) == 1
    assert flow != greenflow.spawn(target_flows.add, 1)
    with greenflow.open(f"{tmp_path}/other") as other:
        assert greenflow.Flow(other, flow.id) != flow
    assert flow != flow.id
    other.close()


def test_repr_tells_what_the_flow_does(store: greenflow.Store):
    flow = greenflow.spawn(target_flows.receive, 1, "boss")
    name = f"<Flow {flow.id} tests.runtime.target_flows:receive"
    assert repr(flow) == f"{name} ready>"
    greenflow.run()
    assert repr(flow) == f"{name} waiting in recv(boss)>"
    asks = greenflow.spawn(target_flows.ask, "how much?")
    failed = greenflow.spawn(target_flows.fail, "why")
    greenflow.run()
    assert repr(asks).endswith("waiting in suspend('how much?')>")
    assert repr(failed).endswith("failed: KeyError: 'why'>")
    assert repr(greenflow.Flow(store, "nobody")) == "<Flow nobody: FlowNotFound>"


def hand_over(flow, elsewhere):
    return [flow, greenflow.suspend(flow), elsewhere]


def test_handles_and_stores_are_saved_in_flows(
    store: greenflow.Store, in_store: InStore, tmp_path: object
):
    other = greenflow.open(f"{tmp_path}/other")
    elsewhere = other.spawn(target_flows.add, 1)
    inner = greenflow.spawn(target_flows.add, 1)
    flow = greenflow.spawn(hand_over, inner, elsewhere)
    code = f"""
        greenflow.run()
        flow = greenflow.get({flow.id!r})
        assert flow.payload == greenflow.get({inner.id!r})
        flow.resume(greenflow.open({other.location!r}))
        greenflow.run()
    """
    in_store(code)
    assert flow.result() == [inner, other, elsewhere]
    other.close()
