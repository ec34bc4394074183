"""What :mod:`greenflow.continuation.pickling` saved, loaded again."""

from __future__ import annotations

import pickle
from typing import Any

from greenflow.continuation import generators


def load(data: bytes) -> Any:
    """Return the value that ``dump()`` was given. Runs code of its classes."""
    return generators.collect(lambda: pickle.loads(data))[0]


def load_waiting(data: bytes) -> tuple[Any, list[Any]]:
    """Return the value, and its generators: forgotten, they run no ``finally``."""
    value, made = generators.collect(lambda: pickle.loads(data))
    return value, generators.forget(made)
