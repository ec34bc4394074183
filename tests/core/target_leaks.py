"""Runs in a child, where little else is alive: what each feature leaves behind.

Prints, for each feature, by how much blocks (and references, on debug builds) grew in
the best of some rounds, and how many runs a round has, as JSON.
"""

from __future__ import annotations

import gc
import json
import sys

from tests.core import driving
from tests.core.features import Feature, load

#: What leaks at all leaks in every round; caches fill up after some.
ROUNDS_MAX = 15
RUNS = 150
RUNS_LONG = 4


def counters():
    yield "blocks", sys.getallocatedblocks
    if hasattr(sys, "gettotalrefcount"):
        yield "references", sys.gettotalrefcount


def repeat(item: Feature, carry: driving.Carry, runs: int) -> None:
    for _ in range(runs):
        driving.run_as_flow(item, carry)
    gc.collect()


def growth(item: Feature, carry: driving.Carry, runs: int) -> dict[str, int]:
    # The first runs fill caches and specialise the bytecode.
    repeat(item, carry, runs)
    rounds: dict[str, list[int]] = {name: [] for name, _ in counters()}
    for _ in range(ROUNDS_MAX):
        before = {name: count() for name, count in counters()}
        repeat(item, carry, runs)
        for name, count in counters():
            rounds[name].append(count() - before[name])
        if all(min(grown) < runs for grown in rounds.values()):
            break
    return {name: min(grown) for name, grown in rounds.items()}


def main(carry: str, wanted: list[str]) -> None:
    features, results = load(), {}
    gc.collect()
    gc.freeze()
    for name in wanted or features:
        runs = RUNS_LONG if features[name].long else RUNS
        grown = growth(features[name], getattr(driving, carry), runs)
        results[name] = {"runs": runs, **grown}
    sys.stdout.write(json.dumps(results))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
