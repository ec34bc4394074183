"""How things are measured: in alternating rounds, by their medians."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from statistics import median, quantiles
from time import perf_counter_ns
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def without_collector() -> Iterator[None]:
    """Keep the cyclic garbage collector from running inside what is measured."""
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def time_of(call: Callable[[], object], loops: int) -> float:
    """Return nanoseconds of one call, averaged over ``loops`` calls in a row."""
    repeat = range(loops)
    begin = perf_counter_ns()
    for _ in repeat:
        call()
    return (perf_counter_ns() - begin) / loops


def alternate(
    calls: dict[str, Callable[[], object]], rounds: int, loops: int
) -> dict[str, float]:
    """Return the median nanoseconds of each call.

    The calls take turns (A B A B ...), so that what the machine does meanwhile meets
    all of them alike.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        time_of(call, loops)
    with without_collector():
        for _ in range(rounds):
            for name, call in calls.items():
                times[name].append(time_of(call, loops))
    return {name: median(found) for name, found in times.items()}


def spread(samples: list[float]) -> dict[str, float]:
    """Return the median, and the tenth and ninetieth of a hundred."""
    if len(samples) == 1:
        low = high = samples[0]
    else:
        tenths = quantiles(samples, n=10, method="inclusive")
        low, high = tenths[0], tenths[-1]
    return {"n": len(samples), "median": median(samples), "p10": low, "p90": high}
