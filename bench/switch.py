"""What tasklets cost beside greenlets, gevent and asyncio, all in one run.

``python -m bench switch [--quick]``. Switch, spawn and channel ping-pong take turns in
one process (A B A B ...), so each ratio is of the same moments; the memory of 100,000
that wait is measured in a process for each side.
"""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench import machine
from bench.measure import spread
from bench.peers import environments
from bench.workloads import clean_python, environment

_SCRIPT: Final = Path(__file__).parent / "sides" / "green.py"
_PARKED: Final = (
    "greenlet",
    "greenflow",
    "greenflow, off its stack",
    "gevent",
    "asyncio",
)
_SECONDS_MAX: Final = 600


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Return the whole report, as plain values: times in ns, memory in bytes."""
    begin, facts = time.monotonic(), machine.facts()
    path, skipped = environments.packages(["gevent"])
    rounds, count, parked = (3, 1000, 1000) if quick else (30, 5000, 100_000)
    found = _ask(path, "times", str(rounds), str(count))
    rows = [
        _row(what, side, samples, sides["greenlet"])
        for what, sides in found.items()
        for side, samples in sides.items()
    ]
    for side in _PARKED:
        if side != "gevent" or not skipped:
            size = _ask(path, "parked", side, str(parked))
            rows.append({"name": f"{parked} parked", "side": side, "bytes": size})
    if skipped:
        rows.append({"name": "gevent", "side": "gevent", "skipped": skipped})
    seconds = round(time.monotonic() - begin)
    return {**facts, "rows": rows, "load_at_end": machine.load(), "seconds": seconds}


def _row(
    what: str, side: str, samples: list[float], base: list[float]
) -> dict[str, Any]:
    ratios = [one / other for one, other in zip(samples, base, strict=True)]
    ratio = {"ratio": median(ratios), "ratio_of_best": min(samples) / min(base)}
    return {"name": what, "side": side, **spread(samples), **ratio}


def _ask(path: str, *words: str) -> Any:
    done = subprocess.run(
        [clean_python(), str(_SCRIPT), *words],
        env=environments.with_path(environment(), path),
        capture_output=True,
        text=True,
        check=True,
        timeout=_SECONDS_MAX,
    )
    return json.loads(done.stdout)


def render(report: dict[str, Any]) -> str:
    """Return the report as text for people."""
    lines = []
    for row in report["rows"]:
        name = f"{row['name']}, {row['side']}"
        if "skipped" in row:
            lines.append(f"{name}: skipped: {row['skipped']}")
        elif "bytes" in row:
            lines.append(f"{name}: {row['bytes']:,.0f} bytes each")
        else:
            span = f"{row['p10']:,.0f} to {row['p90']:,.0f}"
            times = f"{row['median']:,.0f} ns ({span})"
            ratio = f"{row['ratio']:.2f} ({row['ratio_of_best']:.2f} of the best)"
            lines.append(f"{name}: {times}, of greenlet's: {ratio}")
    return "\n".join(lines)
