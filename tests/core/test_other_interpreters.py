"""Interpreters that the core cannot run in are refused when a name is first used."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig

import pytest

from greenflow.continuation import frames
from tests.project.tree import ROOT

#: Every kind of sub-interpreter that this CPython can make, one after the other.
CHILD = """
import sys
if "main-first" in sys.argv:
    import greenflow
    greenflow.Continuation
try:
    import _interpreters
except ImportError:
    import _xxsubinterpreters as _interpreters
CODE = '''
import greenflow
try:
    greenflow.%s
except ImportError as error:
    print(error, flush=True)
else:
    print("imported", flush=True)
'''
kinds = [(), ("isolated",), ("legacy",)]
for kind in kinds:
    try:
        made = _interpreters.create(*kind)
    except (TypeError, ValueError):
        continue  # 3.11 and 3.12 take no name
    for name in ("Continuation", "spawn"):
        failed = _interpreters.run_string(made, CODE % name)
        assert not failed, failed
    _interpreters.destroy(made)
    print("one kind", flush=True)
if "main-first" in sys.argv:
    assert greenflow.Continuation.__name__ == "Continuation"
"""


def run(python: str, *arguments: str) -> str:
    done = subprocess.run(
        [python, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("order", ["alone", "main-first"])
def test_sub_interpreters_are_refused(order: str) -> None:
    said = run(sys.executable, "-c", CHILD, order)
    kinds = said.count("one kind")
    assert kinds >= 1
    assert said.count("and this is a sub-interpreter\n") == 2 * kinds
    assert said.count("HINT: run flows in a process of their own") == 2 * kinds
    assert "imported" not in said


def free_threaded() -> str | None:
    names = ("python3.13t", "python3.14t", "python3.15t")
    found = (shutil.which(name) for name in names)
    return os.environ.get("GREENFLOW_FREE_THREADED") or next(filter(None, found), None)


@pytest.mark.parametrize("name", ["Continuation", "spawn", "Store"])
def test_a_free_threaded_build_is_refused(name: str) -> None:
    python = free_threaded()
    if python is None:
        pytest.skip("no free-threaded Python is here (GREENFLOW_FREE_THREADED)")
    code = f"import greenflow\ntry: greenflow.{name}\nexcept ImportError as e: print(e)"
    what, hint = run(python, "-c", code).splitlines()
    assert what.startswith("greenflow's core relies on the GIL, and this Python (")
    assert hint == "HINT: use a build of the same version with the GIL"


def test_each_reason_has_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = ModuleNotFoundError("No module", name="greenflow._frames")
    assert "is not built for this Python" in frames._unusable(missing)
    broken = ImportError("libc.so.9: no such file", name="greenflow._frames")
    assert frames._unusable(broken).startswith("libc.so.9: no such file\nHINT: ")
    monkeypatch.setattr(sysconfig, "get_config_var", {"Py_GIL_DISABLED": 1}.get)
    assert "free-threaded build" in frames._unusable(missing)
