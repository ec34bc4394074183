"""Messaging: a function waits for a message, for weeks if need be, with no process.

$ export GREENFLOW_STORE=/tmp/messaging
$ KILL_AT=end python examples/messaging.py start
process 4711: first()
workflow-3k9fzq7m waits
Killed
$ python examples/messaging.py send workflow-3k9fzq7m hello
$ python examples/messaging.py go-on
process 4713: hello, sent to somebody who asked: who is there?
$ python examples/messaging.py send workflow-3k9fzq7m bye
$ python examples/messaging.py go-on
workflow-3k9fzq7m ended: 2 messages
"""

from __future__ import annotations

import os
import signal
import sys

import greenflow


def workflow():
    a = first()
    count = 0
    while True:
        b = greenflow.recv()
        count += 1
        if b == "bye":
            return f"{count} messages"
        print(f"process {os.getpid()}: {b}, sent to somebody who asked: {a}")


def first():
    print(f"process {os.getpid()}: first()")
    return "who is there?"


def start():
    greenflow.spawn(workflow)
    go_on()


def send(flow_id, message):
    greenflow.send(flow_id, message)


def go_on():
    greenflow.run()
    for flow in greenflow.flows():
        print(
            f"{flow.id} ended: {flow.result()}" if flow.done() else f"{flow.id} waits"
        )


COMMANDS = {"start": start, "send": send, "go-on": go_on}

if __name__ == "__main__":
    if sys.argv[1:2] == [] or sys.argv[1] not in COMMANDS:
        sys.exit("usage: messaging.py start | send ID MESSAGE | go-on")
    COMMANDS[sys.argv[1]](*sys.argv[2:])
    if os.environ.get("KILL_AT") == "end":
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)
