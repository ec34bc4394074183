"""The program changed between suspend and resume; programs of several files."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

APP = """
from greenflow import suspend

FACTOR = 2

def helper(x):
    return x * FACTOR

def work(a):
    kept = [a]
    got = below(a + 1)
    return kept, got, helper(a)

def below(b):
    return b, suspend("asked")

def outer(n):
    def inner():
        return n, suspend("inner")
    return inner()
"""

SAVE = """
import app, pathlib, sys
from greenflow import Continuation
k = Continuation.start(getattr(app, sys.argv[1]), 5)
pathlib.Path("saved").write_bytes(k.dumps())
"""

LOAD = """
import pathlib
from greenflow import Continuation
try:
    k = Continuation.loads(pathlib.Path("saved").read_bytes())
    print(k.resume("answer").value)
except Exception as error:
    print(type(error).__name__, error)
"""

NO_CACHE = {"PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture
def answer(child, tmp_path: Path):
    """Save a flow of APP, change APP, return what going on with it gives."""

    def run(function: str, change) -> str:
        app = tmp_path / "app.py"
        app.write_text(APP)
        for name, text in (("save.py", SAVE), ("load.py", LOAD)):
            (tmp_path / name).write_text(text)
        child("save.py", function, env=NO_CACHE)
        changed = change(APP)
        app.unlink() if changed is None else app.write_text(changed)
        return child("load.py", "now", env=NO_CACHE).stdout.strip()

    return run


def test_nothing_changed(answer):
    assert answer("work", lambda text: text) == "([5], (6, 'answer'), 10)"


def test_a_function_on_the_stack_changed(answer):
    for old, new in (
        ("kept = [a]", "kept = [a, a]"),
        ("return b, suspend", "return 1, suspend"),
        ("def below(b):", "def below(b, c=3):"),
    ):
        said = answer("work", lambda text, o=old, n=new: text.replace(o, n))
        assert said.startswith("CodeChanged"), said
        assert "app" in said
        assert "HINT" in said


def test_a_function_that_is_not_on_the_stack_changed(answer):
    said = answer("work", lambda text: text.replace("x * FACTOR", "x * FACTOR + 1"))
    assert said == "([5], (6, 'answer'), 11)"


def test_a_global_changed(answer):
    said = answer("work", lambda text: text.replace("FACTOR = 2", "FACTOR = 3"))
    assert said == "([5], (6, 'answer'), 15)"


def test_the_code_moved_to_other_lines(answer):
    said = answer("work", lambda text: "# one more line\n\n" + text)
    assert said == "([5], (6, 'answer'), 10)"


def test_a_function_was_renamed(answer):
    said = answer("work", lambda text: text.replace("below", "beneath"))
    assert said.startswith(("CodeMissing", "CodeChanged")), said
    said = answer("work", lambda text: text.replace("def below", "def beneath"))
    assert said.startswith("CodeMissing"), said
    assert "below" in said


def test_the_module_is_gone(answer):
    said = answer("work", lambda text: None)
    assert said.startswith("CodeMissing"), said
    assert "app" in said


def test_the_module_cannot_be_imported(answer):
    said = answer("work", lambda text: "import no_such_module_xyz\n" + text)
    assert said.startswith("CodeMissing"), said


def test_a_nested_function(answer):
    assert answer("outer", lambda text: text) == "(5, 'answer')"
    said = answer(
        "outer", lambda text: text.replace("return n, susp", "return 1, susp")
    )
    assert said.startswith("CodeChanged"), said


# --- what lies in __main__ goes by value -------------------------------------------

MAIN = """
import pathlib, sys
from greenflow import Continuation, suspend

STEP = 10

class Item:
    def __init__(self, n):
        self.n = n
    def more(self):
        return Item(self.n + STEP)

def helper(item):
    return item.more().n

def work(n):
    item = Item(n)
    got = suspend(item.n)
    return got, helper(item), type(item).__name__, (lambda: STEP + n)()

if __name__ == "__main__":
    saved = pathlib.Path("saved")
    if saved.exists():
        print(Continuation.loads(saved.read_bytes()).resume("answer").value)
    else:
        saved.write_bytes(Continuation.start(work, 1).dumps())
"""


@pytest.mark.parametrize("program", ["main.py", "load.py"])
def test_a_flow_of_main_goes_on(child, tmp_path: Path, program: str):
    (tmp_path / "main.py").write_text(MAIN)
    (tmp_path / "load.py").write_text(LOAD)
    child("main.py", "save")
    said = child(program, "load").stdout.strip()
    assert said == "('answer', 11, 'Item', 11)"


def test_a_flow_of_main_goes_on_where_its_file_is_gone(child, tmp_path: Path):
    (tmp_path / "main.py").write_text(MAIN)
    (tmp_path / "load.py").write_text(LOAD)
    child("main.py", "save")
    (tmp_path / "main.py").unlink()
    said = child("load.py", "load").stdout.strip()
    assert said == "('answer', 11, 'Item', 11)"


def test_code_given_by_the_command_line(child, tmp_path: Path):
    (tmp_path / "load.py").write_text(LOAD)
    child(
        dedent(
            """
            import pathlib
            from greenflow import Continuation, suspend

            def work(n):
                return n, [suspend(i) for i in range(1)]

            pathlib.Path("saved").write_bytes(Continuation.start(work, 3).dumps())
            """
        )
    )
    assert child("load.py", "load").stdout.strip() == "(3, ['answer'])"
