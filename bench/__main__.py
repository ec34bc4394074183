"""``python -m bench NAME [--json] [--quick]``: measure, print, exit.

``suite`` measures all there is, and ``report`` shows again what was measured last.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from typing import Any

from bench import results

#: Each has ``measure()``, which makes a report of plain values, and ``render()``, which
#: turns that into text.
BENCHMARKS = (
    *("bigstate", "keyed", "listing", "runtime", "starting", "switch"),
    *results.SUITE,
)
#: Those that take how often, and whether with data of 1,000 MB.
_LONG = ("sizes",)


def main(arguments: list[str] | None = None) -> int:
    """Run one benchmark, or all of the suite, and print the report."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "name", choices=sorted({*BENCHMARKS, "suite", "report"}), metavar="NAME"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--quick", action="store_true", help="a few rounds only: to see that it runs"
    )
    parser.add_argument(
        "--rounds", type=int, help="repetitions of sizes, instead of 3 to 5"
    )
    parser.add_argument("--huge", action="store_true", help="1,000 MB, too, in sizes")
    parser.add_argument(
        "--save", action="store_true", help="keep it for report: in bench/results"
    )
    options = parser.parse_args(arguments)
    if options.name == "report":
        return _report()
    if options.name == "suite":
        return _suite(options)
    module = importlib.import_module(f"bench.{options.name}")
    long = {"rounds": options.rounds, "huge": options.huge}
    more = long if options.name in _LONG else {}
    report = module.measure(quick=options.quick, **more)
    if options.save:
        results.save(options.name, report)
    text = json.dumps(report, indent=2) if options.json else module.render(report)
    sys.stdout.write(f"{text}\n")
    return 0


def _suite(options: argparse.Namespace) -> int:
    """Measure each in a process of its own: what one leaves behind slows no other."""
    words = ["--quick"] if options.quick else ["--save"]
    words += ["--huge"] if options.huge else []
    words += ["--rounds", str(options.rounds)] if options.rounds else []
    failed = [name for name in results.SUITE if results.run(name, words)]
    if not options.quick:
        _report()
    for name in failed:
        print(f"{name} was not measured: it failed", file=sys.stderr)
    return 1 if failed else 0


def _report() -> int:
    from bench import plots, report

    known: dict[str, Any] = results.load_all()
    plots.draw(known)
    return report.main()


if __name__ == "__main__":
    sys.exit(main())
