"""``await flow``: told by whoever ends it, in any process, without blocking a loop."""

from __future__ import annotations

import asyncio
import subprocess
import threading
import traceback
from collections.abc import Callable

import pytest

import greenflow
from greenflow import aio
from tests.aio import target_aio
from tests.aio.conftest import LONG_SECONDS, noted, until, watchers

Worker = Callable[[], "subprocess.Popen[str]"]


def elsewhere(call: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=call)
    thread.start()
    return thread


def test_another_process_ends_it(store: greenflow.Store, worker: Worker):
    async def main() -> list[object]:
        flow = greenflow.spawn(target_aio.add, 1)
        echo = await aio.spawn(target_aio.echo_topic)
        waits = asyncio.ensure_future(echo)
        await asyncio.sleep(0)
        worker()
        found: list[object] = [await flow, await flow]
        await echo.asend("a note", topic="notes")
        await aio.send(echo, "a message")
        return [*found, await asyncio.wait_for(waits, LONG_SECONDS)]

    assert asyncio.run(main()) == [2, 2, ("a note", "a message")]


def test_its_worker_is_killed(store: greenflow.Store, worker: Worker):
    async def main() -> object:
        flow = await aio.spawn(target_aio.kills_its_process_once)
        waits = asyncio.ensure_future(flow)
        process = worker()
        await asyncio.to_thread(process.wait)
        assert not waits.done()
        worker()
        return await waits

    assert asyncio.run(main()) == "lived"


def test_a_thousand_wait_at_once_by_one_thread(store: greenflow.Store, worker: Worker):
    flows = [greenflow.spawn(target_aio.add, number) for number in range(1000)]

    # Those of other tests' stores linger.
    before = set(watchers())

    async def main() -> list[int]:
        waits = asyncio.gather(*flows)
        await asyncio.sleep(0.01)
        assert len(set(watchers()) - before) == 1
        worker()
        return await waits

    assert asyncio.run(main()) == [number + 1 for number in range(1000)]


def test_several_loops_in_several_threads(store: greenflow.Store):
    flow = greenflow.spawn(target_aio.echo)
    found: list[object] = []

    async def main() -> object:
        return await asyncio.gather(flow, aio.result(flow), aio.result(flow))

    threads = [elsewhere(lambda: found.append(asyncio.run(main()))) for _ in range(5)]
    greenflow.run()
    until(watchers)
    greenflow.send(flow, 7)
    greenflow.run()
    for thread in threads:
        thread.join()
    # gather() waits once for what is equal.
    assert found == [[7, 7, 7]] * 5


def test_the_loop_goes_on_while_it_waits(store: greenflow.Store):
    async def main() -> int:
        ticks = 0
        flow = greenflow.spawn(target_aio.blocks)
        waits = asyncio.ensure_future(flow)
        runs = asyncio.ensure_future(asyncio.to_thread(greenflow.run))
        while ticks < 100 or not noted("blocks").exists():
            await asyncio.sleep(0)
            ticks += 1
        assert not waits.done()
        noted("go").touch()
        assert await waits == "went on"
        await runs
        return ticks

    assert asyncio.run(main()) >= 100


def test_it_does_not_run_the_flow(store: greenflow.Store):
    async def main() -> None:
        with pytest.raises(TimeoutError, match=f"{flow.id} has not ended after 0.05"):
            await aio.result(flow, timeout=0.05)

    flow = greenflow.spawn(target_aio.add, 1)
    asyncio.run(main())
    assert flow.status == "ready"


def test_with_no_time_at_all_it_is_looked_at(store: greenflow.Store):
    flow, other = greenflow.spawn(target_aio.add, 1), greenflow.spawn(target_aio.echo)
    greenflow.run()
    assert asyncio.run(aio.result(flow, timeout=0)) == 2
    with pytest.raises(TimeoutError):
        asyncio.run(aio.result(other, timeout=0))


def test_to_cancel_the_wait_does_not_cancel_the_flow(store: greenflow.Store):
    flow = greenflow.spawn(target_aio.echo)
    greenflow.run()

    async def main() -> object:
        waits = [asyncio.ensure_future(flow) for _ in range(3)]
        await asyncio.sleep(0.01)
        waits[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await waits[0]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(waits[1], 0.01)
        assert flow.status == "waiting"
        await flow.asend("hello")
        await asyncio.to_thread(greenflow.run)
        return await waits[2]

    assert asyncio.run(main()) == "hello"


def test_in_a_task_group(store: greenflow.Store):
    flows = [greenflow.spawn(target_aio.add, number) for number in range(3)]
    greenflow.run()

    async def main() -> list[int]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(aio.result(flow)) for flow in flows]
        return [task.result() for task in tasks]

    assert asyncio.run(main()) == [1, 2, 3]


def test_its_exception_is_raised(store: greenflow.Store):
    flow = greenflow.spawn(target_aio.fails, KeyError, "lamp")
    waiting = greenflow.spawn(target_aio.echo)
    greenflow.run()
    waiting.cancel("enough")
    greenflow.run()

    async def main() -> None:
        with pytest.raises(KeyError, match="lamp") as raised:
            await flow
        assert flow.id in "".join(traceback.format_exception(raised.value))
        with pytest.raises(greenflow.Cancelled, match="enough"):
            await waiting

    asyncio.run(main())


@pytest.mark.parametrize(
    "kind", [asyncio.CancelledError, SystemExit, StopIteration, GeneratorExit]
)
def test_what_means_something_else_to_a_loop(
    store: greenflow.Store, kind: type[BaseException]
):
    flow = greenflow.spawn(target_aio.fails, kind)
    greenflow.run()

    async def main() -> None:
        with pytest.raises(greenflow.FlowFailed, match=kind.__name__) as raised:
            await flow
        assert isinstance(raised.value.__cause__, kind)
        await asyncio.sleep(0)

    asyncio.run(main())


def test_a_result_is_loaded_in_the_task_that_waits(store: greenflow.Store):
    flow = greenflow.spawn(target_aio.gives_what_tells_where_it_is_loaded)
    broken = greenflow.spawn(target_aio.gives_what_cannot_be_loaded)
    greenflow.run()

    async def main() -> object:
        target_aio.SOME.set("the task's")
        with pytest.raises(greenflow.NotRestorable, match="not here"):
            await broken
        return await flow

    here = threading.current_thread().name
    assert asyncio.run(main()) == (here, "the task's")


def test_there_is_no_such_flow(store: greenflow.Store):
    flow = greenflow.Flow(store, "nobody")

    async def main() -> None:
        with pytest.raises(greenflow.FlowNotFound):
            await flow

    asyncio.run(main())
