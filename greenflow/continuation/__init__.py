"""A stack of frames as a value: captured, saved as bytes, loaded, gone on with.

Reading the head of saved bytes (:mod:`greenflow.continuation.head`) must not load what
runs them, so the names below are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenflow.continuation import pickling, tags
    from greenflow.continuation.continuation import Continuation
    from greenflow.continuation.frames import LEAVE, Operation
    from greenflow.continuation.head import Head, read_head
    from greenflow.continuation.moves import moved
    from greenflow.continuation.outcome import Sent, Thrown
    from greenflow.continuation.registered import register
    from greenflow.continuation.reopened import open_file

__all__ = [
    "LEAVE",
    "Continuation",
    "Head",
    "Operation",
    "Sent",
    "Thrown",
    "moved",
    "open_file",
    "pickling",
    "read_head",
    "register",
    "tags",
]

_HOME = {
    "Continuation": "continuation",
    "Sent": "outcome",
    "Thrown": "outcome",
    "LEAVE": "frames",
    "Operation": "frames",
    "Head": "head",
    "read_head": "head",
    "register": "registered",
    "moved": "moves",
    "open_file": "reopened",
}


def __getattr__(name: str) -> object:
    if name in {"pickling", "tags"}:
        return import_module(f"{__name__}.{name}")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value
