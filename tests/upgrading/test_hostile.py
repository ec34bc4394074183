"""Deploys that go wrong, and edits that are not what they look like."""

from __future__ import annotations

import pytest

APP = """
import greenflow

def work(n):
    total = n * 2
    got = greenflow.recv()
    return "old", got, total
"""


def command(deployed, *words: str):
    done = deployed.child("-m", "greenflow", "--store", "store", *words, code=None)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("1 // 0", "'app' cannot be imported: ZeroDivisionError"),
        ("def work(:", "'app' cannot be imported: SyntaxError"),
        ("import nowhere", "No module named 'nowhere'"),
        ("raise SystemError('no config')", "SystemError: no config"),
    ],
    ids=["raises", "syntax", "import", "error"],
)
@pytest.mark.parametrize("code", ["pinned", "upgrade"])
def test_a_module_that_cannot_be_imported(deployed, broken, reason, code):
    deployed.begin(APP)
    deployed.edit(broken)
    for words in (("check", "--all", "--code", code), ("upgrade", "a", "--dry-run")):
        exit_code, said = command(deployed, *words)
        assert exit_code == 5
        assert reason in said
        assert "HINT" in said
        assert "Traceback" not in said
    said = deployed.go_on(code, "x")
    assert "CodeMissing the flow needs app:work()" in said
    assert said.splitlines()[-1].startswith("hospital")
    deployed.edit(APP)
    deployed.child("import greenflow; greenflow.open('store').get('a').retry()")
    deployed.child("import greenflow; greenflow.open('store').run()")
    assert deployed.go_on(code) == "done ('old', 'x', 10)"


def fate(deployed, old: str, new: str) -> str:
    """Return what check says of an edit, and let the flow go on."""
    deployed.begin(old)
    deployed.edit(new)
    said = command(deployed, "check", "--all", "--code", "upgrade")[1]
    return said + deployed.go_on("upgrade", "x").splitlines()[-1]


def test_a_variable_is_never_taken_for_a_global_one(deployed):
    """It had a value: what the module has under its name is another thing."""
    new = APP.replace("    total = n * 2\n", "").replace(
        "def work", "total = 7\ndef work"
    )
    said = fate(deployed, APP, new.replace('"old"', '"new"'))
    assert "'total' was a variable of the function, and is looked for outside" in said
    assert said.endswith("done ('old', 'x', 10)")


def test_nor_by_a_function_inside(deployed):
    new = APP.replace("    total = n * 2\n", "").replace(
        "got, total", "got, (lambda: total)()"
    )
    said = fate(deployed, APP, "total = 7\n" + new)
    assert "is looked for outside of it now" in said
    assert said.endswith("done ('old', 'x', 10)")


DECORATORS = """
from functools import wraps

def plain(function):
    @wraps(function)
    def inner(*args):
        return "decorated", function(*args)
    return inner

def bare(function):
    def inner(*args):
        return "bare", function(*args)
    return inner
"""
CALLED = APP.replace("def work", "def ask") + "\ndef work(n):\n    return ask(n)\n"


def decorated(source: str, name: str) -> str:
    return f"import decorators\n{source}".replace(
        "def ask", f"@decorators.{name}\ndef ask"
    )


@pytest.mark.parametrize(("code", "result"), [("pinned", "old"), ("upgrade", "new")])
def test_a_decorator_of_another_module_came(deployed, code, result):
    """The frame goes on in its own function, and finds the names of its module."""
    (deployed.folder / "decorators.py").write_text(DECORATORS)
    deployed.begin(CALLED.replace("got, total", "got, greenflow.__name__"))
    new = decorated(CALLED.replace("got, total", "got, greenflow.__name__"), "plain")
    deployed.edit(new.replace('"old"', '"new"'))
    said = deployed.go_on(code, "x").splitlines()[-1]
    assert said == f"done ('{result}', 'x', 'greenflow')"


@pytest.mark.parametrize("code", ["pinned", "upgrade"])
def test_a_decorator_hides_the_function(deployed, code):
    (deployed.folder / "decorators.py").write_text(DECORATORS)
    deployed.begin(CALLED.replace("got, total", "got, greenflow.__name__"))
    deployed.edit(decorated(CALLED, "bare"))
    said = deployed.go_on(code, "x")
    assert said.splitlines()[-1] == "done ('old', 'x', 'greenflow')"
    if code == "upgrade":
        assert "its function is not there any more" in said


def test_a_decorator_whose_frame_waits_is_gone(deployed):
    """Its variables are with the closure: there is nothing to go on with."""
    (deployed.folder / "decorators.py").write_text(DECORATORS)
    deployed.begin(decorated(CALLED, "plain"))
    deployed.edit(CALLED)
    exit_code, said = command(deployed, "check", "--all")
    assert exit_code == 5
    assert "'function' of its decorator is not there" in said
    assert "put the decorator back" in said
    assert deployed.go_on("", "x").splitlines()[-1].startswith("hospital")
    deployed.edit(decorated(CALLED, "plain"))
    deployed.child("import greenflow; greenflow.open('store').get('a').retry()")
    deployed.child("import greenflow; greenflow.open('store').run()")
    assert deployed.go_on("") == "done ('decorated', ('old', 'x', 10))"
