"""Kill gc again and again; is the store whole after each kill, and nothing lost?

Usage: target_gc_kills.py STORE FLOWS [in-two]

With ``in-two`` a flow is deleted in two transactions, which is wrong and must be found
out. Prints how many kills came before all that had ended was gone, or what is wrong.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from typing import NoReturn

from greenflow.store import LmdbStore, keys, pieces
from greenflow.store.base import NewFlow, Outgoing, Step
from greenflow.store.upkeep_gc import Collector
from tests.upkeep.helpers import add, damage, everything, ids, record, save, take

#: How often a store is filled again for one that is wrong to be caught at it.
ROUNDS_MAX = 50
#: The first gc of a store is killed almost at once, the later ones live longer.
SECONDS_MEAN_FIRST = 0.002
SECONDS_MEAN_GROWTH = 1.2
LIVE = ("waits", "talks")


def make_live(place: str) -> None:
    store = LmdbStore(place)
    for name in LIVE:
        save(store, add(store, name), state=os.urandom(9000))
    store.close()


def make_ended(place: str, count: int) -> None:
    store = LmdbStore(place)
    for at in range(0, count, 100):
        sender = take(store, add(store, f"sender{at}"))
        names = [f"f{number}" for number in range(at, at + 100)]
        later = time.time() + 1000
        sends = tuple(
            Outgoing(flow=name, topic="t", body=b"x" * 50, key=key, at=when)
            for name in names
            for key, when in (("now", None), ("later", later))
        )
        spawns = tuple(
            NewFlow(record=record(name, parent=f"sender{at}"), state=b"begins")
            for name in names
        )
        step = Step(status="done", value=b"", spawns=spawns, sends=sends)
        store.commit(sender, step)
        claims = store.claims(100)
        steps = [(each, store.prepare(each, Step(status="done"))) for each in claims]
        store.commit_all(steps)
    store.close()


def collect(place: str, pipe: int, *, in_two: bool) -> NoReturn:
    store = LmdbStore(place)
    os.write(pipe, b"R")
    if in_two:
        for flow_id in ids(store):
            if flow_id not in LIVE:
                row = keys.flow(flow_id)
                store.write(lambda work, key=row: pieces.delete(work.txn, key))
                entry = keys.created(store_created(store, flow_id), flow_id)
                store.write(lambda work, key=entry: work.txn.delete(key))
    else:
        Collector(store, everything()).run()
    os._exit(0)


def store_created(store: LmdbStore, flow_id: str) -> float:
    for key in store.read(lambda work: work.under(keys.CREATED)):
        if keys.timed_id(key) == flow_id:
            return int.from_bytes(key[1:9], "big") / 1e6
    return 0.0


def kill_one(place: str, seconds_mean: float, *, in_two: bool) -> bool:
    """Start a gc, kill it at any moment; return whether it had come to its end."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reading)
        try:
            collect(place, writing, in_two=in_two)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        pipe.read(1)
        time.sleep(random.expovariate(1 / seconds_mean))
        os.kill(pid, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code not in (0, -signal.SIGKILL):
        raise SystemExit(f"WRONG gc failed by itself: {code}")
    return code == 0


def wrong_after_kill(place: str) -> list[str]:
    store = LmdbStore(place)
    wrong = damage(store)
    wrong += [f"{name} lost" for name in LIVE if len(store.state(name)) != 9000]
    store.close()
    return wrong


def main(place: str, count: int, *, in_two: bool) -> None:
    make_live(place)
    kills = rounds = 0
    # A gc that was faster than its killer shows nothing.
    while not kills or (in_two and rounds < ROUNDS_MAX):
        rounds += 1
        make_ended(place, count)
        seconds_mean = SECONDS_MEAN_FIRST
        while not kill_one(place, seconds_mean, in_two=in_two):
            kills += 1
            seconds_mean *= SECONDS_MEAN_GROWTH
            wrong = wrong_after_kill(place)
            if wrong:
                print("WRONG after", kills, "kills:", wrong[:1], flush=True)
                return
    store = LmdbStore(place)
    left = sorted(set(ids(store)) - set(LIVE))
    entries = store.read(lambda work: work.txn.stat()["entries"])
    store.close()
    print("whole", kills, len(left), entries, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), in_two="in-two" in sys.argv)
