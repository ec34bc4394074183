"""asyncio inside of flows: ordinary code, that cannot be suspended in."""

from __future__ import annotations

import asyncio

import pytest

import greenflow
from greenflow import aio
from tests.aio import target_aio
from tests.aio.conftest import noted, until
from tests.conftest import Child


def test_a_flow_uses_asyncio(child: Child, store: greenflow.Store):
    flow = greenflow.spawn(target_aio.uses_asyncio)
    greenflow.run()
    greenflow.send(flow, 5)
    finished = child("-m", "greenflow", "worker", "--once", "--store", store.location)
    assert "1 slice" in finished.stderr
    assert flow.result() == [2, 4, [10, 12, 14]]


@pytest.mark.parametrize("how", target_aio.SUSPENDING)
def test_to_suspend_in_a_running_loop_is_refused(store: greenflow.Store, how: str):
    flow = greenflow.spawn(target_aio.suspends_in_a_loop, how)
    greenflow.run()
    assert flow.payload == "still alive"
    flow.resume()
    refused = flow.result()
    assert "from C and could not be entered again" in refused
    # An eager task is run by C code that is called in the coroutine.
    if how != "in_an_eager_task" or "Context.run" in refused:
        assert (
            "HINT: a running event loop cannot be saved: let asyncio.run()" in refused
        )


def test_a_message_goes_out_with_the_next_save(store: greenflow.Store):
    receiver = greenflow.spawn(target_aio.echo_topic)
    sender = greenflow.spawn(target_aio.sends_in_a_loop, receiver)

    async def main() -> object:
        async with aio.Worker(store):
            await asyncio.to_thread(until, noted("sent").exists)
            assert not list(store.base.messages(receiver.id))
            noted("go").touch()
            await sender
            return await receiver

    assert asyncio.run(main()) == ("second", "first")


def test_a_flow_awaits_another(store: greenflow.Store):
    other = greenflow.spawn(target_aio.add, 1)
    greenflow.run()
    flow = greenflow.spawn(target_aio.awaits, other)
    greenflow.run()
    assert flow.result() == 2


def test_what_could_never_end_is_refused(store: greenflow.Store):
    receiver = greenflow.spawn(target_aio.echo)
    flows = [
        greenflow.spawn(target_aio.awaits_itself),
        greenflow.spawn(target_aio.sends_and_awaits, receiver),
    ]
    greenflow.run()
    for flow in flows:
        with pytest.raises(
            greenflow.ContinuationError, match=r"waits (for|in its own process)"
        ):
            flow.result()
