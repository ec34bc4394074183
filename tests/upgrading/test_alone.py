"""What a store was opened with holds for flows that run in processes of their own."""

from __future__ import annotations

import pytest

APP = """
import os, greenflow

def work(n):
    got = greenflow.recv()
    if got == "die" and not os.path.exists("died"):
        open("died", "w").close()
        os._exit(3)
    return "old", got, os.getpid()
"""

#: As a worker does it: the flow killed its process, so it runs alone next.
WORKER = """
import logging, os, sys, greenflow
from greenflow.runtime.isolation import Isolation
from greenflow.runtime.scheduler import Scheduler
code, *preload = sys.argv[1:]
with greenflow.open("store", code=code or None) as store:
    alone = Isolation(store, preload)
    scheduler = Scheduler(store, alone=alone)
    while scheduler.step():
        pass
    alone.close()
    flow = store.get("a")
    if flow.done():
        said, got, process = flow.result()
        print(said, got, "alone" if process != os.getpid() else "here")
    else:
        print(flow.status)
"""


@pytest.fixture
def killer(deployed):
    """Return a flow that killed its worker, and whose code was edited since."""
    deployed.begin(APP)
    deployed.child("import greenflow; greenflow.open('store').send('a', 'die')")
    (deployed.folder / "worker.py").write_text(WORKER)
    deployed.child("worker.py", "", code=3)
    deployed.edit(APP.replace('"old"', '"new"'))
    return deployed


#: What cannot be imported beforehand lets no worker be forked.
PRELOADS = {"forked": (), "anew": ("no_such_module",)}


@pytest.mark.parametrize("how", PRELOADS)
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("upgrade", "new die alone"),
        ("", "old die alone"),
        ("strict", "hospital"),
    ],
)
def test_alone(killer, code: str, said: str, how: str):
    done = killer.child("worker.py", code, *PRELOADS[how])
    assert done.stdout.strip() == said, done.stderr


@pytest.mark.parametrize("how", PRELOADS)
def test_it_comes_before_the_environment(killer, how: str):
    """As it does in the process that opened the store."""
    env = {"GREENFLOW_CODE": "strict"}
    done = killer.child("worker.py", "upgrade", *PRELOADS[how], env=env)
    assert done.stdout.strip() == "new die alone", done.stderr


def test_a_worker_of_the_command_line(killer):
    command = ("-m", "greenflow", "--store", "store", "worker", "--once")
    killer.child(*command, "--code", "upgrade", env={"GREENFLOW_CODE": "strict"})
    told = "import greenflow; print(greenflow.open('store').get('a').result()[:2])"
    assert killer.child(told).stdout.strip() == "('new', 'die')"


STAYING = """
import threading, time, greenflow
from greenflow.runtime.worker import Worker
store = greenflow.open("store", code="upgrade")
flow, worker = store.get("a"), Worker(store)

def stop():
    while not flow.done():
        time.sleep(0.01)
    worker.stop()

threading.Thread(target=stop).start()
worker.run()
print(flow.result()[:2])
"""


def test_a_staying_worker_of_a_program(killer):
    (killer.folder / "staying.py").write_text(STAYING)
    assert killer.child("staying.py", "").stdout.strip() == "('new', 'die')"
