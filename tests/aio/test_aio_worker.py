"""``aio.Worker`` runs flows beside the loop; what goes wrong reaches the program."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest

import greenflow
from greenflow import aio
from tests.aio import target_aio
from tests.aio.conftest import noted
from tests.conftest import Child


def workers() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "greenflow-worker"]


async def blocked() -> None:
    """Wait until the flow that blocks its thread does."""
    while not noted("blocks").exists():
        await asyncio.sleep(0.001)


def test_it_runs_what_comes(store: greenflow.Store):
    async def main() -> None:
        async with aio.Worker(store) as worker:
            echo = await aio.spawn(target_aio.echo)
            assert await (await aio.spawn(target_aio.add, 1)) == 2
            await echo.asend("hello")
            assert await echo == "hello"
        assert worker.slices in (2, 3)  # was the message there when it asked?
        assert not workers()
        assert (await aio.spawn(target_aio.add, 1)).status == "ready"

    asyncio.run(main())


def test_the_loop_goes_on_while_a_flow_blocks(store: greenflow.Store):
    async def main() -> int:
        ticks = 0
        async with aio.Worker():
            flow = await aio.spawn(target_aio.blocks)
            await blocked()
            while ticks < 1000:
                await asyncio.sleep(0)
                ticks += 1
            assert flow.status == "running"
            noted("go").touch()
            assert await flow == "went on"
        return ticks

    assert asyncio.run(main()) == 1000


def test_at_the_end_the_slice_is_run_to_its_end(store: greenflow.Store):
    async def main() -> greenflow.Flow:
        async with aio.Worker(store):
            flow = await aio.spawn(target_aio.blocks)
            await blocked()
            next_one = await aio.spawn(target_aio.add, 1)
            asyncio.get_running_loop().call_later(0.05, noted("go").touch)
        assert flow.status == "done"
        return next_one

    assert asyncio.run(main()).status == "ready"


def test_the_block_raises(store: greenflow.Store):
    async def main() -> None:
        async with aio.Worker(store):
            raise KeyError("lamp")

    with pytest.raises(KeyError, match="lamp"):
        asyncio.run(main())
    assert not workers()


def test_the_block_is_cancelled(store: greenflow.Store):
    async def main() -> None:
        async def run() -> None:
            async with aio.Worker(store):
                await asyncio.sleep(1000)

        task = asyncio.ensure_future(run())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert not workers()


def test_stop_ends_it_and_the_block_goes_on(store: greenflow.Store):
    async def main() -> str:
        async with aio.Worker(store) as worker:
            worker.stop()
            while workers():
                await asyncio.sleep(0.001)
            flow = await aio.spawn(target_aio.add, 1)
            await asyncio.sleep(0.01)
            return flow.status

    assert asyncio.run(main()) == "ready"


def test_that_the_store_failed_reaches_the_program(
    store: greenflow.Store, caplog: pytest.LogCaptureFixture
):
    async def run() -> None:
        async with aio.Worker(store):
            await asyncio.sleep(0.05)
            await asyncio.to_thread(store.close)
            await asyncio.sleep(1000)

    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        with pytest.raises(greenflow.StoreClosed):
            await run()
        assert not task.cancelling()
        await asyncio.sleep(0)

    with caplog.at_level(logging.ERROR, "greenflow"):
        asyncio.run(main())
    assert "the worker of an asyncio program ended" in caplog.text


def test_what_the_block_raises_wins(store: greenflow.Store):
    async def main() -> None:
        async with aio.Worker(store):
            try:
                await asyncio.to_thread(store.close)
                await asyncio.sleep(1000)
            except asyncio.CancelledError:
                raise KeyError("lamp") from None

    with pytest.raises(KeyError, match="lamp"):
        asyncio.run(main())


def test_the_program_is_cancelled_as_the_store_fails(store: greenflow.Store):
    async def main() -> None:
        async def run() -> None:
            async with aio.Worker(store):
                try:
                    await asyncio.to_thread(store.close)
                    await asyncio.sleep(1000)
                except asyncio.CancelledError:
                    task.cancel()
                    raise

        task = asyncio.ensure_future(run())
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_a_flow_that_cannot_go_on_is_told_of(
    store: greenflow.Store, caplog: pytest.LogCaptureFixture
):
    async def main() -> str:
        logged = await aio.spawn(target_aio.cannot_be_loaded_again)
        async with aio.Worker(store, warm=0):
            assert await (await aio.spawn(target_aio.add, 1)) == 2
            while logged.id not in caplog.text:
                await asyncio.sleep(0.005)
        told = await aio.spawn(target_aio.cannot_be_loaded_again)
        async with aio.Worker(store, told=tell, warm=0):
            while not heard:
                await asyncio.sleep(0.005)
        return told.id

    heard: list[str] = []

    def tell(flow_id: str, error: Exception) -> None:
        assert "not here" in str(error)
        heard.append(flow_id)

    with caplog.at_level(logging.WARNING, "greenflow"):
        flow_id = asyncio.run(main())
    assert heard == [flow_id]


def test_it_is_entered_once(store: greenflow.Store):
    async def main() -> None:
        worker = aio.Worker(store)
        async with worker:
            pass
        with pytest.raises(greenflow.ContinuationError, match="entered before"):
            async with worker:
                pass

    asyncio.run(main())


def test_a_closed_store_has_no_worker(store: greenflow.Store):
    store.close()

    async def main() -> None:
        async with aio.Worker(store):
            pass

    with pytest.raises(greenflow.StoreClosed):
        asyncio.run(main())


def test_a_lifespan(store: greenflow.Store):
    """As in its docstring: a generator that an application enters and leaves."""
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def lifespan(app: object):
        async with aio.Worker(store):
            yield

    async def main() -> int:
        async with lifespan("an application"):
            return await (await aio.spawn(target_aio.add, 1))

    assert asyncio.run(main()) == 2


def test_a_program_that_does_not_leave_the_block_ends_in_peace(
    child: Child, store: greenflow.Store
):
    """The slice that runs is run to its end, and the flow is not left running."""
    finished = child(
        "-c",
        f"""
import asyncio, greenflow, os, pathlib, threading, time
from tests.aio import target_aio

store = greenflow.open({store.location!r})
loop = asyncio.new_event_loop()
worker = greenflow.aio.Worker(store)
loop.run_until_complete(worker.__aenter__())
store.spawn(target_aio.blocks)
while not target_aio.note("blocks").exists():
    time.sleep(0.005)
threading.Timer(0.1, target_aio.note("go").touch).start()
loop.close()
""",
    )
    assert finished.stderr == ""
    (flow,) = store.flows()
    assert flow.result() == "went on"
    assert flow.record.epoch == 1


def test_its_context_is_empty(store: greenflow.Store):
    """The program's default store, and its variables, are not those of the flows."""
    target_aio.SOME.set("the program's")

    async def main() -> object:
        async with aio.Worker(store):
            return await (await aio.spawn(target_aio.SOME.get))

    try:
        assert asyncio.run(main()) == "unset"
    finally:
        target_aio.SOME.set("unset")


def test_its_process_is_killed(child: Child, store: greenflow.Store):
    code = f"""
import asyncio, greenflow
from tests.aio import target_aio

async def main():
    async with greenflow.aio.Worker(greenflow.open({store.location!r})):
        print(await greenflow.open({store.location!r}).get({{}}))

asyncio.run(main())
"""
    flow = greenflow.spawn(target_aio.kills_its_process_once)
    child("-c", code.replace("{}", repr(flow.id)), code=-9)
    assert child("-c", code.replace("{}", repr(flow.id))).stdout == "lived\n"
