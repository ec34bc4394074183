"""Flows that run: spawn, save, leave, go on; built on stores and continuations."""

from __future__ import annotations

from greenflow.continuation import Continuation
from greenflow.runtime.api import (
    current,
    flows,
    get,
    idempotency_key,
    limit_queue,
    run,
    schedule,
    send,
    spawn,
)
from greenflow.runtime.flow import Flow
from greenflow.runtime.logs import FlowLogFilter, FlowLogHandler
from greenflow.runtime.making import Options, options, outbox
from greenflow.runtime.operations import (
    checkpoint,
    once,
    recv,
    sleep,
    sleep_until,
    suspend,
)
from greenflow.runtime.places import default_path
from greenflow.runtime.shielding import shield
from greenflow.runtime.stores import Store, default, open
from greenflow.runtime.waits import first, gather

__all__ = [
    "Flow",
    "FlowLogFilter",
    "FlowLogHandler",
    "Options",
    "Store",
    "checkpoint",
    "current",
    "default",
    "default_path",
    "first",
    "flows",
    "gather",
    "get",
    "idempotency_key",
    "limit_queue",
    "once",
    "open",
    "options",
    "outbox",
    "recv",
    "run",
    "schedule",
    "send",
    "shield",
    "sleep",
    "sleep_until",
    "spawn",
    "suspend",
]

# Saved flows refer to these by name, and only the public name never moves.
for _public in (
    *(Continuation, Flow, FlowLogFilter, FlowLogHandler, Options, Store),
    *(current, flows, get, idempotency_key, limit_queue, open, options, outbox),
    *(run, schedule, send, spawn),
):
    _public.__module__ = "greenflow"
del _public
