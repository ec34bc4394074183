"""Tasklets, channels and their scheduler: flows of one process, in memory and as bytes.

    from greenflow import green

    def ping(out):
        for number in range(3):
            out.send(number)
        out.close()

    numbers = green.Channel()
    green.spawn(ping, numbers)
    print(list(numbers))

It knows no store: :mod:`greenflow.runtime` does.
"""

from greenflow.green.beside_asyncio import await_, host
from greenflow.green.channels import Channel, mailbox
from greenflow.green.core import Bomb, TaskletExit
from greenflow.green.images import dumps, loads
from greenflow.green.loop import Loop, here
from greenflow.green.operations import schedule, schedule_remove, sleep
from greenflow.green.runtime import Runtime, run, spawn, watch
from greenflow.green.selecting import Case, after, select
from greenflow.green.setup import ready
from greenflow.green.tasklets import Tasklet

__all__ = [
    "Bomb",
    "Case",
    "Channel",
    "Loop",
    "Runtime",
    "Tasklet",
    "TaskletExit",
    "after",
    "await_",
    "dumps",
    "here",
    "host",
    "loads",
    "mailbox",
    "run",
    "schedule",
    "schedule_remove",
    "select",
    "sleep",
    "spawn",
    "watch",
]

ready()
