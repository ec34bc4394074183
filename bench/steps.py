"""Durable steps in a second: a message wakes a flow, which runs, is saved and waits."""

from __future__ import annotations

from contextlib import closing
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

from bench import flows
from bench.waves import Population, Raw, cpu_seconds, folder_on, opened, workers

if TYPE_CHECKING:
    from collections.abc import Callable

    import greenflow

#: Steps that one transaction of raw LMDB holds for comparison.
GROUP = 64


def measure(place: str, count: int, rounds: int) -> dict[str, Any]:
    """Return steps in a second of ``count`` flows, in a folder of ``place``.

    One after another by run(), by one worker process and by two, which commit in
    groups, and raw LMDB: these take turns, wave by wave.
    """
    rates: dict[str, list[float]] = {}
    used: list[float] = []
    with folder_on(place) as folder, opened(folder) as store:
        population = Population(store, flows.steps, count)
        size = population.state_bytes()
        with closing(Raw(folder, count, size)) as raw:
            for _ in range(rounds):
                for name, call in _turns(store, population, raw, used).items():
                    rates.setdefault(name, []).append(count / call())
    return {
        "place": place,
        "flows": count,
        "state_bytes": size,
        "worker_cpu_us": median(used) / count * 1e6,
        **{name: median(found) for name, found in rates.items()},
    }


def _turns(
    store: greenflow.Store, population: Population, raw: Raw, used: list[float]
) -> dict[str, Callable[[], float]]:
    return {
        "one_at_a_time": lambda: _by_run(store, population),
        "worker_1": lambda: _by_workers(store, population, 1, used),
        "worker_2": lambda: _by_workers(store, population, 2, []),
        "raw_1": lambda: _seconds(lambda: raw.write(1)),
        "raw_group": lambda: _seconds(lambda: raw.write(GROUP)),
    }


def _by_run(store: greenflow.Store, population: Population) -> float:
    population.wake()
    return _seconds(store.run)


def _by_workers(
    store: greenflow.Store, population: Population, count: int, used: list[float]
) -> float:
    """Return the seconds of one wave in worker processes that have run one before.

    It begins when its messages are on disk: a flow that was faster is a gift of some
    microseconds.
    """
    with workers(store, count) as pids:
        population.wake()
        population.wait()
        before = sum(map(cpu_seconds, pids))
        population.wake()
        seconds = _seconds(population.wait)
        used.append(sum(map(cpu_seconds, pids)) - before)
    return seconds


def _seconds(call: Callable[[], object]) -> float:
    begin = perf_counter()
    call()
    return perf_counter() - begin
