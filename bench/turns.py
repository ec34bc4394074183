"""Sides that take turns (A B A B ...), so that what else the machine does meets all."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from bench.workloads import Workload, WrongAnswer

if TYPE_CHECKING:
    from collections.abc import Callable

    Side = Callable[[Workload], dict[str, float]]

#: A side that failed so often, and never came to an end, is not tried again.
_TRIES: Final = 2


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
            samples, failed = found[name]["samples"], found[name]["failed"]
            if not samples and len(failed) == _TRIES:
                continue
            try:
                taken = side(workload)
            except Exception as error:  # whatever it is, the others are measured
                failed.append(_reason(error))
                if isinstance(error, WrongAnswer):
                    wrong.add(name)
                continue
            for metric, value in taken.items():
                samples.setdefault(metric, []).append(_short(value))
    for name in wrong:
        found[name]["samples"] = {}
    return found


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).partition('HINT:')[0].strip()}"


def _short(value: float) -> float:
    return float(f"{value:.5g}")


def say(text: str) -> None:
    """Tell who waits for the end what is being done."""
    print(text, file=sys.stderr, flush=True)
