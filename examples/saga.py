"""A payment saga: steps in the world, undone in reverse if a later one fails.

    $ export GREENFLOW_STORE=/tmp/saga
    $ python examples/saga.py order chairs ok        # or: refused
    order-3k9fzq7m: shipped
    $ cat /tmp/saga/world

What the world sees is written to a file: one line for each effect, with its key. With
KILL_AT=NAME the process dies right behind that effect, before its result is saved; run
"go-on" then: the effect comes once more, with the same key, so that receivers can tell.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import greenflow


class Refused(Exception):
    """The bank does not pay."""


def order(item, card):
    undo = []
    try:
        room = once("reserve", item)
        undo.append(("unreserve", room))
        paid = once("charge", card)
        undo.append(("refund", paid))
        once("ship", item)
    except Refused as error:
        while undo:
            once(*undo.pop())
        return f"given up: {error}"
    greenflow.outbox(effect, "mail", "shipped", "thanks")
    return "shipped"


def once(name, what):
    # Done once: its result is on disk before the flow goes on.
    return greenflow.once(effect, name, what, greenflow.idempotency_key())


def effect(name, what, key):
    world = Path(os.environ["GREENFLOW_STORE"], "world")
    with world.open("a") as lines:
        lines.write(f"{name} {what} {key.partition('-')[2].partition('-')[2]}\n")
    if os.environ.get("KILL_AT") == name:
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "refused":
        raise Refused("card refused")
    return f"{name}d"


def main(command, *words):
    if command == "order":
        flow = greenflow.spawn(order, *words)
        print(flow.id, flush=True)
    greenflow.run()
    for flow in greenflow.flows(fn=order):
        print(f"{flow.id}: {flow.result() if flow.done() else flow.status}")


if __name__ == "__main__":
    if sys.argv[1:2] not in (["order"], ["go-on"]):
        sys.exit("usage: saga.py order ITEM CARD | go-on")
    main(*sys.argv[1:])
