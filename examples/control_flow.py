"""Control flow: it dies inside if, while, for, with, try and match, and goes on there.

    $ export GREENFLOW_STORE=/tmp/control_flow
    $ KILL_AFTER="cy 3" python examples/control_flow.py start
    opened parcel of ada
    ada 1 paid
    ada 2 paid
    closed parcel of ada
    opened parcel of cy
    cy 1 paid
    cy 2: no lamp
    Killed
    $ python examples/control_flow.py go-on
    cy 3 paid
    closed parcel of cy
    tried 8 times

Every line is printed once, whatever label the process is killed after: loops are at
their right turn, and what is open is closed once.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager

import greenflow

ORDERS = {"ada": ["pen", "ink"], "bob": [], "cy": ["desk", "lamp", "rug"]}


def workflow(orders):
    posted = 0
    for customer, things in orders.items():
        if not things:
            save(f"{customer} has ordered nothing")
            continue
        with parcel(customer):
            for number, thing in enumerate(things, 1):
                try:
                    posted += pack(thing)
                    save(f"{customer} {number}")
                    say(f"{customer} {number} paid")
                except LookupError as error:
                    save(f"{customer} {number} failed")
                    say(f"{customer} {number}: no {error.args[0]}")
                finally:
                    save(f"{customer} {number} seen")
    tries = 0
    while posted:
        tries += 1
        match tries % 2, posted:
            case 0, 1:
                save("last one")
                posted -= 1
            case 0, _:
                save(f"{posted} left")
                posted -= 1
            case _:
                save(f"try {tries}")
    say(f"tried {tries} times")
    return tries


def pack(thing):
    if thing == "lamp":
        raise LookupError(thing)
    return 1


@contextmanager
def parcel(customer):
    say(f"opened parcel of {customer}")
    try:
        yield
    finally:
        save(f"{customer} closing")
        say(f"closed parcel of {customer}")


def save(label):
    greenflow.checkpoint(label)
    if os.environ.get("KILL_AFTER") == label:
        os.kill(os.getpid(), signal.SIGKILL)


def say(line):
    print(line, flush=True)


def main(command):
    if command == "start":
        greenflow.spawn(workflow, ORDERS)
    greenflow.run()


if __name__ == "__main__":
    if sys.argv[1:] not in (["start"], ["go-on"]):
        sys.exit("usage: control_flow.py start | go-on")
    main(sys.argv[1])
