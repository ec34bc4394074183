"""One process that runs what can run: ``cold.py STORE [DEPTH [KIND MEGABYTES]]``.

With a kind, it makes the flow first. DEPTH is how deep it must be able to call.
"""

from __future__ import annotations

import sys

import greenflow


def main(place: str, depth: str = "0", *data: str) -> None:
    """Run the flows of a store."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), int(depth) + 1_000))
    store = greenflow.open(place)
    if data:
        from bench import by_greenflow

        kind, megabytes = data
        store.spawn(by_greenflow.start, int(depth), kind, float(megabytes))
    store.run()
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
