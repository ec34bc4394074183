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

from tests.core import driving, stepping
from tests.core.features import Feature, load

#: What leaks at all leaks in every round; caches fill up after some.
ROUNDS_MAX = 15
RUNS = 60
RUNS_LONG = 4
RUNS_AT_LINES = 24


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


def at_lines(item: Feature, saved: list[tuple[int, bytes, str]]) -> None:
    """Go on from some of its lines; save it at its lines, and leave it at one."""
    for answered, data, _ in saved[::4]:
        stepping.go_on_from(item, answered, data)
    # A debug build of 3.11 keeps what flows under a tracer have caught, saved or not.
    if not hasattr(sys, "gettotalrefcount"):
        stepping.record(item, every=3)
        stepping.leave(item, 4)


def main(carry: str, wanted: list[str]) -> None:
    features, results = load(), {}
    gc.collect()
    gc.freeze()
    for name in wanted or features:
        item = features[name]
        runs = RUNS_LONG if item.long else RUNS
        if carry == "at_lines":
            if item.long:
                continue
            saved = stepping.record(item, every=3)[1].saved
            run, runs = partial(at_lines, item, saved), RUNS_AT_LINES
        else:
            run = partial(driving.run_as_flow, item, getattr(driving, carry))
        grown = growth(run, runs)
        results[name] = {"runs": runs, **grown}
    sys.stdout.write(json.dumps(results))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
