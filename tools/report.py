"""Write what was measured on each CPython into docs/tested.md, between the two markers.

``report.py VERSION...``: one line for each. What was not run, or of which only a part
was run, is not told of: it stands as "-".
"""

from __future__ import annotations

import sys
from typing import Any

import results

BEGIN, END = "<!-- matrix:begin -->", "<!-- matrix:end -->"
HEAD = (
    "| CPython | suite | debug build | ASAN, UBSAN | leaks "
    "| bench: time, bytes, durable |\n"
    "|---|---|---|---|---|---|\n"
)


def tests(checks: dict[str, Any], name: str) -> str:
    """Return how many tests passed, of a run of the whole suite."""
    outcome = checks.get(name, {})
    if not outcome.get("whole"):
        return "-"
    if outcome["result"] == "passed":
        return f"{outcome['passed']} passed"
    return f"{outcome.get('failed') or 'run'} failed"


def leaks(checks: dict[str, Any]) -> str:
    outcome = checks.get("leaks")
    if outcome is None or "why" in outcome:
        return "-"
    return "none found" if outcome["result"] == "passed" else "failed"


def ratios(checks: dict[str, Any]) -> str:
    """Return the benchmark's ratios, in the order of the table's head."""
    found = checks.get("bench", {}).get("ratios")
    if found is None:
        return "-"
    return ", ".join(f"{found[name]:.1f}x" for name in ("time", "bytes", "durable"))


def interpreter(checks: dict[str, Any], version: str) -> str:
    """Return the exact versions that are told of: a debug build may be another."""
    told = [
        outcome
        for name, outcome in checks.items()
        if "interpreter" in outcome and (name in ("leaks", "bench") or outcome["whole"])
    ]
    return ", ".join(sorted({outcome["interpreter"] for outcome in told})) or version


def row(known: dict[str, Any]) -> str:
    checks = known["checks"]
    cells = (
        interpreter(checks, known["version"]),
        tests(checks, "test"),
        tests(checks, "debug"),
        tests(checks, "asan"),
        leaks(checks),
        ratios(checks),
    )
    return f"| {' | '.join(cells)} |\n"


def table(known: list[dict[str, Any]]) -> str:
    return HEAD + "".join(map(row, known))


def rewrite(text: str, fresh: str) -> str:
    """Return the text with another table between its markers."""
    before, begin, rest = text.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"docs/tested.md has no {BEGIN} ... {END}")
    return f"{before}{begin}\n{fresh}{end}{after}"


def main(*versions: str) -> None:
    fresh = table([results.load(version) for version in versions])
    page = results.ROOT / "docs" / "tested.md"
    page.write_text(rewrite(page.read_text(), fresh))
    print(fresh, end="")


if __name__ == "__main__":
    main(*sys.argv[1:])
