"""Kill a worker again and again that writes the steps of many flows at once.

Usage: target_group.py STORE KILLS [ack-first]

Each parent makes two children, waits for their end, says which round that was, at once
and a little later, and makes two more. Each child sends its number and ends. A worker
tells on a pipe of all steps of a group once they are committed; with ``ack-first``
before they are, which is wrong and must be found out. Prints how many kills, children
and rounds there were, or what is lost.
"""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from typing import NoReturn

from greenflow.store import LmdbStore
from greenflow.store.base import Claim, Committed, Outgoing, Step, Waiting
from tests.store.helpers import (
    NUMBER_BYTES,
    add,
    bodies,
    check_invariants,
    new,
    numbers,
)
from tests.store.target_kills import Lost, kill_one

PARENTS = 3
GROUP = 16
LATER_SECONDS = 0.002


def packed(number: int) -> bytes:
    return number.to_bytes(NUMBER_BYTES, "big")


def step_of(claim: Claim) -> tuple[bytes, Step]:
    """Return the next step of a flow, and how it is told of."""
    name = claim.record.id
    if name.startswith("child"):
        body = packed(int(name[5:]))
        effect = Outgoing(flow="log", topic="effects", body=body)
        return b"E" + body, Step(status="done", sends=(effect,))
    parent, done = int(name[6:]), len(numbers(claim.state))
    number = done * PARENTS + parent
    children = [f"child{number * 2 + each}" for each in range(2)]
    sends = []
    if done:
        body = packed(number - PARENTS)
        sends = [
            Outgoing(flow="log", topic="rounds", body=body),
            Outgoing(
                flow="log",
                topic="later",
                body=body,
                key=str(number),
                at=time.time() + LATER_SECONDS,
            ),
        ]
    step = Step(
        status="waiting",
        state=claim.state + packed(number),
        waiting=Waiting(kind="join", flows=tuple(children)),
        spawns=tuple(new(child, created=2.0, parent=name) for child in children),
        sends=tuple(sends),
    )
    return b"P" + packed(number), step


def work(place: str, ack_first: bool, pipe: int) -> NoReturn:
    store = LmdbStore(place)
    os.write(pipe, b"R" + bytes(NUMBER_BYTES))
    while True:
        claims = store.claims(GROUP)
        steps = [step_of(claim) for claim in claims]
        if ack_first:
            os.write(pipe, b"".join(tell for tell, _ in steps))
        outcomes = store.commit_all(
            [
                (claim, store.prepare(claim, step))
                for claim, (_, step) in zip(claims, steps, strict=True)
            ]
        )
        for outcome in outcomes:
            if not isinstance(outcome, Committed):
                raise Lost(repr(outcome))
        if not ack_first:
            os.write(pipe, b"".join(tell for tell, _ in steps))


def check(place: str, told: dict[bytes, set[int]]) -> tuple[int, int]:
    """Return how many children ended and how many rounds there were. Raises Lost."""
    store = LmdbStore(place)
    check_invariants(store)
    ended = {
        int(flow.id[5:])
        for flow in store.flows(status=["done"])
        if flow.id.startswith("child")
    }
    effects = numbers(b"".join(bodies(store, "log", "effects")))
    if sorted(effects) != sorted(ended):
        raise Lost(f"ended: {sorted(ended)}, their effects: {sorted(effects)}")
    begun = set()
    for parent in range(PARENTS):
        own = numbers(store.state(f"parent{parent}"))
        if own != list(range(parent, parent + PARENTS * len(own), PARENTS)):
            raise Lost(f"parent{parent} had the rounds {own}")
        begun |= set(own)
        over = {2 * number + each for number in own[:-1] for each in range(2)}
        if not over <= ended:
            raise Lost(f"parent{parent} did not wait for {sorted(over - ended)}")
    made = {int(f.id[5:]) for f in store.flows() if f.id.startswith("child")}
    if made != {2 * number + each for number in begun for each in range(2)}:
        raise Lost(f"rounds: {sorted(begun)}, their children: {sorted(made)}")
    rounds = numbers(b"".join(bodies(store, "log", "rounds")))
    if sorted(rounds) != sorted(n for n in begun if n + PARENTS in begun):
        raise Lost(f"began: {sorted(begun)}, said: {sorted(rounds)}")
    if not told[b"E"] <= ended or not told[b"P"] <= begun:
        raise Lost(f"told: {told}")
    while (due := store.next_due()) is not None:
        time.sleep(max(due - time.time(), 0))
        store.wake()
    later = numbers(b"".join(bodies(store, "log", "later")))
    if sorted(later) != sorted(rounds):
        raise Lost(f"said: {sorted(rounds)}, and later: {sorted(later)}")
    check_invariants(store)
    store.close()
    return len(ended), len(rounds)


def main(place: str, kills: int, ack_first: bool) -> None:
    store = LmdbStore(place)
    for parent in range(PARENTS):
        add(store, f"parent{parent}", b"")
    add(store, "log", created=0.0)
    store.hold("log")
    store.close()
    told: dict[bytes, set[int]] = {b"R": set(), b"E": set(), b"P": set()}
    ended = rounds = 0
    for kill in range(kills):
        try:
            kill_one(partial(work, place, ack_first), told)
            ended, rounds = check(place, told)
        except Lost as lost:
            print("LOST after", kill + 1, "kills:", lost, flush=True)
            return
    print("kept", kills, ended, rounds, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), "ack-first" in sys.argv)
