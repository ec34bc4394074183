"""``python -m bench core|keyed|listing|runtime [--json] [--quick]``: print a report."""

from __future__ import annotations

import argparse
import json
import sys

from bench import core, keyed, listing, runtime

#: By name: what makes a report of plain values, and what turns it into text.
BENCHMARKS = {
    "core": (core.measure, core.render),
    "keyed": (keyed.measure, keyed.render),
    "listing": (listing.measure, listing.render),
    "runtime": (runtime.measure, runtime.render),
}


def main(arguments: list[str] | None = None) -> int:
    """Run one benchmark and print its report."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("name", choices=sorted(BENCHMARKS))
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--quick", action="store_true", help="a few rounds only: to see that it runs"
    )
    options = parser.parse_args(arguments)
    measure, render = BENCHMARKS[options.name]
    report = measure(quick=options.quick)
    sys.stdout.write(json.dumps(report, indent=2) if options.json else render(report))
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
