"""Who looks for the ends of flows: lost rings, closed stores, forks."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable

import pytest

import greenflow
from greenflow import aio
from tests.aio import target_aio
from tests.aio.conftest import Start, until, watchers
from tests.conftest import Child

Worker = Callable[[], "subprocess.Popen[str]"]


def test_the_store_is_closed_meanwhile(store: greenflow.Store):
    flows = [greenflow.spawn(target_aio.echo) for _ in range(3)]

    async def main() -> None:
        waits = [asyncio.ensure_future(flow) for flow in flows]
        await asyncio.sleep(0.05)
        await asyncio.to_thread(store.close)
        found = await asyncio.gather(*waits, return_exceptions=True)
        assert [type(each) for each in found] == [greenflow.StoreClosed] * 3
        assert len({id(each) for each in found}) == 3
        with pytest.raises(greenflow.StoreClosed):
            await flows[0]

    asyncio.run(main())


def test_nobody_rang(store: greenflow.Store, monkeypatch: pytest.MonkeyPatch):
    """Who ended it was killed before it could ring."""
    flow = greenflow.spawn(target_aio.echo)
    greenflow.run()

    async def main() -> object:
        waits = asyncio.ensure_future(flow)
        await asyncio.sleep(0.05)
        await flow.asend("unheard")
        monkeypatch.setattr("greenflow.store.bells.ring_all", lambda *_: None)
        await asyncio.to_thread(greenflow.run)
        return await waits

    assert asyncio.run(main()) == "unheard"


def test_a_clock_that_was_set_back(
    store: greenflow.Store, monkeypatch: pytest.MonkeyPatch
):
    """The index by end does not tell of it."""
    early, late = greenflow.spawn(target_aio.echo), greenflow.spawn(target_aio.add, 1)
    greenflow.run()
    assert late.done()

    async def main() -> object:
        waits = asyncio.ensure_future(early)
        await asyncio.sleep(0.05)
        await early.asend("in the past")
        with monkeypatch.context() as patch:
            patch.setattr("greenflow.store.working.time.time", lambda: 1e9)
            await asyncio.to_thread(greenflow.run)
        assert early.record.updated < late.record.updated
        return await waits

    assert asyncio.run(main()) == "in the past"


def test_the_thread_ends_when_nobody_waits(
    store: greenflow.Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("greenflow.runtime.aio_ends._LINGER_SECONDS", 0.0)
    flow = greenflow.spawn(target_aio.add, 1)
    greenflow.run()
    for _ in range(3):
        assert asyncio.run(aio.result(flow)) == 2
        until(lambda: not watchers())
    bells = os.path.join(store.location, "workers")
    assert not [name for name in os.listdir(bells) if name.endswith(".end")]


def test_a_closed_loop_is_no_error(store: greenflow.Store):
    """Nobody is left to be told."""
    flow = greenflow.spawn(target_aio.echo)
    loop = asyncio.new_event_loop()
    waits = loop.create_task(aio.result(flow))
    loop.run_until_complete(asyncio.sleep(0.05))
    greenflow.run()
    greenflow.send(flow, 1)
    kept, waits = waits, None  # type: ignore[assignment]
    loop.close()
    greenflow.run()
    assert asyncio.run(aio.result(flow)) == 1
    kept.get_coro().close()  # type: ignore[union-attr]
    kept._log_destroy_pending = False  # type: ignore[attr-defined]


def test_without_a_loop(store: greenflow.Store):
    flow = greenflow.spawn(target_aio.add, 1)
    waits = flow.__await__()
    with pytest.raises(RuntimeError, match="running event loop"):
        next(waits)


def test_in_a_forked_child(child: Child, store: greenflow.Store, worker: Worker):
    """The parent's thread is not there: the child opens the store, and waits anew."""
    flow = greenflow.spawn(target_aio.blocks)
    worker()
    finished = child(
        "-c",
        f"""
import asyncio, os, pathlib, warnings
import greenflow
warnings.simplefilter("ignore", DeprecationWarning)  # there is a thread
place = {store.location!r}
inherited = greenflow.open(place).get({flow.id!r})

async def briefly():
    try:
        await asyncio.wait_for(inherited, 0.05)
    except TimeoutError:
        pass

async def in_child():
    try:
        await inherited
    except greenflow.StoreClosed:
        return await greenflow.open(place).get({flow.id!r})

async def in_parent():
    return await inherited

asyncio.run(briefly())
pid = os.fork()
if not pid:
    os._exit(4 if asyncio.run(in_child()) == "went on" else 5)
pathlib.Path(os.environ["NOTES"], "go").touch()
found = asyncio.run(in_parent())
print((os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), found))
""",
    )
    assert finished.stdout == "(4, 'went on')\n"


def test_a_program_ends_while_somebody_waits(child: Child, store: greenflow.Store):
    flow = greenflow.spawn(target_aio.echo)
    finished = child(
        "-c",
        f"""
import asyncio, greenflow
flow = greenflow.open({store.location!r}).get({flow.id!r})
async def main():
    try:
        await asyncio.wait_for(flow, 0.05)
    except TimeoutError:
        print("no answer")
asyncio.run(main())
""",
    )
    assert (finished.stdout, finished.stderr) == ("no answer\n", "")
    left = os.listdir(os.path.join(store.location, "workers"))
    assert not [name for name in left if name.endswith(".end")]


def test_many_processes_wait(store: greenflow.Store, start: Start, worker: Worker):
    flow = greenflow.spawn(target_aio.echo)
    code = (
        "import asyncio, greenflow\n"
        f"flow = greenflow.get({flow.id!r})\n"
        "print(asyncio.run(greenflow.aio.result(flow)))\n"
    )
    waiting = [start("-c", code) for _ in range(4)]
    bells = os.path.join(store.location, "workers")
    until(lambda: os.path.isdir(bells) and str(os.listdir(bells)).count(".end") == 4)
    worker()
    greenflow.send(flow, "all of you")
    assert [each.communicate()[0] for each in waiting] == ["all of you\n"] * 4
