"""once(), its promises when the process dies, and keys for others."""

from __future__ import annotations

import threading

import pytest
import tenacity

import greenflow
from greenflow import Ambiguous
from tests.runtime import target_flows, target_work
from tests.runtime.conftest import InStore, Journal

RUN = "greenflow.run()"


def test_the_result_is_given(store: greenflow.Store, journal: Journal):
    before, same = greenflow.spawn(target_work.pays_once).result()
    assert before[1][:2] == ["receipt", 7]
    assert same
    assert journal.lines() == ["charge 7", "paid"]


@pytest.mark.parametrize("at_most_once", [False, True])
def test_what_returned_is_not_called_again(
    store: greenflow.Store, journal: Journal, in_store: InStore, at_most_once: bool
):
    flow = greenflow.spawn(target_work.pays_once, at_most_once)
    in_store(RUN, killed=True, KILL_AT="paid")
    assert journal.lines() == ["charge 7", "paid"]
    before, same = flow.result()
    assert journal.lines() == ["charge 7", "paid", "paid"]
    assert before[1][:2] == ["receipt", 7]
    assert same


def test_what_did_not_return_is_called_again_with_the_same_key(
    store: greenflow.Store, journal: Journal, in_store: InStore
):
    whole = greenflow.spawn(target_work.pays_once).result()
    flow = greenflow.spawn(target_work.pays_once)
    in_store(RUN, killed=True, KILL_AT="charge 7")
    assert flow.result() == whole
    assert journal.lines()[2:] == ["charge 7", "charge 7", "paid"]


def test_at_most_once_is_not_called_again(
    store: greenflow.Store, journal: Journal, in_store: InStore
):
    flow = greenflow.spawn(target_work.pays_and_asks)
    in_store(RUN, killed=True, KILL_AT="charge 7")
    greenflow.run()
    assert journal.lines() == ["charge 7", "ambiguous"]
    greenflow.send(flow, "it was paid", topic="clerk")
    assert flow.result() == "it was paid"
    assert journal.lines().count("charge 7") == 1
    uncaught = greenflow.spawn(target_work.pays_once, True)
    in_store(RUN, killed=True, KILL_AT="charge 7")
    with pytest.raises(Ambiguous, match="HINT: catch Ambiguous"):
        uncaught.result()


def test_what_it_raises_is_raised_and_nothing_is_saved(store: greenflow.Store):
    def fails():
        raise KeyError("declined")

    def flow():
        try:
            greenflow.once(fails)
        except KeyError as error:
            return str(error), greenflow.checkpoint()

    assert greenflow.spawn(flow).result() == ("'declined'", 1)


def test_it_is_not_called_if_the_flow_cannot_be_saved(
    store: greenflow.Store, journal: Journal
):
    def flow():
        held = open(journal.path, "a")  # noqa: SIM115
        try:
            greenflow.once(target_work.charge, 7)
        except greenflow.NotSaveable as error:
            held.close()
            return str(error)

    assert "local 'held'" in greenflow.spawn(flow).result()
    assert journal.lines() == []


def test_its_result_must_be_one_that_can_be_saved(store: greenflow.Store):
    def flow():
        greenflow.once(threading.Lock)

    with pytest.raises(greenflow.NotSaveable, match=r"result of once\(\)"):
        greenflow.spawn(flow).result()


def test_it_cannot_suspend(store: greenflow.Store):
    def flow():
        greenflow.once(greenflow.recv)

    with pytest.raises(RuntimeError, match=r"recv\(\) while the flow is being saved"):
        greenflow.spawn(flow).result()


def test_what_changes_its_arguments(store: greenflow.Store):
    def flow():
        found = []
        greenflow.once(found.append, 1)
        greenflow.suspend()
        return found

    flow_ = greenflow.spawn(flow)
    greenflow.run()
    flow_.resume()
    assert flow_.result() == [1]


def test_messages_go_out_with_its_result(store: greenflow.Store):
    receiver = greenflow.spawn(target_flows.receive, 1)

    def flow():
        greenflow.once(greenflow.send, receiver, "from once")
        greenflow.suspend()

    greenflow.spawn(flow)
    greenflow.run()
    assert receiver.result() == ["from once"]


@pytest.mark.parametrize(
    "retry",
    [
        3,
        tenacity.Retrying(
            stop=tenacity.stop_after_attempt(3),
            wait=tenacity.wait_none(),
            reraise=True,
        ),
    ],
)
def test_tries(store: greenflow.Store, retry: object, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tenacity.nap.time, "sleep", lambda seconds: None)
    tried: list[int] = []

    def works_at(number):
        tried.append(1)
        if len(tried) < number:
            raise OSError(f"try {len(tried)}")
        return "worked"

    def flow(number):
        tried.clear()
        return greenflow.once(works_at, number, retry=retry)

    with store:
        assert _here(flow, 3) == "worked"
        with pytest.raises(OSError, match="try 3"):
            _here(flow, 4)


def _here(function, *args):
    """Run it as a flow that shares this process's objects: it is not saved before."""
    from greenflow import Continuation
    from greenflow.continuation.outcome import Sent
    from greenflow.runtime.effects import Once

    k = Continuation.new(function, args)

    def hook(_, request):
        assert isinstance(request, Once)
        return request.call()

    k.advance(Sent(), hook)
    return k.value


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"retry": 0}, ValueError),
        ({"retry": "3"}, TypeError),
        ({"retry": True}, TypeError),
        ({"retry": 2, "at_most_once": True}, ValueError),
    ],
)
def test_wrong_options(
    store: greenflow.Store, options: dict[str, object], error: type[Exception]
):
    def flow():
        greenflow.once(print, **options)

    with pytest.raises(error, match="retry="):
        greenflow.spawn(flow).result()


def test_outside_of_flows():
    with pytest.raises(greenflow.NotInFlow):
        greenflow.once(print)
    with pytest.raises(greenflow.NotInFlow):
        greenflow.idempotency_key()


def test_keys_differ(store: greenflow.Store):
    def flow():
        first = [greenflow.idempotency_key() for _ in range(3)]
        greenflow.checkpoint()
        return [*first, greenflow.idempotency_key()]

    keys = greenflow.spawn(flow).result() + greenflow.spawn(flow).result()
    assert len(set(keys)) == 8
