"""greenflow with as little: ``with_greenflow.py STORE TURNS``, as its siblings."""

from __future__ import annotations

import json
import sys
import time

import greenflow

#: When the flow asked to be saved, and when it went on; not part of it.
ASKED, WENT_ON = [0], [0]


def node() -> int:
    """Wait, again and again."""
    turns = 0
    while turns >= 0:
        ASKED[0] = time.time_ns()
        greenflow.suspend(turns)
        WENT_ON[0] = time.time_ns()
        turns += 1
    return turns


def main(place: str, turns: str) -> None:
    """Measure, and print."""
    store = greenflow.open(place)
    if turns == "cold":
        store.run()
        print(sys.modules["bench.peers.with_greenflow"].WENT_ON[0])
        return
    from bench.peers import with_greenflow

    flow = store.spawn(with_greenflow.node)
    store.run()
    saves, resumes = [], []
    for _ in range(int(turns)):
        begin = time.time_ns()
        flow.resume()
        store.run()
        saves.append((time.time_ns() - with_greenflow.ASKED[0]) / 1e6)
        resumes.append((with_greenflow.WENT_ON[0] - begin) / 1e6)
    if flow.payload != int(turns):
        raise SystemExit(f"{flow.payload} turns instead of {turns}")
    # One that can go on, for a process that is measured from its start.
    flow.resume()
    print(json.dumps({"save": saves[1:], "resume": resumes[1:]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
