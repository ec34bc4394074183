"""Flows that wait for time, take time, do work outside, or are cancelled."""

from __future__ import annotations

import os
import signal
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
