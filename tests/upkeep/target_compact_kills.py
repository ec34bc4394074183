"""Kill compact again and again, while others wait to open the store.

Usage: target_compact_kills.py STORE KILLS

Others open the store, add a flow, tell of it and close it, over and over. Prints how
many kills there were, how many flows were told of, and how often compact came to its
end; or what is wrong.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from typing import NoReturn

from greenflow.errors import StoreBusy, StoreError
from greenflow.store import LmdbStore
from greenflow.store.upkeep_copy import compact
from tests.upkeep.helpers import LARGE, add, contents, damage, populate, save

OTHERS = 2
SECONDS_MEAN = 0.01


def compact_often(place: str, pipe: int) -> NoReturn:
    os.write(pipe, b"R")
    while True:
        try:
            compact(place)
        except StoreBusy:
            continue
        os.write(pipe, b"D")


def add_often(place: str, name: str, pipe: int) -> NoReturn:
    number = 0
    while True:
        try:
            store = LmdbStore(place, create=False)
        except StoreError as error:
            # Whoever opens it while a compact is killed may have to open it again.
            if "MDB_INVALID" not in str(error):
                os.write(pipe, f"E{error}\n".encode())
                os._exit(1)
            continue
        flow_id = f"{name}-{number}"
        add(store, flow_id)
        store.close()
        os.write(pipe, f"{flow_id}\n".encode())
        number += 1
        time.sleep(random.expovariate(1 / SECONDS_MEAN))


def fork(call, *arguments: object) -> tuple[int, int]:
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reading)
        try:
            call(*arguments, writing)
        finally:
            os._exit(1)
    os.close(writing)
    return pid, reading


def end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def main(place: str, kills: int) -> None:
    store = LmdbStore(place)
    populate(store)
    for number in range(300):
        add(store, f"f{number}")
        save(store, f"f{number}", state=LARGE)
    store.close()
    others = [fork(add_often, place, f"other{n}") for n in range(OTHERS)]
    completed = 0
    for _ in range(kills):
        pid, reading = fork(compact_often, place)
        os.read(reading, 1)
        time.sleep(random.expovariate(1 / SECONDS_MEAN) + 0.01)
        end(pid)
        with os.fdopen(reading, "rb") as pipe:
            completed += len(pipe.read())
    told: list[str] = []
    for pid, reading in others:
        end(pid)
        with os.fdopen(reading) as pipe:
            # What was told last may be cut.
            told += [line.strip() for line in pipe if line.endswith("\n")]
    failed = [line for line in told if line.startswith("E")]
    compact(place)
    store = LmdbStore(place)
    stored = {each.id for each in store.flows()}
    wrong = damage(store) + failed + sorted(set(told) - stored)
    assert len(contents(store)) > 1000
    store.close()
    print("WRONG" if wrong else "whole", kills, len(told), completed, *wrong[:3])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
