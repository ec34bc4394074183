"""What was found for each CPython: build/matrix/X.Y.json, one entry for each check."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build" / "matrix"


def load(version: str) -> dict[str, Any]:
    """Return all that is known of a version, which may be nothing."""
    try:
        found: dict[str, Any] = json.loads((FOLDER / f"{version}.json").read_text())
    except FileNotFoundError:
        return {"version": version, "checks": {}}
    return found


def save(results: dict[str, Any]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{results['version']}.json"
    # Written beside and moved: who reads at the same time gets all or nothing.
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps(results, indent=2) + "\n")
    fresh.replace(path)


def note(version: str, check: str, outcome: dict[str, Any] | None) -> None:
    """Replace what is known of one check; with None, forget it."""
    results = load(version)
    results["checks"].pop(check, None)
    if outcome is not None:
        results["checks"][check] = outcome
    save(results)
