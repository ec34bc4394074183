"""Values that are made inside functions: the same in this process and in others."""

from __future__ import annotations

import pytest

from greenflow.continuation import pickling
from tests.values import target_made
from tests.values.target_made import MAKERS

TARGET = "tests.values.target_made"


def copy_of(value):
    return pickling.load(pickling.dump(value).data)


@pytest.mark.parametrize("name", MAKERS)
def test_in_this_process(name):
    make, check = MAKERS[name]
    values = make()
    check(*copy_of(copy_of(values)))
    check(*values)  # saving them has changed nothing


def test_in_two_more(child, tmp_path):
    for name, (make, _) in MAKERS.items():
        (tmp_path / name).write_bytes(pickling.dump(make()).data)
    for _ in range(2):
        child("-m", TARGET, tmp_path)


def test_a_class_without_a_module_is_no_obstacle(monkeypatch: pytest.MonkeyPatch):
    space = {"__builtins__": {"type": type}}
    exec("made = type('Made', (), {})", space)
    with pytest.raises(AttributeError):
        space["made"].__module__
    monkeypatch.setattr(target_made, "ODD", space["made"], raising=False)
    plain = object()
    pair = copy_of([plain, plain])
    assert pair[0] is pair[1] is not plain


def test_sentinels_of_a_program(child, tmp_path):
    (tmp_path / "program.py").write_text(
        """
import pathlib, sys
from greenflow.continuation import pickling

MISSING = object()
class Unset: pass
UNSET = Unset()
file = pathlib.Path("saved")

if sys.argv[1] == "save":
    file.write_bytes(pickling.dump([MISSING, UNSET, MISSING]).data)
else:
    missing, unset, again = pickling.load(file.read_bytes())
    print(missing is MISSING, unset is UNSET, again is missing)
    if sys.argv[1] == "again":
        file.write_bytes(pickling.dump([missing, unset, again]).data)
"""
    )
    (tmp_path / "other.py").write_text(
        (tmp_path / "program.py")
        .read_text()
        .replace("class Unset", "class Other")
        .replace("Unset()", "Other()")
        .replace("MISSING =", "OTHER = MISSING =")
    )
    child("program.py", "save")
    assert child("program.py", "load").stdout == "True True True\n"
    assert child("other.py", "again").stdout == "False False True\n"
    assert child("program.py", "load").stdout == "True True True\n"


def test_a_sentinel_that_is_gone(child, tmp_path):
    (tmp_path / "holder.py").write_text("GONE = object()\n")
    save = """
        import holder, pathlib
        from greenflow import Continuation
        call = Continuation.new(print, (holder.GONE,))
        pathlib.Path("saved").write_bytes(call.dumps())
    """
    child(save)
    (tmp_path / "holder.py").write_text("")
    load = """
        import pathlib
        from greenflow import Continuation
        Continuation.loads(pathlib.Path("saved").read_bytes())
    """
    refused = child(load, code=1).stderr
    assert "CodeMissing" in refused
    assert "the object GONE is not in the module holder" in refused
    assert "HINT: bring it back" in refused
