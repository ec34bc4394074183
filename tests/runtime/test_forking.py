"""fork() of real flows, across processes."""

from __future__ import annotations

import pytest

import greenflow
from greenflow.errors import FlowExists, NoSuchCheckpoint
from tests.runtime import target_past as target
from tests.runtime.conftest import InStore
from tests.runtime.going_back import GO_ON, asked, told


def test_a_fork_and_its_original_go_separate_ways(
    store: greenflow.Store, in_store: InStore
):
    flow = asked(store)
    fork = flow.fork()
    assert told(fork) == [(2, "fork", "", None)]
    assert fork.history()[0].reason == f"of {flow.id}@2"
    assert (fork.parent, fork.record.forked) == (flow, 2)
    assert flow.children == [fork]
    assert (fork.status, fork.payload) == ("waiting", "may I?")
    for each, word in ((flow, "original"), (fork, "fork")):
        code = GO_ON.format(id=each.id, answers=(word, word))
        wanted = (7, 120, ["tea", "milk"], (word, word))
        assert in_store(code) == f"{wanted}"
    assert [each.seq for each in fork.history()] == [2, 3]


@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_a_fork_of_any_checkpoint_of_a_flow_that_has_ended(
    store: greenflow.Store, at: int
):
    flow = asked(store)
    for answer in ("a", "b"):
        flow.resume(answer)
        store.run()
    assert flow.done()
    fork = flow.fork(at, id=f"again-{at}")
    assert fork.id == f"again-{at}"
    assert flow.status == "done"
    store.run()
    while not fork.done():
        fork.resume(at)
        store.run()
    first = "a" if at == 3 else at
    assert fork.result()[3] == (first if at < 3 else fork.result()[3][0], at)


def test_a_fork_of_a_flow_that_failed(store: greenflow.Store):
    flow = greenflow.spawn(target.fails)
    store.run()
    flow.resume()
    store.run()
    assert flow.status == "failed"
    fork = flow.fork()
    assert (fork.status, fork.record.error) == ("waiting", "")


def test_the_number_of_a_fork_goes_on(store: greenflow.Store):
    flow = greenflow.spawn(target.numbers, 5)
    store.run()
    fork = flow.fork(3)
    store.run()
    assert fork.result() == [0, 1, 2, 3, 4]
    assert [each.seq for each in fork.history()] == [3, 4, 5]


def test_a_fork_of_a_fork_and_after_a_rollback(store: greenflow.Store):
    flow = asked(store)
    flow.rollback(0)
    fork = flow.fork().fork()
    store.run()
    assert fork.payload == "may I?"
    assert fork.inspect().frames[-1].locals["total"].preview == "120"


def test_messages_are_not_copied(store: greenflow.Store):
    flow = greenflow.spawn(target.paid, 1)
    store.run()
    flow.hold()
    greenflow.send(flow, "for the first", topic="thanks")
    fork = flow.fork()
    assert fork.status == "waiting"
    assert not list(store.base.messages(fork.id))


def test_an_id_that_is_taken(store: greenflow.Store):
    flow = asked(store)
    with pytest.raises(FlowExists):
        flow.fork(id=flow.id)
    with pytest.raises(ValueError, match="id"):
        flow.fork(id="not an id")


def test_an_old_checkpoint_that_is_gone(store: greenflow.Store):
    flow = greenflow.spawn(target.numbers, 30)
    store.run()
    kept = [each.seq for each in flow.history()]
    assert kept == list(range(11, 31))
    for call in (flow.fork, flow.inspect, flow.diff):
        with pytest.raises(NoSuchCheckpoint, match="it has 11, 12"):
            call(10)


def test_a_large_flow_is_rolled_back_in_another_process(
    store: greenflow.Store, in_store: InStore
):
    flow = greenflow.spawn(target.large, 300_000)
    store.run()
    flow.resume()
    store.run()
    flow.rollback(1)
    code = f"""
        import greenflow
        flow = greenflow.get({flow.id!r})
        data = flow.inspect(load=True).frames[0].locals["data"].load()
        print(data == list(range(300_000)))
        for _ in range(2):
            flow.resume()
            greenflow.run()
        result = flow.result()
        print(result[150_000], sum(result[:150_000]))
    """
    assert in_store(code) == f"True\nchanged {sum(range(150_000))}"
