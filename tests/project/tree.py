"""The source files of the project, with nothing that was built or installed."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]

_FOLDERS = (".ci", "bench", "csrc", "examples", "greenflow", "tests", "tools")
_BUILT = (".so", ".pyc", ".png")


def sources(*suffixes: str) -> list[Path]:
    """Return the source files (of these suffixes), in order of their paths."""
    found = [path for path in ROOT.iterdir() if path.is_file()]
    for folder in _FOLDERS:
        found += (path for path in (ROOT / folder).rglob("*") if path.is_file())
    return sorted(
        path
        for path in found
        if path.suffix not in _BUILT
        and "__pycache__" not in path.parts
        and (not suffixes or path.suffix in suffixes)
    )


def name(path: Path) -> str:
    """Return the path as it is written in the project."""
    return path.relative_to(ROOT).as_posix()
