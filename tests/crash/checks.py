"""What must hold of a store and of the history of what was done with it.

Usage: checks.py STORE HISTORY CAST [--ended]; prints one line of JSON.

The numbers are those of the invariants in CONTRIBUTING.md. With ``--ended`` all flows
must have ended, with the results that what was sent to them makes.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import greenflow
from tests.crash import history, results
from tests.crash.audit import audit, verify
from tests.crash.results import Events

#: So many of one kind are told; a broken store has thousands.
TOLD_MAX = 5


def claims_and_commits(events: Events) -> list[str]:
    """I3: each claim has an epoch of its own, each save a number of its own."""
    wrong = []
    claims: dict[str, dict[int, int]] = defaultdict(dict)
    for flow, epoch, seq, _ in events["claim"]:
        if epoch in claims[flow]:
            wrong.append(f"I3 {flow}: claimed twice under epoch {epoch}")
        claims[flow][epoch] = seq
    for flow, seqs in claims.items():
        ordered = [seqs[epoch] for epoch in sorted(seqs)]
        if ordered != sorted(ordered):
            wrong.append(f"I3 {flow}: its saves were undone: {ordered}")
    saves: dict[str, dict[int, int]] = defaultdict(dict)
    ends: Counter[str] = Counter()
    for flow, epoch, seq, saved, status, _ in events["commit"]:
        if saved and seq in saves[flow]:
            wrong.append(f"I3 {flow}: save {seq} was made twice")
        if saved:
            saves[flow][seq] = epoch
        ends[flow] += status in {"done", "failed", "cancelled"}
    for flow, epochs in saves.items():
        by_seq = [epochs[seq] for seq in sorted(epochs)]
        if by_seq != sorted(by_seq):
            wrong.append(f"I3 {flow}: a claim that was over wrote: {by_seq}")
    wrong += [f"I3 {flow}: ended {n} times" for flow, n in ends.items() if n > 1]
    return wrong


def same_again(events: Events) -> list[str]:
    """I5: what a flow knows under one key is always the same."""
    known: dict[str, str] = {}
    return [
        f"I5 {key}: went on from other values than before"
        for key, digest in events["seen"]
        if known.setdefault(key, digest) != digest
    ]


def effects(events: Events) -> list[str]:
    """I6: what may be done at most once was not done twice."""
    paid = Counter((flow, turn) for flow, turn, once, _ in events["pay"] if once)
    return [
        f"I6 {flow}: paid turn {turn} twice"
        for (flow, turn), n in paid.items()
        if n > 1
    ]


def none_lost(
    store: greenflow.Store, events: Events, cast: dict[str, Any]
) -> list[str]:
    """I2, I7: every flow that spawn() told of is there."""
    told = {flow for _, flow, *_ in events["spawned"]}
    told |= {flow for flows in cast.values() for flow in flows}
    there = {record.id for record in store.base.flows()}
    return [f"I2 {flow} is lost" for flow in sorted(told - there)]


def main() -> None:
    place, past = Path(sys.argv[1]), Path(sys.argv[2])
    cast = json.loads(Path(sys.argv[3]).read_text())
    events = Events(list)
    for kind, *fields in history.read(past):
        events[kind].append(fields)
    store = greenflow.open(place, create=False)
    found = [
        audit(store.base),
        claims_and_commits(events),
        same_again(events),
        effects(events),
        none_lost(store, events, cast),
    ]
    if not events["commit"]:
        found.append(["nothing was committed: the run proves nothing"])
    if "--ended" in sys.argv:
        found += results.check(store, events, cast)
    counts = {
        "flows": sum(1 for _ in store.base.flows()),
        "messages": len(events["sent"]),
        "claims": len(events["claim"]),
        "commits": len(events["commit"]),
        "effects": len(events["pay"]),
        "mended": len(events["mended"]),
    }
    store.close()
    found.append([f"I10 {each}" for each in verify(place)])
    wrong = [each for of_one in found for each in of_one[:TOLD_MAX]]
    print(json.dumps({"wrong": wrong, "counts": counts}))


if __name__ == "__main__":
    main()
