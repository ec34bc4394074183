"""Make or open the store when told to, add a flow, and say which store it is."""

from __future__ import annotations

import os
import sys

from greenflow.store import LmdbStore, keys
from greenflow.store.records import decode_meta
from tests.store.helpers import add, contents

print("ready", flush=True)
sys.stdin.readline()
store = LmdbStore(sys.argv[1])
add(store, f"f{os.getpid()}")
print(decode_meta(contents(store)[keys.META]).store, flush=True)
store.close()
