"""What tests of workers for one flow share: flows that tell of their process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import greenflow
from greenflow.runtime.forked import Forked, Task
from greenflow.runtime.prepared import Prepared

#: Only a test that fails waits so long.
LONG_SECONDS = 60.0
#: Written to a module of the test's own; each tells what it sees of its process.
MODULE = """
    import os, signal, sys, time
    import greenflow

    VERSION = 1

    def tells():
        return {
            "pid": os.getpid(), "parent": os.getppid(), "version": VERSION,
            "folder": os.getcwd(), "variable": os.environ.get("GF_TEST"),
            "descriptors": sorted(os.listdir("/proc/self/fd")),
            "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
        }

    def dies(number):
        os.kill(os.getpid(), number)

    def exits(code):
        os._exit(code)

    def waits_for(path):
        with open(path + ".begun", "w") as file:
            file.write(str(os.getpid()))
        while not os.path.exists(path):
            time.sleep(0.005)
        return os.getppid()
"""


def flow_of(store: greenflow.Store, name: str, *args: object) -> greenflow.Flow[object]:
    return store.spawn(getattr(import_module("alone_target"), name), *args)


def start(
    prepared: Prepared, store: greenflow.Store, name: str, *args: object
) -> tuple[Forked, greenflow.Flow[object]]:
    """Start a worker for a new flow."""
    flow = flow_of(store, name, *args)
    claim = store.base.claim(flow.id)
    assert claim is not None
    task = Task(store.location, flow.id, claim.record.epoch)
    return prepared.start(task), flow


def result(
    prepared: Prepared, store: greenflow.Store, name: str, *args: object
) -> dict:
    """Run a flow alone; return what it returned."""
    forked, flow = start(prepared, store, name, *args)
    assert forked.wait(LONG_SECONDS)
    assert forked.death() == ""
    assert flow.status == "done"
    return flow.result()


def parent_of(prepared: Prepared) -> int:
    assert prepared._process is not None
    return prepared._process.pid


def zombies() -> list[str]:
    """Return the children of this process that nobody has waited for."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == os.getpid() and state == "Z":
            found.append(folder.name)
    return found


def until(condition: Callable[[], object]) -> None:
    end_at = time.monotonic() + LONG_SECONDS
    while not condition():
        assert time.monotonic() < end_at
        time.sleep(0.005)
