"""Runs in a child, where little else is alive: what each feature leaves behind.

Prints, for each feature, by how much blocks (and references, on debug builds) grew in
the best of some rounds, and how many runs a round has, as JSON.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from functools import partial

from tests.core import driving
from tests.core.features import load

#: What leaks at all leaks in every round; caches fill up after some.
ROUNDS_MAX = 15
RUNS = 150
RUNS_LONG = 4


def counters():
    yield "blocks", sys.getallocatedblocks
    if hasattr(sys, "gettotalrefcount"):
        yield "references", sys.gettotalrefcount


def repeat(run: Callable[[], object], runs: int) -> None:
    for _ in range(runs):
        run()
    gc.collect()


def growth(run: Callable[[], object], runs: int) -> dict[str, int]:
    """Return by how much each counter grew in the best of some rounds of runs."""
    # The first runs fill caches and specialise the bytecode.
    repeat(run, runs)
    rounds: dict[str, list[int]] = {name: [] for name, _ in counters()}
    for _ in range(ROUNDS_MAX):
        before = {name: count() for name, count in counters()}
        repeat(run, runs)
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
        run = partial(driving.run_as_flow, features[name], getattr(driving, carry))
        grown = growth(run, runs)
        results[name] = {"runs": runs, **grown}
    sys.stdout.write(json.dumps(results))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
