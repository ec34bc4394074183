"""Runs in a child: what each row leaves behind, with each outcome. Prints JSON."""

from __future__ import annotations

import gc
import json
import sys
from functools import partial

from tests.core.target_leaks import growth
from tests.delivery import driving

RUNS = 20


def main(carry: str) -> None:
    rows, results = driving.load(), {}
    gc.collect()
    gc.freeze()
    for name, row in rows.items():
        for outcome in row.outcomes:
            run = partial(driving.run, row, outcome, getattr(driving, carry))
            results[f"{name} {outcome}"] = growth(run, RUNS)
    json.dump(results, sys.__stdout__)


if __name__ == "__main__":
    sys.stdout = sys.stderr
    main(sys.argv[1])
