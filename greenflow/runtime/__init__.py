"""Flows that run: spawn, save, leave, go on; built on stores and continuations."""

from __future__ import annotations

from greenflow.continuation import Continuation
from greenflow.runtime.api import current, flows, get, idempotency_key, run, send, spawn
from greenflow.runtime.flow import Flow
from greenflow.runtime.operations import (
    checkpoint,
    once,
    recv,
    sleep,
    sleep_until,
    suspend,
)
from greenflow.runtime.stores import Store, default, default_path, open

__all__ = [
    "Flow",
    "Store",
    "checkpoint",
    "current",
    "default",
    "default_path",
    "flows",
    "get",
    "idempotency_key",
    "once",
    "open",
    "recv",
    "run",
    "send",
    "sleep",
    "sleep_until",
    "spawn",
    "suspend",
]

# Saved flows refer to these by name, and only the public name never moves.
for _public in (
    *(Continuation, Flow, Store, current, flows, get, idempotency_key, open, run),
    *(send, spawn),
):
    _public.__module__ = "greenflow"
del _public
