"""The public face: what __all__ says is true, and importing it is cheap."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re

import greenflow
from greenflow import errors
from tests.conftest import Child

PUBLIC = {
    "Continuation",
    "Flow",
    "checkpoint",
    "current",
    "flows",
    "get",
    "open",
    "recv",
    "run",
    "send",
    "spawn",
    "suspend",
}


def modules() -> list[str]:
    found = pkgutil.walk_packages(greenflow.__path__, "greenflow.")
    return ["greenflow", *(m.name for m in found if not m.name.endswith("__main__"))]


def test_every_name_in_all_is_there_once() -> None:
    seen = 0
    for module in map(importlib.import_module, modules()):
        names = list(getattr(module, "__all__", ()))
        assert len(names) == len(set(names)), module
        assert [n for n in names if not hasattr(module, n)] == [], module
        seen += len(names)
    assert seen > len(PUBLIC)


def test_all_is_the_public_face() -> None:
    assert set(greenflow.__all__) >= PUBLIC
    everything: dict[str, object] = {}
    exec("from greenflow import *", everything)
    assert everything.keys() - {"__builtins__"} == set(greenflow.__all__)
    own = {
        n
        for n, value in vars(greenflow).items()
        if getattr(value, "__module__", "").startswith("greenflow") and n[0] != "_"
    }
    assert own <= set(greenflow.__all__)
    assert set(greenflow.__all__) <= set(dir(greenflow))


def test_every_public_name_tells_what_it_is() -> None:
    silent = [n for n in greenflow.__all__ if not inspect.getdoc(getattr(greenflow, n))]
    assert silent == []


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    drawn: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"^ {4}((?:\|   |    )*)(?:\+-- )?([A-Z]\w+)", line):
            nested = "+-- " in line
            drawn.append((len(match[1]) // 4 + nested, match[2]))
    parents: dict[int, str] = {}
    edges = set()
    for depth, error in drawn:
        parents[depth] = error
        edges.add((error, parents[depth - 1] if depth else "Exception"))
    real = {
        (error.__name__, error.__bases__[0].__name__)
        for error in vars(errors).values()
        if inspect.isclass(error) and issubclass(error, errors.GreenflowError)
    }
    assert edges == real


def test_the_library_imports_neither_click_nor_rich(child: Child) -> None:
    names = [m for m in modules() if not m.startswith("greenflow.cli")]
    found = child(
        f"""
        import importlib, sys
        for name in {names!r}:
            importlib.import_module(name)
        import greenflow.cli
        print(sorted({{"click", "rich"}} & sys.modules.keys()))
        """
    )
    assert found.stdout == "[]\n"
