"""Open the store, and say how many keys it has and what is damaged."""

from __future__ import annotations

import sys

from greenflow.store import LmdbStore
from tests.upkeep.helpers import add, contents, damage

print("opens", flush=True)
store = LmdbStore(sys.argv[1], create=False)
count = len(contents(store))
add(store, "new")
print(count, damage(store), flush=True)
