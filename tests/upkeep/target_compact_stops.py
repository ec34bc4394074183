"""Compact the store, and stop where the new data has just taken its place.

Usage: target_compact_stops.py STORE [keep-head]. Says "renamed" and then waits.

With ``keep-head`` lock.mdb was not made void before, which is wrong.
"""

from __future__ import annotations

import signal
import sys

from greenflow.store import upkeep_alone, upkeep_copy


def stop(_: str) -> None:
    print("renamed", flush=True)
    signal.pause()


upkeep_alone.attach = stop
if "keep-head" in sys.argv:
    upkeep_alone._LOCK_HEAD_BYTES = 0
upkeep_copy.compact(sys.argv[1])
