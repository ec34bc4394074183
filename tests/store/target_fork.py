"""Claim flow "one", then fork a child that outlives this process."""

from __future__ import annotations

import os
import sys

from greenflow.store import LmdbStore
from tests.store.helpers import take

store = LmdbStore(sys.argv[1])
claim = take(store, "one")
told, tell = os.pipe()
if not os.fork():
    os.close(1)  # the parent alone answers
    os.write(tell, b"1")
    sys.stdin.read()  # until the test ends
    os._exit(0)
os.read(told, 1)
print("claimed one", flush=True)
sys.stdin.read()
