"""suspend(), resume(), throw() and what is seen of a flow that waits."""

from __future__ import annotations

import gc
import socket
import threading

import pytest

import greenflow
from tests.runtime import target_flows
from tests.runtime.conftest import InStore, Journal


def test_waits_without_a_process_and_goes_on_with_the_answer(
    store: greenflow.Store, in_store: InStore
):
    flow = greenflow.spawn(target_flows.ask_all, "name?", "age?")
    in_store("greenflow.run()\nos.kill(os.getpid(), signal.SIGKILL)", killed=True)
    assert (flow.status, flow.payload) == ("waiting", "name?")
    flow.resume("Ada")
    assert flow.status == "ready"
    in_store("greenflow.run()\nos.kill(os.getpid(), signal.SIGKILL)", killed=True)
    assert flow.payload == "age?"
    in_store(f"greenflow.get({flow.id!r}).resume(36)\ngreenflow.run()")
    assert flow.result() == ["Ada", 36]
    assert flow.payload is None


def test_answer_is_kept_when_the_process_is_killed_with_it(
    store: greenflow.Store, in_store: InStore, journal: Journal
):
    flow = greenflow.spawn(target_flows.ask_and_catch)
    greenflow.run()
    flow.throw(LookupError("no"))
    code = "t.note = lambda line: os.kill(os.getpid(), signal.SIGKILL)\ngreenflow.run()"
    in_store(code, killed=True)
    in_store("greenflow.run()")
    assert flow.payload == "second"
    flow.resume("yes")
    assert flow.result() == "yes"
    assert journal.lines() == ["caught LookupError('no')", "finally"]


def test_throw_raises_at_the_suspend(store: greenflow.Store, journal: Journal):
    flow = greenflow.spawn(target_flows.ask, "?")
    greenflow.run()
    flow.throw(ZeroDivisionError("thrown"))
    greenflow.run()
    assert flow.status == "failed"
    with pytest.raises(ZeroDivisionError, match="thrown"):
        flow.result()
    other = greenflow.spawn(target_flows.ask, "?")
    greenflow.run()
    other.throw(KeyError)
    with pytest.raises(KeyError):
        other.result()


def test_throw_raises_at_the_recv(store: greenflow.Store):
    flow = greenflow.spawn(target_flows.catch_received)
    greenflow.run()
    flow.throw(LookupError("instead"))
    greenflow.run()
    assert flow.result() == "LookupError('instead')"
    assert list(store.base.messages(flow.id)) == []


def test_only_a_waiting_flow_can_be_answered_and_only_once(store: greenflow.Store):
    flow = greenflow.spawn(target_flows.ask, "?")
    with pytest.raises(greenflow.FlowBusy):
        flow.resume(1)
    greenflow.run()
    flow.resume(1)
    with pytest.raises(greenflow.FlowBusy):
        flow.resume(2)
    greenflow.run()
    assert flow.result() == 1
    with pytest.raises(greenflow.FlowBusy):
        flow.throw(KeyError())


def test_a_flow_that_waits_for_a_message_cannot_be_resumed(store: greenflow.Store):
    flow = greenflow.spawn(target_flows.receive, 1)
    greenflow.run()
    with pytest.raises(greenflow.FlowBusy):
        flow.resume(1)


def test_what_cannot_be_an_answer_is_refused(store: greenflow.Store):
    flow = greenflow.spawn(target_flows.ask, "?")
    greenflow.run()
    with pytest.raises(TypeError, match="takes an exception"):
        flow.throw("text")
    with pytest.raises(TypeError, match="not the flow"):
        flow.throw(KeyboardInterrupt)
    with (
        socket.socket() as connection,
        pytest.raises(greenflow.NotSaveable, match="answer to flow"),
    ):
        flow.resume(connection)
    assert flow.status == "waiting"


def test_payload_is_seen_without_loading_it(store: greenflow.Store):
    flow = greenflow.spawn(target_flows.ask, {"amount": 1200})
    greenflow.run()
    waiting = flow.record.waiting
    assert waiting is not None
    assert (waiting.kind, waiting.preview) == ("suspend", "{'amount': 1200}")


class BadRepr:
    """Its repr() fails."""

    def __repr__(self) -> str:
        raise ValueError


def test_preview_of_anything_is_short(store: greenflow.Store):
    flows = [
        greenflow.spawn(target_flows.ask, "x" * 5000),
        greenflow.spawn(target_flows.ask, list(range(10_000))),
        greenflow.spawn(target_flows.ask, BadRepr()),
    ]
    greenflow.run()
    for flow in flows:
        waiting = flow.record.waiting
        assert waiting is not None
        assert 0 < len(waiting.preview) <= 200


def test_payload_that_cannot_be_saved_is_refused_at_the_call(
    store: greenflow.Store,
):
    def wait():
        try:
            greenflow.suspend([threading.Lock()])
        except greenflow.NotSaveable as error:
            return error.path

    flow = greenflow.spawn(wait)
    assert flow.result() == "the payload of suspend(): the value[0]"


def test_cannot_be_saved_and_caught_runs_on(store: greenflow.Store, journal: Journal):
    flow = greenflow.spawn(target_flows.keep_socket, True)
    greenflow.run()
    assert (flow.status, flow.payload) == ("waiting", "without")
    [line] = journal.lines()
    assert "keep_socket" in line
    assert "connection" in line
    flow.resume("fine")
    assert flow.result() == "fine"


def test_cannot_be_saved_and_not_caught_fails_with_the_last_state_kept(
    store: greenflow.Store, journal: Journal
):
    flow = greenflow.spawn(target_flows.keep_socket, False)
    greenflow.run()
    assert (flow.status, flow.record.label, flow.record.seq) == ("failed", "clean", 1)
    assert len(store.base.state(flow.id)) == flow.record.state_bytes
    with pytest.raises(greenflow.NotSaveable, match="connection"):
        flow.result()


@pytest.mark.parametrize("catch", [True, False])
def test_under_a_c_call_it_is_refused(
    store: greenflow.Store, journal: Journal, catch: bool
):
    flow = greenflow.spawn(target_flows.suspend_in_sort, catch)
    greenflow.run()
    assert journal.lines() == ["refused: NotSuspendable"]
    if catch:
        flow.resume("sorted")
        assert flow.result() == "sorted"
    else:
        assert isinstance(flow.exception(), greenflow.NotSuspendable)


def numbers():
    try:
        yield 1
        yield 2
    finally:
        target_flows.note("finally")


def started():
    generator = numbers()
    next(generator)
    return generator


def hold_generator(how):
    if how == "payload":
        greenflow.suspend(started())
    elif how == "local":
        held = started()
        greenflow.suspend()
        return list(held)
    return started()


@pytest.mark.parametrize("how", ["payload", "local", "result"])
def test_generator_that_was_saved_in_the_middle_ends_where_it_goes_on(
    store: greenflow.Store, journal: Journal, how: str
):
    flow = greenflow.spawn(hold_generator, how)
    greenflow.run()
    gc.collect()
    assert journal.lines() == []
    if how == "local":
        flow.resume()
        assert flow.result() == [2]
    else:
        generator = flow.payload if how == "payload" else flow.result()
        assert list(generator) == [2]
    assert journal.lines() == ["finally"]
