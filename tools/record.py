"""Run one check of one CPython, and note how it ended for the matrix and the report.

``record.py CHECK PYTHON COMMAND...`` ends as COMMAND does. If that is a pytest, its
tests are counted; if it is ``bench core``, its ratios are kept.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import results

_ASK = "import sys; print('%d.%d' % sys.version_info[:2], sys.version.split()[0])"
_SHOW = (
    "import json, sys; from bench import core; print(core.render(json.load(sys.stdin)))"
)
#: Pytest's options that change how the tests are run, and never which.
_HARMLESS = ("-q", "-v", "-vv", "-x", "-s", "-ra", "--capture=sys")
_HARMLESS_WITH_VALUE = ("-n", "-p", "-o", "--tb", "--durations", "--junitxml")


def whole(arguments: list[str]) -> bool:
    """Tell whether pytest, with these arguments, runs the whole suite."""
    rest = iter(arguments)
    for argument in rest:
        if argument in _HARMLESS_WITH_VALUE:
            next(rest, None)
        elif argument not in _HARMLESS and not argument.startswith(
            ("-n", *(f"{option}=" for option in _HARMLESS_WITH_VALUE))
        ):
            return False
    return True


def counts(report: Path) -> dict[str, int]:
    """Return what became of the tests, from pytest's own report."""
    totals = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):
        for name in totals:
            totals[name] += int(suite.get(name, 0))
    failed = totals["failures"] + totals["errors"]
    return {
        "passed": totals["tests"] - failed - totals["skipped"],
        "failed": failed,
        "skipped": totals["skipped"],
    }


def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command; one that the user broke off is not noted at all."""
    with subprocess.Popen(command, text=True, **options) as process:
        try:
            output, _ = process.communicate()
        except KeyboardInterrupt:
            # The terminal has interrupted the command too, which has more to say.
            process.wait()
            sys.exit(130)
        return subprocess.CompletedProcess(command, process.returncode, output)


def run_tests(command: list[str]) -> tuple[int, dict[str, Any]]:
    """Run a pytest; one that was killed leaves no report, and so no counts."""
    with tempfile.TemporaryDirectory(prefix="greenflow-record-") as folder:
        report = Path(folder) / "report.xml"
        code = run([*command, f"--junitxml={report}"]).returncode
        found = counts(report) if report.exists() else {}
    arguments = command[command.index("pytest") + 1 :]
    return code, {**found, "whole": whole(arguments)}


def run_bench(python: str, command: list[str]) -> tuple[int, dict[str, Any]]:
    """Run the benchmark for its numbers, and show them as it shows them itself."""
    done = run([*command, "--json"], stdout=subprocess.PIPE)
    if done.returncode:
        return done.returncode, {}
    subprocess.run([python, "-c", _SHOW], input=done.stdout, text=True, check=False)
    return 0, {"ratios": json.loads(done.stdout)["ratios"]}


def main(check: str, python: str, *command: str) -> int:
    version, interpreter = subprocess.run(
        [python, "-c", _ASK], capture_output=True, text=True, check=True
    ).stdout.split()
    begun = time.monotonic()
    if "pytest" in command:
        code, found = run_tests(list(command))
    elif command[-2:] == ("bench", "core"):
        code, found = run_bench(python, list(command))
    else:
        code, found = run(list(command)).returncode, {}
    outcome = {
        "result": "failed" if code else "passed",
        "interpreter": interpreter,
        "seconds": round(time.monotonic() - begun),
        **found,
    }
    results.note(version, check, outcome)
    # A shell's way to tell of a signal.
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
