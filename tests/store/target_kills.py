"""Kill a worker again and again while it commits; is anything it told of lost?

Usage: target_kills.py STORE KILLS [ack-first]

A worker tells on a pipe of each message it sent and of each step it committed, once
that is done; with ``ack-first`` before it is, which is wrong and must be found out.
Prints how many kills, steps and messages there were, or what is lost.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import NoReturn

from greenflow.store import LmdbStore
from greenflow.store.base import Outgoing, Step
from tests.store.helpers import (
    NUMBER_BYTES,
    RECV,
    add,
    bodies,
    check_invariants,
    numbers,
    take,
    taken,
    wait,
    waiting_flow,
)

FLOWS = 3
SECONDS_MEAN = 0.006


class Lost(Exception):
    """What was told of is not there, or not once, or not in order."""


def work(place: str, first: int, ack_first: bool, pipe: int) -> NoReturn:
    store = LmdbStore(place)
    number = first
    os.write(pipe, b"R" + bytes(NUMBER_BYTES))
    while True:
        body = number.to_bytes(NUMBER_BYTES, "big")
        if ack_first:
            os.write(pipe, b"S" + body)
        store.send(f"flow{number % FLOWS}", "", body)
        if not ack_first:
            os.write(pipe, b"S" + body)
        number += 1
        while (claim := store.claim()) is not None:
            message = claim.message
            if message is None:
                raise Lost(f"{claim.record.id} was claimed without a message")
            step = Step(
                status="waiting",
                state=claim.state + message.body,
                waiting=RECV,
                consumed=taken(message),
                sends=(Outgoing(flow="log", topic="effects", body=message.body),),
            )
            if ack_first:
                os.write(pipe, b"C" + message.body)
            committed = store.commit(claim, step)
            if not ack_first:
                os.write(pipe, b"C" + message.body)
            if committed.message is not None:
                store.release(claim)


def check(place: str, sent: set[int], committed: set[int]) -> tuple[int, int]:
    """Return how many messages and steps are stored. Raises Lost."""
    store = LmdbStore(place)
    check_invariants(store)
    everything: list[int] = []
    steps: list[int] = []
    for number in range(FLOWS):
        flow = f"flow{number}"
        done, waits = numbers(store.state(flow)), numbers(b"".join(bodies(store, flow)))
        both = done + waits
        if both != list(range(number, number + FLOWS * len(both), FLOWS)):
            raise Lost(f"{flow} has {done} and then {waits}")
        everything += both
        steps += done
    effects = numbers(b"".join(bodies(store, "log", "effects")))
    if sorted(effects) != sorted(steps):
        raise Lost(f"the steps are {sorted(steps)}, their effects {sorted(effects)}")
    if not sent <= set(everything):
        raise Lost(f"sent: {sorted(sent - set(everything))}")
    if not committed <= set(steps):
        raise Lost(f"committed: {sorted(committed - set(steps))}")
    store.close()
    return len(everything), len(steps)


def kill_one(work: Callable[[int], NoReturn], told: dict[bytes, set[int]]) -> None:
    """Start a worker, kill it at any moment, and note what it told of."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reading)
        try:
            work(writing)
        except Exception as error:
            print("LOST", repr(error), flush=True)
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        pipe.read(1 + NUMBER_BYTES)
        time.sleep(random.expovariate(1 / SECONDS_MEAN))
        os.kill(pid, signal.SIGKILL)
        if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != -signal.SIGKILL:
            raise Lost("the worker failed by itself")
        while len(entry := pipe.read(1 + NUMBER_BYTES)) == 1 + NUMBER_BYTES:
            told[entry[:1]].add(int.from_bytes(entry[1:], "big"))


def main(place: str, kills: int, ack_first: bool) -> None:
    store = LmdbStore(place)
    for number in range(FLOWS):
        wait(store, take(store, add(store, f"flow{number}")), state=b"")
    waiting_flow(store, "log")
    store.close()
    told: dict[bytes, set[int]] = {b"S": set(), b"C": set()}
    sent = steps = 0
    for kill in range(kills):
        kill_one(partial(work, place, sent, ack_first), told)
        try:
            sent, steps = check(place, told[b"S"], told[b"C"])
        except Lost as lost:
            print("LOST after", kill + 1, "kills:", lost, flush=True)
            return
    print("kept", kills, steps, sent, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), "ack-first" in sys.argv)
