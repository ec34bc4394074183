"""What a key costs: commits in stores with and without one, in turns."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from greenflow.store import LmdbStore, keyfile
from greenflow.store.base import Claim, FlowRecord, NewFlow, Step

#: Bytes of a state, and steps that one transaction commits.
STATES = (1_000, 3_000, 100_000)
GROUPS = (1, 16)
_ROUNDS = 40
_COMMITS = 25


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Return the ratios of paired rounds, by state and group."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        keys = keyfile.make(Path(folder) / "key")
        stores = {
            "plain": LmdbStore(Path(folder) / "plain"),
            "signed": LmdbStore(Path(folder) / "signed", keys=keys),
            "encrypted": LmdbStore(Path(folder) / "encrypted", keys=keys, encrypt=True),
        }
        try:
            found = [
                _case(stores, size, group, 4 if quick else _ROUNDS)
                for size in STATES
                for group in GROUPS
            ]
        finally:
            for store in stores.values():
                store.close()
    return {"commits": found}


def _case(
    stores: dict[str, LmdbStore], size: int, group: int, rounds: int
) -> dict[str, Any]:
    claims = {
        name: [_claim(store, f"{size}-{group}-{number}") for number in range(group)]
        for name, store in stores.items()
    }
    seconds: dict[str, list[float]] = {name: [] for name in stores}
    for number in range(rounds):
        order = list(stores) if number % 2 else list(stores)[::-1]
        for name in order:
            seconds[name].append(_commits(stores[name], claims[name], size, number))
    plain = seconds["plain"]
    ratios = {
        name: sorted(own / other for own, other in zip(times, plain, strict=True))
        for name, times in seconds.items()
        if name != "plain"
    }
    return {
        "state_bytes": size,
        "group": group,
        "microseconds": {
            name: statistics.median(times) / _COMMITS / group * 1e6
            for name, times in seconds.items()
        },
        "ratios": {
            name: {
                "median": statistics.median(each),
                "low": each[len(each) // 4],
                "high": each[-1 - len(each) // 4],
            }
            for name, each in ratios.items()
        },
    }


def _claim(store: LmdbStore, flow_id: str) -> Claim:
    record = FlowRecord(
        id=flow_id, status="ready", function="m:f", created=1.0, updated=1.0
    )
    store.create(NewFlow(record=record, state=b"begins"))
    claim = store.claim(flow_id)
    assert claim is not None
    return claim


def _commits(store: LmdbStore, claims: list[Claim], size: int, number: int) -> float:
    data = (b"%d: some words that are not all the same %d. " % (number, size)) * size
    state = data[:size]
    began = time.perf_counter()
    for _ in range(_COMMITS):
        steps = [
            (each, store.prepare(each, Step(status="running", state=state)))
            for each in claims
        ]
        for outcome in store.commit_all(steps):
            if isinstance(outcome, Exception):
                raise outcome
    return time.perf_counter() - began


def render(report: dict[str, Any]) -> str:
    """Return the report as text."""
    lines = ["commit of one step, against a store without a key (quartiles of pairs):"]
    for case in report["commits"]:
        told = ", ".join(
            f"{name} {each['median']:.2f}x ({each['low']:.2f}-{each['high']:.2f})"
            for name, each in case["ratios"].items()
        )
        plain = case["microseconds"]["plain"]
        lines.append(
            f"  state {case['state_bytes']:>7,} B, {case['group']:>2} in a "
            f"transaction: {told}; plain {plain:,.0f} us"
        )
    return "\n".join(lines)
