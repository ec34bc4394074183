"""The tools that run the matrix: what counts, and what is told of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.project.tree import ROOT


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    import importlib

    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    names = ("results", "record", "report")
    return {name: importlib.import_module(name) for name in names}


def test_a_whole_run_is_told_from_a_part(tools: dict[str, ModuleType]) -> None:
    whole = tools["record"].whole
    assert whole(["-p", "no:cacheprovider", "-o", "timeout=1", "--capture=sys"])
    assert whole(["-n", "2", "-q", "--tb=short", "-n4"])
    assert not whole(["-q", "tests/core"])
    assert not whole(["-k", "name"])
    assert not whole(["--deselect=tests/core"])


def test_tests_are_counted(tools: dict[str, ModuleType], tmp_path: Path) -> None:
    (tmp_path / "test_four.py").write_text(
        "import pytest\n"
        "def test_passes(): pass\n"
        "def test_passes_too(): pass\n"
        "def test_fails(): assert False\n"
        "def test_is_skipped(): pytest.skip('')\n"
    )
    report = tmp_path / "report.xml"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(tmp_path)]
    rooted = [*command, f"--rootdir={tmp_path}", f"--junitxml={report}"]
    done = subprocess.run(rooted, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 1
    assert tools["record"].counts(report) == {"passed": 2, "failed": 1, "skipped": 1}


def test_only_what_was_measured_is_reported(tools: dict[str, ModuleType]) -> None:
    ran = {"interpreter": "3.14.2", "whole": True}
    checks = {
        "test": {**ran, "result": "passed", "passed": 12, "failed": 0},
        "debug": {**ran, "result": "failed", "passed": 11, "failed": 1},
        "asan": {**ran, "result": "passed", "passed": 3, "failed": 0, "whole": False},
        "bench": {**ran, "ratios": {"time": 2, "bytes": 3, "durable": 1}},
    }
    known = {"version": "3.14", "checks": checks}
    assert tools["report"].row(known) == (
        "| 3.14.2 | 12 passed | 1 failed | - | - | 2.0x, 3.0x, 1.0x |\n"
    )
    nothing = {"version": "3.15", "checks": {}}
    assert tools["report"].row(nothing) == "| 3.15 | - | - | - | - | - |\n"


def test_the_table_is_written_between_its_markers(
    tools: dict[str, ModuleType],
) -> None:
    report = tools["report"]
    text = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
    fresh = report.rewrite(text, "new\n")
    assert fresh == f"before\n{report.BEGIN}\nnew\n{report.END}\nafter\n"
    with pytest.raises(SystemExit, match="has no"):
        report.rewrite("no markers", "new\n")
    assert report.BEGIN in (ROOT / "docs" / "tested.md").read_text()


def test_an_outcome_is_noted_for_its_version(
    tools: dict[str, ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = tools["results"]
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    results.note("3.14", "test", {"result": "passed"})
    results.note("3.14", "leaks", {"result": "failed"})
    results.note("3.14", "test", None)
    written = json.loads((tmp_path / "3.14.json").read_text())
    assert written == {"version": "3.14", "checks": {"leaks": {"result": "failed"}}}
