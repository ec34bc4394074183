"""Flows that another minor version of CPython saved go on here, and ours there."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.core.pythons import asks, of_other_minors

TARGET = Path(__file__).parent / "target_crossing.py"
OURS = Path(sys.executable)
ENV = {"PYTHONDONTWRITEBYTECODE": "1"}

#: In one Python the same of each pair: a loop that goes over something else.
CONTROL = f"""
import sys
sys.path.insert(0, {str(TARGET.parents[2])!r})
from greenflow.continuation.upgrading import carrying
from tests.upgrading.target_crossing import go
carrying._iterator = lambda value, counted: iter([7, 8])
go(sys.argv[1])
"""

APP = """
import greenflow

def ask(n):
    got = greenflow.recv()
    return f"{got} for {n}"

class Block:
    def __enter__(self):
        return self
    def __exit__(self, *error):
        self.left = True

def work(n):
    found, block = [], Block()
    for each in [n, n + 1]:
        with block:
            found.append(ask(each))
    return found, block.left

def waits(n):
    return [each for each in numbers(n)]

def numbers(n):
    yield greenflow.recv()

def begin(name):
    made = greenflow.options(id=name)
    made.spawn(globals()[name], 5)
    greenflow.run()
"""


@pytest.fixture(scope="module")
def others() -> tuple[Path, ...]:
    found = of_other_minors()
    if not found:
        pytest.skip("greenflow is not installed for another minor version here")
    return found


@pytest.fixture
def ask(tmp_path: Path):
    (tmp_path / "app.py").write_text(APP)
    return asks(tmp_path, **ENV)


def test_the_corpus_goes_on_right_or_is_refused(others, ask, tmp_path: Path):
    for other in others:
        for saver, loader in ((OURS, other), (other, OURS)):
            file = str(tmp_path / "states")
            assert ask(saver, str(TARGET), "save", file) == ""
            said = json.loads(ask(loader, str(TARGET), "go", file))
            assert said["wrong"] == []
            assert len(said["right"]) >= 70, (saver, loader, said["refused"])
            assert len(said["refused"]) <= 42
            assert "" not in said["refused"].values()


def test_the_comparison_sees_a_loop_over_something_else(others, ask, tmp_path: Path):
    file = str(tmp_path / "states")
    ask(others[0], str(TARGET), "save", file)
    assert len(json.loads(ask(OURS, "-c", CONTROL, file))["wrong"]) > 3


def test_a_flow_of_a_store_goes_on_there_and_comes_back(others, ask, tmp_path: Path):
    other = others[0]
    ask(OURS, "-c", "import app; app.begin('work')")
    ask(OURS, "-m", "greenflow", "send", "work", '"x"')
    assert "1 upgraded" in ask(
        other, "-m", "greenflow", "check", "--all", "--code", "upgrade"
    )
    ask(other, "-m", "greenflow", "worker", "--once", "--code", "upgrade")
    assert "waiting" in ask(other, "-m", "greenflow", "show", "work")
    # Another Python and an edit at once.
    fixed = APP.replace("return found,", "return 'fixed', found,")
    (tmp_path / "app.py").write_text(fixed)
    ask(OURS, "-m", "greenflow", "send", "work", '"y"')
    ask(OURS, "-m", "greenflow", "worker", "--once", "--code", "upgrade")
    result = ask(OURS, "-c", "import greenflow; print(greenflow.get('work').result(9))")
    assert result == "('fixed', ['x for 5', 'y for 6'], True)\n"


def test_what_is_not_certain_is_refused_and_goes_on_where_it_was_saved(others, ask):
    other = others[0]
    ask(OURS, "-c", "import app; app.begin('waits')")
    ask(OURS, "-m", "greenflow", "send", "waits", '"x"')
    said = ask(other, "-m", "greenflow", "worker", "--once", "--code", "upgrade")
    assert "in which it cannot go on: " in said
    assert "hospital" in ask(other, "-m", "greenflow", "show", "waits")
    ask(OURS, "-c", "import greenflow; greenflow.get('waits').retry()")
    ask(OURS, "-m", "greenflow", "worker", "--once")
    result = ask(
        OURS, "-c", "import greenflow; print(greenflow.get('waits').result(9))"
    )
    assert result == "['x']\n"
