"""What a suspend costs: frames, bytes, and the way to the disk, as ratios.

Each cost stands beside what nobody can do without: plain calls beside frames, pickling
the same values beside a saved flow, one commit of as many bytes beside a flow that is
durably suspended.
"""

from __future__ import annotations

import pickle
import platform
import sys
import tempfile
from statistics import median
from time import perf_counter_ns
from typing import Any

import lmdb

import greenflow
from bench.measure import alternate, time_of, without_collector
from greenflow import Continuation, suspend
from greenflow.continuation import LEAVE, Sent
from greenflow.parted import size_of

DEPTHS = (10, 100, 1_000, 10_000)
#: Frames and flows are small, so that the cost is the core's and not the values'.
FRAMES = 10
GOALS = {"time": 2.0, "bytes": 1536, "durable": 1.25}


# --- the flow that is measured -----------------------------------------------------


def level(n: int, name: str, items: list[int]) -> int:
    """Ten frames with small values: a number, a text, a list, a tuple, a dict."""
    pair = (n, name)
    table = {"n": n, "total": n * 7}
    if n:
        below = level(n - 1, f"level {n}", [n, n + 1, n + 2])
        return below + len(items) + pair[0] + table["n"]
    while n == 0:
        suspend(n)
    return n


def same_values() -> list[list[Any]]:
    """Return the values of all the frames of :func:`level`, as plain lists."""
    frames, name, items = [], "top", [0]
    for n in range(FRAMES - 1, -1, -1):
        frames.append([n, name, items, (n, name), {"n": n, "total": n * 7}])
        name, items = f"level {n}", [n, n + 1, n + 2]
    return frames


def start_flow() -> Continuation:
    """Return the flow of ten frames, suspended at its bottom."""
    return Continuation.start(level, FRAMES - 1, "top", [0])


# --- frames ------------------------------------------------------------------------


class Clock:
    """When the flow called suspend(), and when that call came back."""

    def __init__(self) -> None:
        self.asked = 0
        self.answered = 0


def clocked(depth: int, clock: Clock) -> None:
    """Suspend for ever at that depth, and take the time around it."""
    if depth > 1:
        clocked(depth - 1, clock)
        return
    while True:
        clock.asked = perf_counter_ns()
        suspend()
        clock.answered = perf_counter_ns()


def plain(depth: int) -> int:
    """The same calls, and nothing else."""
    return plain(depth - 1) if depth > 1 else 0


def frame_times(depth: int, rounds: int) -> dict[str, float]:
    """Return nanoseconds per frame, at that depth."""
    captures, rebuilds, calls = [], [], []
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, depth + 1_000))
    clock = Clock()
    try:
        k = Continuation.start(clocked, depth, clock)
        for _ in range(3):
            k.resume()
        with without_collector():
            for _ in range(rounds):
                capture, rebuild = one_cycle(k, clock)
                captures.append(capture / depth)
                rebuilds.append(rebuild / depth)
                calls.append(time_of(lambda: plain(depth), 1) / depth)
        k.discard()
    finally:
        sys.setrecursionlimit(before)
    return {
        "capture_ns": median(captures),
        "rebuild_ns": median(rebuilds),
        "call_ns": median(calls),
    }


def one_cycle(k: Continuation, clock: Clock) -> tuple[int, int]:
    """Return nanoseconds of one capture and of one rebuild, of the whole stack."""
    captured = 0

    def hook(_continuation: Continuation, _request: object) -> object:
        nonlocal captured
        captured = perf_counter_ns()
        return LEAVE

    begin = perf_counter_ns()
    k.advance(Sent(), hook)
    return captured - clock.asked, clock.answered - begin


# --- bytes -------------------------------------------------------------------------


def bytes_times(rounds: int, loops: int) -> dict[str, float]:
    """Return nanoseconds of flow and plain values to bytes and back, and both sizes."""
    box = [start_flow()]
    values = same_values()

    def flow() -> None:
        box[0] = Continuation.loads(box[0].dumps()).resume()

    def plainly() -> None:
        pickle.loads(pickle.dumps(values, protocol=5))

    times = alternate({"flow": flow, "plain": plainly}, rounds, loops)
    return {
        "flow_ns": times["flow"],
        "plain_ns": times["plain"],
        "flow_bytes": len(box[0].dumps()),
        "plain_bytes": len(pickle.dumps(values, protocol=5)),
    }


# --- the disk ----------------------------------------------------------------------


