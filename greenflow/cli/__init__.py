"""The ``greenflow`` command. One file per command; only this package uses click, rich.

Both are imported when a command runs, never when the package is imported.
"""

from __future__ import annotations

__all__ = ["main"]


def main() -> int:
    """Run the command line of this process; return its exit code (see exits.py)."""
    from greenflow.cli.app import run_app

    return run_app()
