"""Coverage, a debugger, a profiler: a flow does the same, and they see it go on."""

from __future__ import annotations

import json
import pdb
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import child_environment
from tests.project.tree import ROOT

TARGET = "tests.core.target_observed"
SOURCE = ROOT / "tests" / "core" / "target_observed.py"
ENDS = "('total', 4190)\n"
LINES = SOURCE.read_text().splitlines()


def line_of(text: str) -> int:
    (found,) = (number for number, line in enumerate(LINES, 1) if text in line)
    return found


#: Lines that run after a suspend, in frames that were built by hand.
RESUMED = {
    line_of("# after the suspend: innermost"),
    line_of("# after the suspend: innermost") + 1,
    line_of("# after the suspend: in a generator"),
    line_of("# after the suspend: outermost"),
    line_of("# after the suspend: outermost") + 1,
}
HOST = {line_of("print(k.value)")}
CALLED = {line_of("# called after the suspend")}


def run(*command: str | Path, say: str = "", **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        env={**child_environment(), **environment},
        input=say,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def covered(core: str, data: Path, what: str, state: Path) -> tuple[str, set[int]]:
    """Run the target under coverage; return what it printed and the lines seen."""
    option = f"--data-file={data}"
    said = run(
        *("-m", "coverage", "run", option, "-m", TARGET, what, state),
        COVERAGE_CORE=core,
    )
    report = data.with_suffix(".json")
    run("-m", "coverage", "json", "-q", option, "-o", report, f"--include={SOURCE}")
    (found,) = json.loads(report.read_text())["files"].values()
    return said, set(found["executed_lines"])


CORES = ["ctrace", "pytrace"]
if sys.version_info >= (3, 12):
    CORES.append("sysmon")


@pytest.mark.parametrize("core", CORES)
def test_coverage_sees_a_flow_that_goes_on(core: str, tmp_path: Path) -> None:
    state = tmp_path / "state"
    run("-m", TARGET, "save", state)
    said, seen = covered(core, tmp_path / "data", "resume", state)
    assert said == ENDS
    assert seen >= HOST | CALLED
    if core != "sysmon":  # it asks for events of what it saw begin
        assert seen >= RESUMED


@pytest.mark.parametrize("core", CORES)
def test_a_flow_that_was_covered_goes_on_without(core: str, tmp_path: Path) -> None:
    state = tmp_path / "state"
    _, seen = covered(core, tmp_path / "data", "save", state)
    assert line_of("write_bytes") in seen
    assert run("-m", TARGET, "resume", state) == ENDS


#: The debugger that knows of calls by sys.settrace, as breakpoint() does; from 3.14 on
#: `python -m pdb` uses sys.monitoring, which tells nothing of frames that go on.
DEBUGGER = ("-m", "pdb")
if hasattr(pdb, "set_default_backend"):
    _CODE = """
import pdb
class Pdb(pdb.Pdb):
    def __init__(self, **options):
        super().__init__(**{**options, "backend": "settrace"})
pdb.Pdb = Pdb
pdb.main()
"""
    DEBUGGER = ("-c", _CODE)


@pytest.mark.skipif(
    hasattr(sys, "gettotalrefcount"), reason="a debug build shows frames of the core"
)
def test_a_breakpoint_in_a_frame_that_goes_on(tmp_path: Path) -> None:
    state = tmp_path / "state"
    run("-m", TARGET, "save", state)
    after = line_of("# after the suspend: innermost") + 1
    commands = [
        *(f"break {SOURCE}:{after}", "continue"),
        *("p 'leaf', number, answer, doubled", "up", "p 'steps', number", "up"),
        *("p 'work', total", "down", "down", "!doubled = 1000", "clear 1"),
        *("next", "next", "next", "p 'stepped', number, got", "continue", "quit"),
    ]
    said = run(*DEBUGGER, "-m", TARGET, "resume", state, say="\n".join(commands))
    assert "('leaf', 1, 101, 202)" in said
    assert "('steps', 1)" in said
    assert "('work', 11)" in said
    assert "('stepped', 1, 1000)" in said
    assert "('total', 12170)" in said  # (11 + 1001 + 204 + 1) * 10


def test_a_flow_that_was_debugged_goes_on_without(tmp_path: Path) -> None:
    state = tmp_path / "state"
    first = line_of("answer = greenflow.suspend")
    commands = [f"break {SOURCE}:{first}", "continue", "next", "clear 1", "continue"]
    run(*DEBUGGER, "-m", TARGET, "save", state, say="\n".join(commands))
    assert run("-m", TARGET, "resume", state) == ENDS


def test_a_profiler(tmp_path: Path) -> None:
    state = tmp_path / "state"
    said = run("-m", "cProfile", "-m", TARGET, "save", state)
    assert "(leaf)" in said
    assert run("-m", TARGET, "resume", state) == ENDS
    run("-m", TARGET, "save", state)
    said = run("-m", "cProfile", "-m", TARGET, "resume", state)
    assert said.startswith(ENDS)
    assert "(helper)" in said
