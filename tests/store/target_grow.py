"""Send to flow "one" until the map must grow; then once more, and count."""

from __future__ import annotations

import sys

from greenflow import limits
from greenflow.store import LmdbStore
from tests.store.helpers import bodies, noise

limits.MAP_BYTES_MAX = 256 * 1024
store = LmdbStore(sys.argv[1])
for _ in range(20):
    store.send("one", "", noise(100_000))
print("grown", flush=True)
sys.stdin.readline()
print(len(bodies(store, "one")), flush=True)
store.close()
