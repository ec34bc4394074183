"""What is packed: an sdist that builds, and a wheel with everything and no more."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.project.tree import ROOT, name, sources


def run(*command: str, cwd: Path) -> None:
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    tree = folder / "tree"
    for path in sources():
        copy = tree / name(path)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    setup = [sys.executable, "setup.py", "--quiet", "sdist", "--dist-dir", str(folder)]
    run(*setup, cwd=tree)
    (packed,) = folder.glob("*.tar.gz")
    return packed


def test_the_sdist_holds_every_source(sdist: Path) -> None:
    with tarfile.open(sdist) as packed:
        names = {member.partition("/")[2] for member in packed.getnames()}
    wanted = {name(path) for path in sources()} - {".gitignore"}
    assert wanted - names == set()


def test_the_wheel_of_the_sdist_holds_the_package_alone(
    sdist: Path, tmp_path: Path
) -> None:
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    run(*pip, "--no-build-isolation", str(sdist), cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    package = {n for n in names if not re.match(r"greenflow-[^/]+\.dist-info/", n)}
    compiled = {n for n in package if n.endswith(".so")}
    assert {n.partition(".")[0] for n in compiled} == {
        "greenflow/_frames",
        "greenflow/_green",
        "greenflow/_pages",
    }
    wanted = {name(path) for path in sources() if name(path).startswith("greenflow/")}
    assert package - compiled == wanted
    assert {"greenflow/py.typed", "greenflow/_frames.pyi"} <= package


def test_what_is_imported_is_required() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    tests, some = extras["test"], extras["crypto"]
    needed = packages([*project["dependencies"], *some])
    assert imports("greenflow/") - {"greenflow"} == needed
    allowed = packages([*project["dependencies"], *tests]) | {
        "bench",
        "greenflow",
        "tests",
        # Where they are to be had: of CPython's own tests, and a guide of the fuzzers.
        "_testcapi",
        "atheris",
    }
    assert imports("tests/") <= allowed


def packages(requirements: list[str]) -> set[str]:
    return {re.split(r"[^\w-]", item)[0].replace("-", "_") for item in requirements}


def imports(folder: str) -> set[str]:
    """Return the packages, not of the standard library, that a folder imports."""
    found = set()
    for path in sources(".py"):
        if not name(path).startswith(folder):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, name(path)
                found.add((node.module or "").partition(".")[0])
    return found - set(sys.stdlib_module_names)
