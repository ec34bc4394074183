"""Run checks on several CPythons, whatever fails, and tell at the end how each went.

``matrix.py CHECKS VERSION...``: the checks are make targets, between commas. A version
that is not here is fetched. MATRIX_ARGS goes to pytest. With MATRIX_STRICT=1,
a version that cannot be had counts as a failure too.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import results


def find(version: str, *, debug: bool = False) -> tuple[str | None, str]:
    """Return an interpreter, or None and why there is none."""
    command = [str(results.ROOT / "tools" / "find-python"), version, "--fetch"]
    done = subprocess.run(
        [*command, "--debug"] if debug else command,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stderr.strip()
    if done.returncode:
        return None, said.rpartition("\n")[2]
    if said:
        print(said, flush=True)
    return done.stdout.strip(), ""


def run(check: str, version: str, python: str) -> dict[str, Any]:
    """Run one make target, and return its outcome."""
    print(f"\n=== CPython {version}: make {check}", flush=True)
    # An old outcome must not pass for that of a run which stops before its tests.
    results.note(version, check, None)
    arguments = [f"VERSION={version}", f"PYTHON={python}", "BENCH=core"]
    arguments.append(f"PYTEST_ARGS={os.environ.get('MATRIX_ARGS', '')}")
    make = [os.environ.get("MAKE", "make"), check, *arguments]
    subprocess.run(make, cwd=results.ROOT, check=False)
    outcome: dict[str, Any] | None = results.load(version)["checks"].get(check)
    if outcome is None:
        outcome = {"result": "failed", "why": "not built or installed"}
        results.note(version, check, outcome)
    return outcome


def run_version(version: str, checks: list[str]) -> list[list[str]]:
    """Run the checks of one version, and return its lines of the table."""
    python, why = find(version)
    known = results.load(version)
    known.pop("not_available", None)
    if python is None:
        known["not_available"] = why
    results.save(known)
    if python is None:
        print(f"\n=== CPython {version}: not available: {why}", flush=True)
        return [[version, "-", "-", "-", "-", "not available"]]
    lines = []
    for check in checks:
        missing = needs(check, version)
        if missing:
            print(f"\n=== CPython {version}: no {check}: {missing}", flush=True)
            results.note(version, check, None)
            lines.append([version, "-", check, "-", "-", "not available"])
        else:
            lines.append(line(version, check, run(check, version, python)))
    return lines


def needs(check: str, version: str) -> str | None:
    """Tell why a check cannot be run at all, if so."""
    if check not in ("debug", "leaks"):
        return None
    python, why = find(version, debug=True)
    return None if python else why


def line(version: str, check: str, outcome: dict[str, Any]) -> list[str]:
    """Return a line of the table."""
    numbers = (str(outcome.get(name, "-")) for name in ("passed", "failed"))
    result = outcome["result"]
    if "why" in outcome:
        result += f" ({outcome['why']})"
    return [version, outcome.get("interpreter", "-"), check, *numbers, result]


def show(lines: list[list[str]]) -> None:
    """Print the table."""
    table = [["CPython", "interpreter", "check", "passed", "failed", "result"], *lines]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    print()
    for cells in table:
        row = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        print("  ".join(row).rstrip())


def main(checks: str, *versions: str) -> int:
    lines = [
        found
        for version in versions
        for found in run_version(version, checks.split(","))
    ]
    show(lines)
    ended = [cells[-1] for cells in lines]
    missing = "not available" in ended and os.environ.get("MATRIX_STRICT") == "1"
    return int(missing or any(end.startswith("failed") for end in ended))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
