"""Hold a store as processes do that died, hang or are stopped.

Usage: target_hold.py STORE read|write|work|open. Says "holds" and then waits.
"""

from __future__ import annotations

import signal
import sys

from greenflow.store import LmdbStore
from tests.upkeep.helpers import add, take

store = LmdbStore(sys.argv[1], lease_seconds=0.2)


def hold(_: object) -> None:
    print("holds", flush=True)
    sys.stdin.read()


what = sys.argv[2]
if what == "read":
    store.read(hold)
elif what == "write":
    store.write(hold)
else:
    if what == "work":
        take(store, add(store, "held"))
    hold(None)
signal.pause()
