"""Flows for the tests, importable in every process."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time

import greenflow


def note(line):
    """Write a line to the journal; it outlives a SIGKILL."""
    with open(os.environ["JOURNAL"], "a") as journal:
        journal.write(f"{line}\n")


def was_noted(line):
    with open(os.environ["JOURNAL"]) as journal:
        return f"{line}\n" in journal


def die_at(place):
    """Kill this process if the test wants it killed here."""
    if os.environ.get("KILL_AT") == place:
        os.kill(os.getpid(), signal.SIGKILL)


def step(name):
    note(name)
    die_at(name)


def add(a, b=1, *, c=0):
    return a + b + c


def checkpointed():
    step("first")
    a = 1
    greenflow.checkpoint("one")
    step("second")
    b = a + 1
    greenflow.checkpoint("two")
    step("third")
    return a, b


def unbound_after_checkpoint():
    a = 1
    greenflow.checkpoint()
    step(f"bound: {sorted(locals())}")
    b = a
    greenflow.checkpoint()
    step(f"bound: {sorted(locals())}")
    return b


def receive(count, topic=None):
    got = []
    for _ in range(count):
        got.append(greenflow.recv(topic=topic))
        step(f"got {got[-1]}")
    return got


def receive_then_checkpoint(count):
    got = []
    for _ in range(count):
        got.append(greenflow.recv())
        greenflow.checkpoint()
        step(f"got {got[-1]}")
    return got


def ask(question):
    return greenflow.suspend(question)


def ask_all(*questions):
    return [ask(question) for question in questions]


def ask_and_catch():
    try:
        return ask("first")
    except LookupError as error:
        note(f"caught {error!r}")
        return ask("second")
    finally:
        note("finally")


def catch_received():
    try:
        return greenflow.recv()
    except LookupError as error:
        return repr(error)


def forward(collector, name, count):
    """Hand on what is received, with the save that forgets it."""
    for _ in range(count):
        value = greenflow.recv()
        greenflow.send(collector, (name, value))


def send_each(flow, messages):
    for message in messages:
        greenflow.send(flow, message)
        step(f"sent {message}")
        greenflow.checkpoint()
    return len(messages)


def send_then_fail(flow):
    greenflow.send(flow, "before the end")
    raise ValueError("after sending")


def receive_then_fail():
    greenflow.checkpoint("begun")
    raise ValueError(greenflow.recv())


def keep_socket(catch):
    greenflow.checkpoint("clean")
    connection = socket.socket()
    try:
        ask("with a socket")
    except greenflow.NotSaveable as error:
        note(f"refused: {error.path}")
        if not catch:
            raise
    finally:
        connection.close()
    del connection
    return ask("without")


def suspend_in_sort(catch):
    def key(item):
        return (greenflow.suspend("inside sort"), item)

    try:
        return sorted([2, 1], key=key)
    except greenflow.NotSuspendable as error:
        note(f"refused: {type(error).__name__}")
        if not catch:
            raise
    return ask("outside of sort")


def unsaveable_result():
    greenflow.checkpoint("before the end")
    return {"lock": threading.Lock()}


def spawn_child(value):
    child = greenflow.spawn(add, value)
    step("spawned")
    return child


def run_child(value):
    flow = greenflow.spawn(add, value)
    return flow.result() + 1


def counted(turns):
    me = greenflow.current().id
    for turn in range(turns):
        note(f"{me} {turn} {os.getpid()}")
        greenflow.checkpoint()
    return turns


def wait_for_other_process():
    """Hold this process until a flow has run in another one."""
    while True:
        with open(os.environ["JOURNAL"]) as journal:
            pids = {line.split()[2] for line in journal}
        if pids - {str(os.getpid())}:
            return
        time.sleep(0.001)


def counted_beside_another(turns):
    note(f"{greenflow.current().id} begins {os.getpid()}")
    wait_for_other_process()
    return counted(turns)


def echo_forever():
    answer = None
    while True:
        answer = greenflow.suspend(answer)


class Unpicklable(Exception):
    """Cannot be saved: it holds a lock."""

    def __init__(self, text):
        super().__init__(text)
        self.lock = threading.Lock()


class Unloadable(Exception):
    """Can be saved, but not be loaded."""

    def __reduce__(self):
        return int, ("not a number",)


def fail(kind):
    if kind == "unpicklable":
        raise Unpicklable("has a lock")
    if kind == "unloadable":
        raise Unloadable("two parts")
    if kind == "exit":
        raise SystemExit(3)
    raise KeyError(kind)


def interrupt_once():
    greenflow.checkpoint("before")
    step("interrupted or not")
    if os.environ.get("INTERRUPT"):
        raise KeyboardInterrupt
    return "went on"
