"""Put up a bell and wait to be killed."""

from __future__ import annotations

import sys

from greenflow.store import LmdbStore

bell = LmdbStore(sys.argv[1]).bell()
print("up", flush=True)
sys.stdin.read()
