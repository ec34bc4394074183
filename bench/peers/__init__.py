"""The same job by others: LangGraph and DBOS, each with SQLite, beside greenflow.

``python -m bench peers [--quick]``. One small thing waits, is saved, and goes on, many
times: in a process that runs, and in a new one. Each peer is used as its documents
begin, with its own defaults. What a save is differs: see each script.
"""

from __future__ import annotations

import tempfile
import time
from typing import Any, Final

from bench import machine
from bench.measure import spread
from bench.peers.turns import PEERS, PeerFailed, once, path_of
from bench.turns import say

_ROUNDS: Final = 4


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Return the whole report, as plain values; times in ms."""
    begin, facts = time.monotonic(), machine.facts()
    rows: dict[str, dict[str, Any]] = {}
    ready = {}
    for peer in PEERS:
        path, why = path_of(peer)
        rows[peer.name] = {"name": peer.name, "samples": {}}
        if why:
            rows[peer.name]["skipped"] = why
        else:
            ready[peer] = path
    for _ in range(1 if quick else _ROUNDS):
        for peer, path in ready.items():
            say(f"peers: {peer.name}")
            with tempfile.TemporaryDirectory(prefix="greenflow-bench-") as folder:
                try:
                    found = once(peer, path, folder, 3 if quick else peer.turns)
                except PeerFailed as error:
                    rows[peer.name]["skipped"] = str(error)
                    continue
            rows[peer.name]["settings"] = found.pop("settings", "")
            for metric, samples in found.items():
                kept = rows[peer.name]["samples"].setdefault(metric, [])
                kept += [round(sample, 4) for sample in samples]
    return {
        **facts,
        "rows": list(rows.values()),
        "load_at_end": machine.load(),
        "seconds": round(time.monotonic() - begin),
    }


def render(report: dict[str, Any]) -> str:
    """Return the report as text for people; medians in ms."""
    lines = []
    for row in report["rows"]:
        cells = [
            f"{metric} {spread(samples)['median']:.2f}"
            for metric, samples in row["samples"].items()
        ]
        if "skipped" in row:
            cells.append(f"skipped: {row['skipped']}")
        lines.append(f"{row['name']:10} {'  '.join(cells)}  {row.get('settings', '')}")
    return "\n".join(lines)
