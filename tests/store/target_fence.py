"""Workers that are wrongly taken for dead while they live, as a stopped one could be.

Usage: target_fence.py STORE SECONDS [no-fence]

Three workers take messages; now and then the lock of one is removed from under it, so
that the others take its flow over, and it goes on with it all the same. Only the fence
keeps what it writes out: with ``no-fence`` the harm must be found. Prints how often a
worker was taken over, how often a stale step was refused, and what is wrong.
"""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path
from typing import NoReturn

from greenflow.errors import Conflict, InternalError
from greenflow.store import LmdbStore, commits
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

WORKERS = 3
FLOWS = 2
MESSAGES_AHEAD = 4


def work(place: str, until: float, pipe: int, fence: bool) -> NoReturn:
    if not fence:
        commits._fenced = lambda work, record: work.row(record.id)
    random.seed(os.getpid())
    store = LmdbStore(place)
    while time.monotonic() < until:
        claim = store.claim()
        if claim is None:
            time.sleep(0.0005)
            continue
        message = claim.message
        assert message is not None
        time.sleep(random.expovariate(1 / 0.002))
        step = Step(
            status="waiting",
            state=claim.state + message.body,
            waiting=RECV,
            consumed=taken(message),
            sends=(Outgoing(flow="log", topic="effects", body=message.body),),
        )
        try:
            committed = store.commit(claim, step)
            if committed.message is not None:
                store.release(claim)
        except Conflict:
            os.write(pipe, b"c")
        except InternalError:
            # It takes a message that is not there any more.
            os.write(pipe, b"i")
        if not (Path(place) / "workers" / f"{claim.record.owner}.lock").exists():
            # Live on as a new worker, which can be taken for dead once more.
            store.close()
            store = LmdbStore(place)
    os._exit(0)


def feed_and_disturb(store: LmdbStore, until: float) -> tuple[int, int]:
    """Send messages and remove locks; return how many of each."""
    folder = Path(store.location) / "workers"
    sent = removed = 0
    while time.monotonic() < until:
        waits = sum(len(bodies(store, f"flow{flow}")) for flow in range(FLOWS))
        for _ in range(max(MESSAGES_AHEAD - waits, 0)):
            body = sent.to_bytes(NUMBER_BYTES, "big")
            store.send(f"flow{sent % FLOWS}", "", body)
            sent += 1
        locks = list(folder.glob("*.lock"))
        if len(locks) > 1 and random.random() < 0.3:
            random.choice(locks).unlink(missing_ok=True)
            removed += 1
        time.sleep(0.002)
    return sent, removed


def wrong(store: LmdbStore, sent: int) -> str:
    """Return what is wrong with the store, or nothing."""
    effects = numbers(b"".join(bodies(store, "log", "effects")))
    steps = []
    for flow in range(FLOWS):
        done = numbers(store.state(f"flow{flow}"))
        waits = numbers(b"".join(bodies(store, f"flow{flow}")))
        if done + waits != list(range(flow, sent, FLOWS)):
            return f"flow{flow}-has-{done}-and-{waits}-of-{sent}".replace(" ", "")
        steps += done
    if sorted(effects) != sorted(steps):
        return "effects-and-steps-differ"
    check_invariants(store)
    return ""


def main(place: str, seconds: float, fence: bool) -> None:
    store = LmdbStore(place)
    for flow in range(FLOWS):
        wait(store, take(store, add(store, f"flow{flow}")), state=b"")
    waiting_flow(store, "log")
    store.close()
    reading, writing = os.pipe()
    until = time.monotonic() + seconds
    children = []
    for _ in range(WORKERS):
        pid = os.fork()
        if not pid:
            work(place, until, writing, fence)
        children.append(pid)
    os.close(writing)
    store = LmdbStore(place)
    sent, removed = feed_and_disturb(store, until)
    failed = [pid for pid in children if os.waitpid(pid, 0)[1]]
    refused = os.fdopen(reading, "rb").read()
    found = "a-worker-failed" if failed else wrong(store, sent)
    found = found or ("a-message-was-taken-twice" if b"i" in refused else "")
    print(removed, refused.count(b"c"), sent, found or "nothing", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), "no-fence" not in sys.argv)
