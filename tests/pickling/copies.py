"""How the tests of this folder save and load."""

from __future__ import annotations

from typing import Any

from greenflow.continuation import pickling


def saved(value: object) -> bytes:
    """Return the bytes alone."""
    return pickling.dump(value).data


def copy_of(value: object) -> Any:
    """Save and load."""
    return pickling.load(saved(value))
