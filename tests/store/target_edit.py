"""Edit flow "one" of a store as it is at a checkpoint; say what became of it.

target_edit.py PLACE SEQ STATE
"""

from __future__ import annotations

import sys

from greenflow.errors import Conflict
from greenflow.store import LmdbStore
from greenflow.store.base import Edit
from tests.store.helpers import RECV

place, seq, state = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode()
store = LmdbStore(place)
print("ready", flush=True)
sys.stdin.readline()
try:
    made = store.edit("one", seq, Edit(state=state, parent=seq, waiting=RECV))
    print("wrote", made.seq, flush=True)
except Conflict:
    print("Conflict", flush=True)
store.close()
