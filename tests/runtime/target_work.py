"""Flows that wait for time, take time, do work outside, or are cancelled."""

from __future__ import annotations

import os
import signal
import sys
import time

import greenflow
from tests.runtime.target_flows import note, step


def naps():
    for number in range(3):
        greenflow.sleep(0.01)
        step(f"awake {number}")


def takes_its_time():
    note("begins")
    time.sleep(0.5)
    return "in peace"


def kills_its_process_once():
    if not os.path.exists(os.environ["JOURNAL"]):
        note("killed")
        os.kill(os.getpid(), signal.SIGKILL)
    return "lived"


#: What stops the worker that a test runs in this process.
STOPPED = []


def stops_worker(seconds):
    greenflow.sleep(seconds)
    STOPPED.pop()()


class LoadsOnce:
    """Its first copy is the last one."""

    def __reduce__(self):
        return refuse_to_load, ()


def refuse_to_load():
    raise ValueError("not again")


def cannot_be_loaded_again():
    held = LoadsOnce()
    greenflow.sleep(0)
    return held


def charge(amount):
    step(f"charge {amount}")
    return ["receipt", amount, greenflow.idempotency_key().partition("-")[2][-3:]]


def pays_once(at_most_once=False):
    before = [1]
    receipt = greenflow.once(charge, 7, at_most_once=at_most_once)
    before.append(receipt)
    step("paid")
    return before, receipt is before[1]


def pays_and_asks():
    try:
        return greenflow.once(charge, 7, at_most_once=True)
    except greenflow.Ambiguous:
        step("ambiguous")
        return greenflow.recv(topic="clerk")


def cleans_up(swallow=False):
    try:
        with open(os.environ["JOURNAL"], "a"):
            pass
        return greenflow.recv()
    except greenflow.Cancelled as error:
        note(f"cancelled: {error}")
        if swallow:
            return "went on"
        raise
    finally:
        greenflow.sleep(0)
        note("cleaned up")


def checkpoints_until_told(path):
    while not os.path.exists(path):
        greenflow.checkpoint()


def tell_process(line):
    """Note a line, and whether this process runs one flow alone."""
    note(f"{line} {'alone' if '--flow' in sys.argv else 'among others'}")


def poison(number):
    """Kill every process that runs it."""
    tell_process("poison")
    os.kill(os.getpid(), number)


def poison_cured():
    """Kill every process that runs it among others, and that after a save too."""
    tell_process("first")
    if was_killed_only("first"):
        os.kill(os.getpid(), signal.SIGKILL)
    greenflow.checkpoint()
    tell_process("second")
    if was_killed_only("second"):
        os.kill(os.getpid(), signal.SIGKILL)
    greenflow.sleep(0)
    tell_process("third")
    return "cured"


def was_killed_only(line):
    with open(os.environ["JOURNAL"]) as journal:
        return sum(each.startswith(line) for each in journal) == 1


def steps(name, count):
    for number in range(count):
        note(f"{name} {number}")
        time.sleep(0.002)
        greenflow.checkpoint()
    return "done"


def effects(name, count):
    for number in range(count):
        greenflow.once(note, f"{name} {number}", at_most_once=True)
    return "done"


def long_one():
    note("long begins")
    time.sleep(4)
    note("long ends")


def short_one(number):
    note(f"short {number}")


def sends_by_outbox(path):
    for number in range(2):
        greenflow.outbox(deliver, f"letter {number}", path)
    step("put into the outbox")
    greenflow.checkpoint()
    return "sent"


def deliver(letter, path):
    key = greenflow.current().id
    note(f"{letter} {key}")
    with open(path, "a") as tries:
        tries.write("x")
    if os.path.getsize(path) <= 2:
        raise ConnectionError("nobody there")


def deep_with_room(levels):
    sys.setrecursionlimit(levels + 1000)
    return deeper(levels)


def deeper(levels):
    return greenflow.recv() if levels == 0 else 1 + deeper(levels - 1)


def saves_and_ends():
    greenflow.checkpoint("saved")
    return "rested"


def spins_until_saved(flow):
    while flow.record.label != "saved":
        pass
