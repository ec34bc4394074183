"""Ten thousand characters of a game, each a plain function that waits most of its life.

    $ export GREENFLOW_STORE=/tmp/npcs
    $ python examples/npcs.py make 10000
    $ PYTHONPATH=examples greenflow worker -n 2 &
    $ python examples/npcs.py count
    10000 wait, 0 ended
    $ python examples/npcs.py tick 1 100     # this hour's visitors come to some of them
    $ python examples/npcs.py end 3
    thief 3 leaves on day 1, mood 1

Each has a mood, a memory and a place in its script: local variables. All of them wait
in the store, and take no memory until somebody comes by. Every command is a process of
its own.
"""

from __future__ import annotations

import sys

import greenflow

TRADES = ("smith", "baker", "guard", "thief")


def npc(number, trade):
    mood, met, day = 0, {}, 0
    while (visitor := greenflow.recv()) is not None:
        mood += talk(trade, visitor, met)
        day += 1
    return f"{trade} {number} leaves on day {day}, mood {mood}"


def talk(trade, visitor, met):
    met[visitor] = met.get(visitor, 0) + 1
    if trade == "thief" and met[visitor] > 1:
        return fight(visitor)
    return 1


def fight(visitor):
    # Deep in a call, in the middle of the loop above: the fight goes on another day.
    blow = greenflow.recv(topic="fight", timeout=0, default="misses")
    return -1 if blow == "hits" else 0


def populate(count):
    # A flow makes them all: they are there when it is saved, all or none.
    for number in range(count):
        trade = TRADES[number % len(TRADES)]
        greenflow.options(id=f"npc-{number}").spawn(npc, number, trade)


def make(count):
    greenflow.spawn(populate, int(count))


def tick(hour, count):
    for number in range(int(count)):
        greenflow.send(f"npc-{number}", f"visitor of hour {hour}")


def end(number):
    greenflow.send(f"npc-{number}", None)
    print(greenflow.get(f"npc-{number}").result())


def count():
    statuses = [flow.status for flow in greenflow.flows(fn=npc)]
    print(f"{statuses.count('waiting')} wait, {statuses.count('done')} ended")


COMMANDS = {"make": make, "tick": tick, "end": end, "count": count}

if __name__ == "__main__":
    if sys.argv[1:2] == [] or sys.argv[1] not in COMMANDS:
        sys.exit("usage: npcs.py make COUNT | tick HOUR COUNT | end NUMBER | count")
    COMMANDS[sys.argv[1]](*sys.argv[2:])
