"""Checkpointing: a function that died in the middle goes on from its last checkpoint.

    $ export GREENFLOW_STORE=/tmp/checkpointing
    $ KILL_IN=second python examples/checkpointing.py start
    process 4711: first()
    process 4711: second(6)
    Killed
    $ python examples/checkpointing.py go-on
    process 4712: second(6)
    process 4712: third(6, 7)
    workflow-3k9fzq7m: 42

first() is not run again: its value came back with the stack. second() is, because
its process died before the next checkpoint.
"""

from __future__ import annotations

import os
import signal
import sys

import greenflow


def workflow():
    a = first()
    greenflow.checkpoint()
    b = second(a)
    greenflow.checkpoint()
    return third(a, b)


def first():
    say("first()")
    return 6


def second(a):
    say(f"second({a})")
    return a + 1


def third(a, b):
    say(f"third({a}, {b})")
    return a * b


def say(step):
    """Print the step and its process; die in it if KILL_IN says so."""
    print(f"process {os.getpid()}: {step}", flush=True)
    if os.environ.get("KILL_IN") == step.partition("(")[0]:
        os.kill(os.getpid(), signal.SIGKILL)


def main(command):
    if command == "start":
        greenflow.spawn(workflow)
    greenflow.run()
    for flow in greenflow.flows(status="done"):
        print(f"{flow.id}: {flow.result()}")


if __name__ == "__main__":
    if sys.argv[1:] not in (["start"], ["go-on"]):
        sys.exit("usage: checkpointing.py start | go-on")
    main(sys.argv[1])
