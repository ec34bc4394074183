"""What :mod:`greenflow.continuation.pickling` saved, loaded again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenflow.continuation import generators, plain

if TYPE_CHECKING:
    from collections.abc import Iterable


def load(data: bytes) -> Any:
    """Return the value that ``dump()`` was given. Runs code of its classes."""
    return generators.collect(lambda: plain.loads(data, ()))[0]


def load_waiting(data: bytes, buffers: Iterable[Any] = ()) -> tuple[Any, list[Any]]:
    """Return the value, and its generators: forgotten, they run no ``finally``.

    ``buffers`` are the large values that lie beside it.
    """
    value, made = generators.collect(lambda: plain.loads(data, buffers))
    return value, generators.forget(made)
