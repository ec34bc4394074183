"""Tasklets beside asyncio's tasks."""

from __future__ import annotations

import asyncio

import pytest

import greenflow
from greenflow import green
from greenflow.green import Channel, await_, host, run, schedule, spawn


async def doubled(number: int) -> int:
    await asyncio.sleep(0.001)
    return number * 2


def test_a_tasklet_awaits_a_coroutine_while_others_run() -> None:
    seen: list[object] = []

    def asks(number: int) -> None:
        seen.append(await_(doubled(number)))

    def turns() -> None:
        for _ in range(3):
            seen.append("turn")
            schedule()

    for number in (1, 2):
        spawn(asks, number)
    spawn(turns)
    asyncio.run(host())
    assert seen[:3] == ["turn"] * 3
    assert seen[3:] == [2, 4]


def test_what_a_coroutine_raises_is_raised_in_the_tasklet() -> None:
    seen: list[str] = []

    async def fails() -> None:
        raise LookupError("of asyncio")

    def asks() -> None:
        try:
            await_(fails())
        except LookupError as error:
            seen.append(str(error))
        raise KeyError("of the tasklet")

    spawn(asks)
    with pytest.raises(KeyError, match="of the tasklet"):
        asyncio.run(host())
    assert seen == ["of asyncio"]


def test_tasks_and_tasklets_take_turns_and_sleepers_wake() -> None:
    seen: list[str] = []

    async def task() -> None:
        for _ in range(3):
            seen.append("task")
            await asyncio.sleep(0)

    def tasklet() -> None:
        while seen.count("task") < 3:
            schedule()
        green.sleep(0.002)
        seen.append("tasklet")

    async def both() -> None:
        spawn(tasklet)
        await asyncio.gather(task(), host())

    asyncio.run(both())
    assert seen == ["task"] * 3 + ["tasklet"]


def test_an_asyncio_program_sends_to_a_tasklet() -> None:
    channel, seen = Channel(10), list[int]()

    def collects() -> None:
        seen.extend(channel)

    async def program() -> None:
        spawn(collects)
        hosting = asyncio.ensure_future(host(forever=True))
        for number in range(3):
            await asyncio.sleep(0.001)
            assert channel.send_nowait(number)
        channel.close()
        while len(seen) < 3:
            await asyncio.sleep(0.001)
        hosting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hosting

    asyncio.run(program())
    assert seen == [0, 1, 2]


def test_one_that_awaits_cannot_be_saved_and_can_be_killed() -> None:
    seen: list[object] = []
    never: list[asyncio.Future[None]] = []

    async def waits() -> None:
        never.append(asyncio.get_running_loop().create_future())
        await never[0]

    def asks() -> None:
        try:
            await_(waits())
        finally:
            seen.append("finally")

    async def program() -> None:
        tasklet = spawn(asks)
        hosting = asyncio.ensure_future(host())
        while not never:
            await asyncio.sleep(0)
        with pytest.raises(greenflow.NotSuspendable, match="asyncio"):
            greenflow.dumps(tasklet)
        tasklet.kill()
        await hosting

    asyncio.run(program())
    assert seen == ["finally"]
    assert never[0].cancelled()


def test_await_needs_a_host() -> None:
    coroutine = asyncio.sleep(0)
    spawn(await_, coroutine)
    with pytest.raises(RuntimeError, match="host"):
        run()
    coroutine.close()
