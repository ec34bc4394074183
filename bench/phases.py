"""What one durable step is made of, phase by phase, in one thread of this process.

A group of flows is claimed, run and committed as a worker does it, but one phase of
all flows after the other, so that each can be timed by itself: by the processor time
of this thread, so that what else the machine does is not part of it.
"""

from __future__ import annotations

from contextlib import closing
from statistics import median
from time import perf_counter_ns, thread_time_ns
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent, greenlet

from bench import flows
from bench.measure import time_of, without_collector
from bench.waves import Population, Raw, folder_on, opened
from greenflow import Continuation
from greenflow.runtime.driving import Commit
from greenflow.runtime.slice import Slice

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.store.base import Claim

GROUP = 64


class Phases:
    """A group of flows, and the nanoseconds that each phase of their steps took."""

    def __init__(self, population: Population) -> None:
        """Take the flows of a population, none of which is on its stack."""
        self._population = population
        self._store = population.store
        self._kept: dict[str, Slice] = {}
        self.times: dict[str, list[float]] = {}
        self.state = b""

    def step(self, *, warm: bool) -> None:
        """Let all flows do a step; those that were kept go on, if ``warm``."""
        self._population.wake()
        known = {each.id: each.claim.record.seq for each in self._kept.values()}
        base = self._store.base
        claims = self.timed("claim", lambda: base.claims(GROUP, None, known))
        self.state = claims[0].state
        waiting: list[tuple[Slice, Any]] = []

        def run() -> None:
            waiting.extend(self._begin(claim) for claim in claims)

        self.timed("run", run)
        steps = [(running.claim, request) for running, request in waiting]
        outcomes = self.timed("commit", lambda: base.commit_all(steps))

        def leave() -> None:
            for (running, _), outcome in zip(waiting, outcomes, strict=True):
                running.host.switch(outcome)
                if not warm:
                    running.host.switch(None)

        self.timed("leave", leave)
        self._kept = {running.id: running for running, _ in waiting} if warm else {}

    def _begin(self, claim: Claim) -> tuple[Slice, Any]:
        """Let a flow go on to its next commit; note when its recv() returned."""
        kept = self._kept.get(claim.record.id)
        begin = perf_counter_ns()
        if kept is not None:
            request = kept.host.switch(claim)
        else:
            kept = Slice(self._store, claim)
            request = kept.host.switch()
        self._note("continue", flows.WENT_ON[0] - begin)
        if not isinstance(request, Commit):
            raise TypeError(f"a flow of the benchmark asks for {request!r}")
        return kept, request.prepared

    def close(self) -> None:
        """Take all flows off their stacks."""
        for running in self._kept.values():
            running.host.switch(None)
        self._kept = {}

    def timed(self, name: str, call: Callable[[], Any]) -> Any:
        """Return what a call for the whole group returns; note its time for one."""
        begin = thread_time_ns()
        result = call()
        self._note(name, (thread_time_ns() - begin) / GROUP)
        return result

    def _note(self, name: str, nanoseconds: float) -> None:
        self.times.setdefault(name, []).append(nanoseconds)


def measure(place: str, rounds: int) -> dict[str, Any]:
    """Return nanoseconds of each phase of one step, of warm flows and of cold ones."""
    report: dict[str, Any] = {}
    with folder_on(place) as folder, opened(folder) as store:
        population = Population(store, flows.timed, GROUP)
        with closing(Raw(folder, GROUP, population.state_bytes())) as raw:
            found = {"warm": Phases(population), "cold": Phases(population)}
            with without_collector():
                for name, phases in found.items():
                    phases.step(warm=name == "warm")
                    phases.times.clear()
                    for _ in range(rounds):
                        phases.step(warm=name == "warm")
                        phases.timed("raw", lambda: raw.write(GROUP))
                    phases.close()
                    report[name] = {
                        key: median(found) for key, found in phases.times.items()
                    }
    report["parts"] = _parts(found["cold"].state, rounds)
    return report


def _parts(state: bytes, rounds: int) -> dict[str, float]:
    """Return nanoseconds of single parts, of the state of a flow and of a greenlet."""
    loaded = Continuation.loads(state)
    calls = {
        "load": lambda: Continuation.loads(state),
        "dump": loaded.dumps,
        "switch": _there_and_back(),
    }
    return {
        name: median(time_of(call, 20) for _ in range(rounds))
        for name, call in calls.items()
    }


def _there_and_back() -> Callable[[], object]:
    """Return what switches to another greenlet at once, and back."""
    here = getcurrent()

    def answer() -> None:
        while True:
            here.switch()

    other = greenlet(answer)
    other.switch()
    switch: Callable[[], object] = other.switch
    return switch
