"""Modules that are imported later keep to the layers, which the linter cannot see."""

from __future__ import annotations

import ast
import tomllib

import pytest

from tests.project.tree import ROOT, name, sources


def layers() -> dict[str, int]:
    """Return the height of each part of the package; 0 is the lowest."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contract = settings["tool"]["importlinter"]["contracts"][0]
    found = list(reversed(contract["layers"]))
    return {
        part.strip(): height
        for height, layer in enumerate(found)
        for part in layer.split("|")
    }


def late(text: str) -> list[str]:
    """Return the modules that a source imports later."""
    found: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        texts = [
            each.value for each in ast.walk(node) if isinstance(each, ast.Constant)
        ]
        if node.func.id in {"later", "later_all"}:
            found += [str(each) for each in texts if str(each).startswith("greenflow.")]
    return found


def upwards(source: str, text: str, heights: dict[str, int]) -> list[str]:
    """Return which of them lie above or beside the layer of the source."""
    own = source.removesuffix(".py").split("/")[1]
    return [
        module
        for module in late(text)
        if module.split(".")[1] != own and heights[module.split(".")[1]] >= heights[own]
    ]


def test_what_is_imported_later_lies_below() -> None:
    heights, seen = layers(), 0
    for path in sources():
        if name(path).startswith("greenflow/") and path.suffix == ".py":
            text = path.read_text()
            seen += len(late(text))
            assert upwards(name(path), text, heights) == [], name(path)
    assert seen > 20


@pytest.mark.parametrize(
    "call",
    [
        'x = later(__name__, "greenflow.runtime.worker")',
        'x, y = later_all(__name__, "greenflow.continuation", "a", "b")',
    ],
)
def test_the_control_is_seen(call: str) -> None:
    assert upwards("greenflow/store/lmdb.py", call, layers()) != []
