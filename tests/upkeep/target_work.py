"""Spawn, run, join and end flows, and send to them, until told to stop.

Says "ready" first, and at the end how many flows ended.
"""

from __future__ import annotations

import sys
import threading
import time

from greenflow.store import LmdbStore
from greenflow.store.base import NewFlow, Outgoing, Step, Waiting
from tests.upkeep.helpers import add, new, record, save, take

stopped = threading.Event()
threading.Thread(
    target=lambda: (sys.stdin.readline(), stopped.set()), daemon=True
).start()
store = LmdbStore(sys.argv[1])
print("ready", flush=True)
count = 0
while not stopped.is_set():
    parent, child, other = (f"{name}{count}" for name in ("p", "c", "o"))
    add(store, other)
    save(
        store,
        add(store, parent),
        waiting=Waiting(kind="join", flows=(child, other)),
        spawns=(
            NewFlow(
                record=record(child, parent=parent),
                state=b"",
                deadline=time.time() + 1000,
                cancelled=b"",
            ),
            new(f"u{count}", parent=parent),
        ),
        sends=(Outgoing(flow=other, topic="", body=b"to you", key="k"),),
    )
    for each in (other, child):
        save(store, each, "done", value=each.encode())
    claim = take(store, parent)
    assert claim.record.waiting is not None
    # What it waited for must be there as long as it has not been saved since.
    for each in claim.record.waiting.flows:
        assert store.value(each) == each.encode()
    store.commit(claim, Step(status="done"))
    save(store, f"u{count}", "done")
    count += 1
print(4 * count, flush=True)
store.close()
