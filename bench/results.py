"""What was measured last: ``bench/results/NAME.json``, one file for each benchmark."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

#: The benchmarks of ``python -m bench suite``, in their order.
SUITE: Final = ("sizes", "many", "redeploy", "switching", "core", "peers")
FOLDER: Final = Path(__file__).parent / "results"


def save(name: str, report: dict[str, Any]) -> None:
    """Keep a report. It is written beside and moved: a reader gets all or nothing."""
    FOLDER.mkdir(exist_ok=True)
    fresh = FOLDER / f"{name}.json.new"
    # Errors may name files; where the project lies is nobody's concern.
    text = _compact(report).replace(f"{FOLDER.parents[1]}/", "")
    fresh.write_text(f"{text}\n")
    fresh.replace(FOLDER / f"{name}.json")


def _compact(report: dict[str, Any]) -> str:
    """Return it as JSON with a line for each row, so that changes can be read."""
    rows = report.get("rows")
    if rows is None:
        return json.dumps(report, indent=1)
    head = json.dumps({**report, "rows": None}, indent=1)
    lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
    return head.replace('"rows": null', f'"rows": [\n{lines}\n ]')


def load_all() -> dict[str, Any]:
    """Return the last reports by name; those that were never made are not there."""
    files = (FOLDER / f"{name}.json" for name in SUITE)
    return {file.stem: json.loads(file.read_text()) for file in files if file.exists()}


def run(name: str, words: list[str]) -> int:
    """Run one benchmark in a process of its own; return its exit code."""
    command = [sys.executable, "-m", "bench", name, *words]
    return subprocess.run(command, cwd=FOLDER.parents[1], check=False).returncode
