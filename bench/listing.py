"""How long a page of a long list takes: flows of a store, by age."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenflow.store import LmdbStore
from greenflow.store.base import FlowRecord, NewFlow
from greenflow.store.creating import create, prepare

if TYPE_CHECKING:
    from collections.abc import Callable

FLOWS = 1_000_000
QUICK_FLOWS = 20_000
PAGE = 100
_BATCH = 5_000
_ROUNDS = 50


def fill(store: LmdbStore, count: int) -> None:
    """Make flows ``flow-0000000`` and so on, many in one transaction."""
    for begin in range(0, count, _BATCH):
        prepared = [
            prepare(
                NewFlow(
                    record=FlowRecord(
                        id=f"flow-{number:07}",
                        status="ready",
                        function="shop:approval",
                        created=1e9 + number,
                        updated=1e9 + number,
                    ),
                    state=b"state",
                ),
                store.depot,
            )
            for number in range(begin, min(begin + _BATCH, count))
        ]

        def write(work: Any, flows: list[Any] = prepared) -> None:
            for each in flows:
                create(work, each, time.time())

        store.write(write)


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Return the milliseconds of pages from several places of the list."""
    count = QUICK_FLOWS if quick else FLOWS
    folder = tempfile.mkdtemp(prefix="greenflow-bench-")
    try:
        store = LmdbStore(Path(folder) / "store")
        began = time.perf_counter()
        fill(store, count)
        filled = time.perf_counter() - began
        pages = {
            "first": "",
            "middle": f"flow-{count // 2:07}",
            "last": f"flow-{count - PAGE - 1:07}",
        }
        report = {
            name: _milliseconds(lambda after=after: _page(store, after))
            for name, after in pages.items()
        }
        store.close()
    finally:
        shutil.rmtree(folder)
    return {"flows": count, "page": PAGE, "fill_s": filled, "pages_ms": report}


def _page(store: LmdbStore, after: str) -> None:
    if len(list(store.flows(after=after, limit=PAGE))) != PAGE:
        raise SystemExit(f"no whole page behind {after!r}")


def _milliseconds(call: Callable[[], None]) -> dict[str, float]:
    times = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        call()
        times.append((time.perf_counter() - began) * 1000)
    return {"first": times[0], "median": statistics.median(times), "worst": max(times)}


def render(report: dict[str, Any]) -> str:
    """Return the report as text."""
    made = f"{report['flows']:,} flows, made in {report['fill_s']:.0f} s"
    lines = [f"{made}; pages of {report['page']}, in ms:"]
    lines += [
        f"  {name:7} once {ms['first']:.1f}, median {ms['median']:.1f}, "
        f"worst {ms['worst']:.1f}"
        for name, ms in report["pages_ms"].items()
    ]
    return "\n".join(lines)
