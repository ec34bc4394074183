"""Flows for the tests, importable in every process."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path

from greenlet import greenlet

import greenflow

SOME = contextvars.ContextVar("SOME", default="unset")


def note(name):
    return Path(os.environ["NOTES"]) / name


def add(number):
    return number + 1


def echo():
    return greenflow.recv()


def echo_topic():
    return greenflow.recv(topic="notes"), greenflow.recv()


def fails(kind=ValueError, *args):
    raise kind(*args)


def exits():
    sys.exit(3)


def blocks():
    """Keep its thread until it is told to go on, as time.sleep() would."""
    note("blocks").touch()
    while not note("go").exists():
        time.sleep(0.005)
    return "went on"


def kills_its_process_once():
    if not note("killed").exists():
        note("killed").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "lived"


class LoadsWhereAwaited:
    """Tells in which thread, and with which context, it was loaded."""

    def __reduce__(self):
        return loaded, ()


def loaded():
    return threading.current_thread().name, SOME.get()


def gives_what_tells_where_it_is_loaded():
    return LoadsWhereAwaited()


class CannotBeLoaded:
    def __reduce__(self):
        return fails, (ValueError, "not here")


def gives_what_cannot_be_loaded():
    return CannotBeLoaded()


def cannot_be_loaded_again():
    held = CannotBeLoaded()
    greenflow.sleep(0)
    return held


async def ask(number):
    await asyncio.sleep(0)
    return number * 2


def uses_asyncio():
    first = asyncio.run(ask(1))
    second = greenflow.once(asks, 2)
    greenflow.checkpoint()
    third = greenflow.recv()
    return [first, second, asyncio.run(gathered(third))]


def asks(number):
    return asyncio.run(ask(number))


async def gathered(number):
    return await asyncio.gather(*(ask(number + step) for step in range(3)))


def suspends_in_a_loop(how):
    try:
        asyncio.run(SUSPENDING[how]())
    except greenflow.NotSuspendable as error:
        refused = str(error)
    greenflow.suspend("still alive")
    return refused


async def suspending():
    await asyncio.sleep(0)
    greenflow.suspend()


async def in_a_task():
    await asyncio.create_task(suspending())


async def in_a_group():
    async with asyncio.timeout(60):
        greenflow.recv()


async def once_in_it():
    greenflow.once(add, 1)


async def checkpoint_in_it():
    greenflow.checkpoint()


async def in_a_callback():
    future = asyncio.get_running_loop().create_future()

    def call():
        try:
            greenflow.suspend()
        except greenflow.NotSuspendable as error:
            future.set_exception(error)

    asyncio.get_running_loop().call_soon(call)
    await future


async def in_an_eager_task():
    loop = asyncio.get_running_loop()
    loop.set_task_factory(getattr(asyncio, "eager_task_factory", None))
    await asyncio.create_task(checkpoint_in_it())


SUSPENDING = {
    each.__name__: each
    for each in (
        suspending,
        in_a_task,
        in_a_group,
        once_in_it,
        checkpoint_in_it,
        in_a_callback,
        in_an_eager_task,
    )
}


def sends_in_a_loop(receiver):
    async def main():
        await greenflow.aio.send(receiver, "first")
        await receiver.asend("second", topic="notes")

    asyncio.run(main())
    note("sent").touch()
    while not note("go").exists():
        time.sleep(0.005)


def awaits(other):
    async def main():
        return await other

    return asyncio.run(main())


def awaits_itself():
    return awaits(greenflow.current())


def sends_and_awaits(receiver):
    greenflow.send(receiver, "kept back")
    return awaits(receiver)


LOG = logging.getLogger("app")


def logs():
    LOG.info("begins")
    greenflow.checkpoint()
    LOG.info("saved")
    asyncio.run(logs_in_a_loop())
    thread = threading.Thread(target=LOG.info, args=("a thread of its own",))
    thread.start()
    thread.join()
    del thread
    greenlet(LOG.info).switch("a greenlet")
    contextvars.Context().run(LOG.info, "an empty context")
    greenflow.spawn(logs_inside).result()
    LOG.info("again")
    greenflow.suspend()
    LOG.info("elsewhere")


async def logs_in_a_loop():
    LOG.info("a coroutine")
    await asyncio.to_thread(LOG.info, "a thread with its context")


def logs_inside():
    LOG.info("another flow")


def context_names():
    """What the flow's context holds that is saved with it."""
    context = contextvars.copy_context()
    greenflow.suspend()
    return [variable.name for variable in context]


def ends_and_sends(receiver):
    """The message cannot be delivered: greenflow logs that."""
    greenflow.send(receiver, 1)
    greenflow.get(receiver.id).kill()
