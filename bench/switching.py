"""What in-memory switching and pickling cost in one process: the floors under a flow.

``python -m bench switching [--quick]``. Each figure is pyperf's, of worker processes of
its own: a call, a generator, greenlets, asyncio, gevent, pickles, and greenflow's own
way to bytes and back without a store. PyPy is fetched from a newer Debian suite if it
is not on the PATH; Stackless Python stopped at 3.8, and nobody packages it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from bench import machine
from bench.fetching import NotFetched, fetched
from bench.measure import spread
from bench.peers import environments
from bench.turns import say
from bench.workloads import clean_python, environment

_HERE: Final = Path(__file__).parent
_SECONDS_MAX: Final = 600
#: Processes, values in each, and calls before they count; pyperf itself takes 20.
_EFFORT: Final = ("--processes", "3", "--values", "5", "--warmups", "1")
_QUICK: Final = ("--debug-single-value",)


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Return the whole report, as plain values; times in ns."""
    begin, facts = time.monotonic(), machine.facts()
    path, skipped = environments.packages(["gevent"])
    rows = _perf(path, _QUICK if quick else _EFFORT)
    if skipped:
        rows.append({"name": "gevent", "skipped": skipped})
    rows += _pypy()
    return {
        **facts,
        "rows": rows,
        "load_at_end": machine.load(),
        "seconds": round(time.monotonic() - begin),
    }


def _perf(path: str, effort: tuple[str, ...]) -> list[dict[str, Any]]:
    """Let pyperf run the script; return a row for each of its benchmarks."""
    say("pyperf")
    env = environments.with_path(environment(), path)
    with tempfile.TemporaryDirectory(prefix="greenflow-bench-") as folder:
        output = f"{folder}/perf.json"
        command = [clean_python(), str(_HERE / "sides" / "perf.py"), *effort]
        done = subprocess.run(
            [*command, "--inherit-environ", "PYTHONPATH", "--quiet", "-o", output],
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS_MAX,
        )
        if done.returncode:
            why = done.stderr.strip().rpartition("\n")[2]
            return [{"name": "pyperf", "skipped": why}]
        suite = json.loads(Path(output).read_text())
    return [_row(each, suite["metadata"]) for each in suite["benchmarks"]]


def _row(found: dict[str, Any], common: dict[str, Any]) -> dict[str, Any]:
    samples = [value * 1e9 for run in found["runs"] for value in run.get("values", ())]
    name = {**common, **found.get("metadata", {})}["name"]
    return {"name": name, **spread(samples)}


def _pypy() -> list[dict[str, Any]]:
    """Return what PyPy's own greenlets take, and whether they can be saved."""
    name = "PyPy: greenlet switch there and back"
    try:
        words = ("pypy3", "usr/bin/pypy3", "{}", "forky", "sid", "trixie")
        program = shutil.which("pypy3") or fetched("get-debian", "pypy3", *words)
    except NotFetched as error:
        return [{"name": name, "skipped": str(error)}]
    say("PyPy")
    script = _HERE / "sides" / "pypy.py"
    done = subprocess.run(
        [program, str(script)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        why = done.stderr.strip().rpartition("\n")[2]
        return [{"name": name, "skipped": why}]
    found = json.loads(done.stdout)
    return [
        {"name": name, **spread(found["switch"])},
        {"name": "PyPy: a continulet to bytes", "skipped": found["pickled"]},
    ]


def render(report: dict[str, Any]) -> str:
    """Return the report as text for people."""
    lines = []
    for row in report["rows"]:
        if "skipped" in row:
            lines.append(f"{row['name']}: skipped: {row['skipped']}")
        else:
            span = f"{row['p10']:,.0f} to {row['p90']:,.0f}"
            lines.append(f"{row['name']}: {row['median']:,.0f} ns ({span})")
    return "\n".join(lines)