def durable_times(rounds: int) -> dict[str, float]:
    """Return nanoseconds of a flow's way to the disk, and of one commit of its bytes.

    The flow's way begins at its suspend() and ends when the store's commit returns.
    """
    suspends, commits, sizes = [], [], []
    with tempfile.TemporaryDirectory(prefix="greenflow-bench-") as folder:
        store = greenflow.open(f"{folder}/store")
        other = lmdb.open(f"{folder}/plain", map_size=1 << 30, max_dbs=1)
        try:
            watch = Watch(store)
            flow = store.spawn(durable, FRAMES - 1, "top", [0])
            store.run()
            for turn in range(rounds + 2):
                flow.resume(turn)
                store.run()
                begin = perf_counter_ns()
                with other.begin(write=True) as transaction:
                    transaction.put(b"key", b"x" * watch.bytes)
                ended = perf_counter_ns()
                suspends.append(watch.committed - ASKED[0])
                commits.append(ended - begin)
                sizes.append(watch.bytes)
        finally:
            other.close()
            store.close()
    return {
        "suspend_ns": median(suspends[2:]),
        "commit_ns": median(commits[2:]),
        "bytes": median(sizes[2:]),
    }


#: When the flow called suspend() last; a global, which is no part of the flow.
ASKED = [0]


def durable(n: int, name: str, items: list[int]) -> int:
    """As :func:`level`, but it takes the time before each suspend."""
    pair = (n, name)
    table = {"n": n, "total": n * 7}
    if n:
        below = durable(n - 1, f"level {n}", [n, n + 1, n + 2])
        return below + len(items) + pair[0] + table["n"]
    while n == 0:
        ASKED[0] = perf_counter_ns()
        suspend()
    return n


class Watch:
    """Notes when the store's commit returned, and how many bytes it wrote."""

    def __init__(self, store: greenflow.Store) -> None:
        self.committed = 0
        self.bytes = 0
        self._commit_all = store.base.commit_all
        store.base.commit_all = self.commit_all  # type: ignore[method-assign]

    def commit_all(self, steps: Any) -> Any:
        """Commit as the store does; by run() that is one step at a time."""
        outcomes = self._commit_all(steps)
        self.committed = perf_counter_ns()
        [(_, prepared)] = steps
        step = prepared.step
        self.bytes = size_of(step.state or b"") + len(step.value or b"")
        return outcomes


# --- the report --------------------------------------------------------------------


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Return the whole report, as plain values."""
    rounds = 3 if quick else 41
    depths = {depth: frame_times(depth, rounds) for depth in DEPTHS}
    small = bytes_times(rounds, 5 if quick else 200)
    disk = durable_times(5 if quick else 300)
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "frames": {str(depth): times for depth, times in depths.items()},
        "bytes": small,
        "durable": disk,
        "ratios": {
            "time": small["flow_ns"] / small["plain_ns"],
            "bytes": small["flow_bytes"] / small["plain_bytes"],
            "durable": disk["suspend_ns"] / disk["commit_ns"],
        },
        "goals": GOALS,
    }


def render(report: dict[str, Any]) -> str:
    """Return the report as text for people."""
    lines = [f"CPython {report['python']}, {report['machine']}; medians", ""]
    lines.append("frames        capture     rebuild   plain call   (ns per frame)")
    for depth, times in report["frames"].items():
        capture, rebuild, call = (
            times[f"{name}_ns"] for name in ("capture", "rebuild", "call")
        )
        lines.append(
            f"{int(depth):>6,}  {capture:8.0f} {capture / call:3.1f}x"
            f" {rebuild:6.0f} {rebuild / call:3.1f}x {call:8.0f}"
        )
    small, disk = report["bytes"], report["durable"]
    sizes = f"{small['flow_bytes']:,} bytes against {small['plain_bytes']:,}"
    lines += [
        "",
        row("suspend -> bytes -> resume", small["flow_ns"], small["plain_ns"], "time"),
        f"  {sizes} (goal: at most {GOALS['bytes']:,})",
        row("suspend to durable", disk["suspend_ns"], disk["commit_ns"], "durable"),
        f"  of {disk['bytes']:,.0f} bytes",
    ]
    return "\n".join(lines)


def row(what: str, cost: float, floor: float, goal: str) -> str:
    """Return one line: the cost, what it is compared with, and their ratio."""
    return (
        f"{what}: {cost / 1000:.1f} us against {floor / 1000:.1f} us, "
        f"{cost / floor:.2f}x (goal: at most {GOALS[goal]:.2f}x)"
    )
