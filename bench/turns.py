"""Sides that take turns (A B A B ...), so that what else the machine does meets all."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from bench.criu.calls import CriuError
from bench.sides.processes import ProcessFailed
from bench.workloads import Workload, WrongAnswer

if TYPE_CHECKING:
    from collections.abc import Callable

    Side = Callable[[Workload], dict[str, float]]

#: What makes one repetition void; anything else is a fault of the benchmark.
FAILURES = (CriuError, ProcessFailed, WrongAnswer, TimeoutError)


def take_turns(
    workload: Workload, sides: dict[str, Side], rounds: int
) -> dict[str, dict[str, Any]]:
    """Return of each side the samples of what it measures, and why some are missing.

    A side that came to a wrong answer even once has no samples at all: a program that
    is not restored intact was not restored.
    """
    found: dict[str, dict[str, Any]] = {
        name: {"samples": {}, "failed": []} for name in sides
    }
    wrong = set()
    for _ in range(rounds):
        for name, side in sides.items():
            try:
                taken = side(workload)
            except FAILURES as error:
                found[name]["failed"].append(f"{type(error).__name__}: {error}")
                if isinstance(error, WrongAnswer):
                    wrong.add(name)
                continue
            for metric, value in taken.items():
                found[name]["samples"].setdefault(metric, []).append(_short(value))
    for name in wrong:
        found[name]["samples"] = {}
    return found


def _short(value: float) -> float:
    return float(f"{value:.5g}")


def say(text: str) -> None:
    """Tell who waits for the end what is being done."""
    print(text, file=sys.stderr, flush=True)
