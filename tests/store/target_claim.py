"""Claim a flow and say so; then hold it until killed.

With ``in-claim`` this process is stopped dead in the midst of the claim's transaction,
with the store's write lock in its hands.
"""

from __future__ import annotations

import os
import signal
import sys

from greenflow.store import LmdbStore, claims
from tests.store.helpers import take

store = LmdbStore(sys.argv[1])
if "in-claim" in sys.argv:
    real = claims.take

    def take_and_stop(*arguments: object) -> claims.Taken:
        real(*arguments)  # type: ignore[arg-type]
        print("in the claim", flush=True)
        os.kill(os.getpid(), signal.SIGSTOP)
        raise AssertionError

    claims.take = take_and_stop  # type: ignore[assignment]
claim = take(store)
print("claimed", claim.record.id, flush=True)
sys.stdin.read()
