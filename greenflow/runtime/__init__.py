"""Flows that run: spawn, save, leave, go on; built on stores and continuations.

The names below are loaded when they are first used: who goes on with a flow does not
need what makes one.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    from greenflow.runtime.waits import first, gather, select

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
    "select",
    "send",
    "shield",
    "sleep",
    "sleep_until",
    "spawn",
    "suspend",
]

_HOMES = {
    "Flow": "flow",
    "FlowLogFilter": "logs",
    "FlowLogHandler": "logs",
    "Options": "making",
    "Store": "stores",
    "checkpoint": "operations",
    "current": "api",
    "default": "stores",
    "default_path": "places",
    "first": "waits",
    "flows": "api",
    "gather": "waits",
    "get": "api",
    "idempotency_key": "api",
    "limit_queue": "api",
    "once": "operations",
    "open": "stores",
    "options": "making",
    "outbox": "making",
    "recv": "operations",
    "run": "api",
    "schedule": "api",
    "select": "waits",
    "send": "api",
    "shield": "shielding",
    "sleep": "operations",
    "sleep_until": "operations",
    "spawn": "api",
    "suspend": "operations",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
