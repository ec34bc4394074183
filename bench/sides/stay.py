"""greenflow in one process that stays: each turn is loaded from the store, and saved.

``stay.py STORE DEPTH KIND MEGABYTES`` is one repetition; it prints its numbers as JSON.
A small flow of the same program runs before: what a process does only once, like
storing the source of its code, is part of its start, which is measured elsewhere.
"""

from __future__ import annotations

import json
import sys
import time

import greenflow
from bench import by_greenflow, program
from bench.criu.repetition import KEEPS, RESUMES, SAVES
from bench.system import disk_bytes, sync_folder, written_bytes


def main(place: str, depth: str, kind: str, megabytes: str) -> None:
    """Spawn the program, and resume it as often as it waits."""
    by_greenflow.make_room(int(depth))
    store = greenflow.open(place)
    warm_up(store)
    empty = disk_bytes(place)
    flow = store.spawn(by_greenflow.start, int(depth), kind, float(megabytes))
    written, saved, asked = [], [], []
    for turn in range(program.TURNS):
        # What others have written before is not to be waited for by a commit.
        sync_folder(place)
        begin = written_bytes()
        asked.append(time.time_ns())
        if turn:
            flow.resume()
        store.run()
        saved.append(time.time_ns())
        written.append(written_bytes() - begin)
        record = flow.record
        if record.status != "waiting":
            raise SystemExit(f"the flow is {record.status}: {record.error}")
        if not turn:
            stored = disk_bytes(place) - empty
            state = record.state_bytes
    asked.append(time.time_ns())
    flow.resume()
    store.run()
    flow.result()
    page = by_greenflow.page()
    found: dict[str, float] = {"stored_bytes": stored, "state_bytes": state}
    for turn, name in enumerate(SAVES):
        found[name] = (saved[turn] - page.asked[turn]) / 1e6
        found[f"{name}_bytes"] = written[turn]
        found[RESUMES[turn]] = (page.went_on[turn] - asked[turn + 1]) / 1e6
    found |= page.kept_ms(KEEPS)
    found["answer"] = (page.told_at - asked[-1]) / 1e6
    store.close()
    print(json.dumps(found))


def warm_up(store: greenflow.Store) -> None:
    """Run the program once, with nothing; forget its times."""
    flow = store.spawn(by_greenflow.start, 1, "none", 0.0)
    store.run()
    for _ in range(program.TURNS):
        flow.resume()
        store.run()
    flow.result()
    by_greenflow.page().clear()


if __name__ == "__main__":
    main(*sys.argv[1:])
