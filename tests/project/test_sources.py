"""Rules about the source text that no linter knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.project.tree import ROOT, name, sources

LINES_MAX = 300
README_LINES_MAX = 199

VERSION_TEST = re.compile(r"\bPY_(VERSION_HEX|M[AI][JN]OR_VERSION|MICRO_VERSION)\b")
INTERNAL_HEADER = re.compile(r'#\s*include\s*[<"](internal/)?pycore_')
#: One for each CPython, and what several of them share.
LAYOUT_FILE = re.compile(r"csrc/layout_(cp3\d\d|[a-z_]+)\.h")
#: Picks the layout file, and may do nothing else with a version.
PICKER = "csrc/layout.h"

# Written in pieces, so that this file does not find itself.
PLACES = (
    r"(?<![\w.$}])/" + "root/",
    r"(?<![\w.$}])/" + "work/",
    r"(?<![\w.$}])/" + "home/" + r"\w",
    r"(?<![\w.$}])/opt/" + "(pypi|wheels)",
    r"\bpypi\." + "org",
    r"\bpythonhosted\." + "org",
    r"\bdeb\.debian\." + "org",
    re.escape(str(ROOT)) + "/",
    re.escape(str(Path.home())) + "/",
)


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def hits(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    return [
        f"{name(path)}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(lines_of(path), 1)
        if pattern.search(line)
    ]


def test_the_project_has_sources_of_every_kind() -> None:
    # The rules below hold for every file that is found: some must be.
    assert len(sources(".py")) > 20
    assert len(sources(".c")) > 3
    assert len(sources(".h")) > 2


def test_only_layout_files_include_headers_of_the_interpreter_core() -> None:
    others = [path for path in sources(".c", ".h") if not LAYOUT_FILE.match(name(path))]
    assert hits(INTERNAL_HEADER, others) == []
    layouts = [path for path in sources(".h") if LAYOUT_FILE.match(name(path))]
    assert hits(INTERNAL_HEADER, layouts) != []


def test_only_the_picker_and_layout_files_test_the_version() -> None:
    others = [
        path
        for path in sources(".c", ".h")
        if not LAYOUT_FILE.match(name(path)) and name(path) != PICKER
    ]
    assert hits(VERSION_TEST, others) == []


def test_an_unknown_interpreter_is_refused_at_build() -> None:
    assert "#error" in (ROOT / PICKER).read_text()


@pytest.mark.parametrize("suffix", [".py", ".pyi", ".c", ".h"])
def test_no_file_is_long(suffix: str) -> None:
    long = {
        name(path): count
        for path in sources(suffix)
        if (count := len(lines_of(path))) > LINES_MAX
    }
    assert long == {}


def test_the_readme_is_short() -> None:
    assert len(lines_of(ROOT / "README.md")) <= README_LINES_MAX


@pytest.mark.parametrize("place", PLACES)
def test_no_file_names_a_machine(place: str) -> None:
    assert hits(re.compile(place), sources()) == []


def test_nothing_is_left_for_later() -> None:
    leftover = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    assert hits(leftover, sources()) == []
