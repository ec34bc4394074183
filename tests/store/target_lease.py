"""Claim a flow under a short lease, and say so; commit it when a line comes.

Usage: target_lease.py STORE LEASE_SECONDS [no-fence]

Says what became of the commit, and then which flow it claims next, as a worker does
that was stopped for a while. With ``no-fence`` what it writes is not kept out.
"""

from __future__ import annotations

import sys

from greenflow.errors import Conflict
from greenflow.store import LmdbStore, commits
from greenflow.store.base import Step
from tests.store.helpers import take

if "no-fence" in sys.argv:
    commits._fenced = lambda work, record: work.row(record.id)
store = LmdbStore(sys.argv[1], lease_seconds=float(sys.argv[2]))
claim = take(store)
store.mark(claim.record.id)
print("claimed", claim.record.id, flush=True)
sys.stdin.readline()
try:
    store.commit(claim, Step(status="running", state=b"stale"))
    print("written", flush=True)
except Conflict:
    print("conflict", flush=True)
sys.stdin.readline()
claim = take(store)
store.commit(claim, Step(status="done"))
print("ended", claim.record.id, flush=True)
sys.stdin.readline()
