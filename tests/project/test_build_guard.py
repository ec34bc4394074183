"""What the core does not know is refused before it is compiled, in one message."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from types import ModuleType

import pytest

from tests.project.tree import ROOT


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("greenflow_setup", ROOT / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("minor", range(11, 16))
def test_what_is_known_is_built(script: ModuleType, minor: int) -> None:
    assert script.refusal("cpython", (3, minor), free_threaded=False) is None


@pytest.mark.parametrize(
    ("implementation", "version", "free_threaded", "named"),
    [
        ("cpython", (3, 10), False, "cpython 3.10"),
        ("cpython", (3, 16), False, "cpython 3.16"),
        ("cpython", (4, 12), False, "cpython 4.12"),
        ("cpython", (3, 14), True, "cpython 3.14 (free-threaded)"),
        ("pypy", (3, 11), False, "pypy 3.11"),
    ],
)
def test_anything_else_is_refused(
    script: ModuleType,
    implementation: str,
    version: tuple[int, int],
    free_threaded: bool,
    named: str,
) -> None:
    said = script.refusal(implementation, version, free_threaded=free_threaded)
    what, hint = said.splitlines()
    assert what.startswith(f"greenflow cannot be built for {named}: ")
    assert hint.startswith("HINT: use CPython 3.11 to 3.15")


def test_the_same_versions_are_named_everywhere(script: ModuleType) -> None:
    known = [f"3.{minor}" for minor in script.KNOWN_MINORS]
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = configuration["project"]
    after = f"3.{script.KNOWN_MINORS[-1] + 1}"
    assert project["requires-python"] == f">={known[0]},<{after}"
    classified = re.findall(r":: (3\.\d+)", "\n".join(project["classifiers"]))
    assert classified == known
    wheels = configuration["tool"]["cibuildwheel"]["build"]
    assert wheels == [f"cp{version.replace('.', '')}-*" for version in known]
    layouts = {path.name for path in (ROOT / "csrc").glob("layout_cp3*.h")}
    assert layouts == {f"layout_cp{version.replace('.', '')}.h" for version in known}
    makefile = (ROOT / "Makefile").read_text()
    assert f"PYTHONS ?= {' '.join(known)}\n" in makefile
