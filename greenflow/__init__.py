"""Ordinary Python functions that stop in the middle, are saved, and go on elsewhere.

    import greenflow

    def order(number):
        reserve(number)
        greenflow.checkpoint()          # saved: never reserved twice from here on
        if greenflow.recv():            # waits, with no process, for days if need be
            ship(number)

    flow = greenflow.spawn(order, 7)    # on disk when this returns
    greenflow.run()                     # run what can run, here or in any process
    greenflow.send(flow, True)          # wakes it
    flow.result()

A name is loaded when it is first used: ``import greenflow`` alone loads no C core and
opens no store.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from greenflow import errors
from greenflow.errors import (
    Ambiguous,
    BadChecksum,
    BadContents,
    BadFormat,
    BadMagic,
    BadMessage,
    BadRecord,
    BadSignature,
    Cancelled,
    ChannelDeadlock,
    CodeChanged,
    CodeMissing,
    Conflict,
    ContinuationError,
    Deadlock,
    EditRefused,
    ExtraMissing,
    FlowBusy,
    FlowExists,
    FlowFailed,
    FlowNotFound,
    GreenflowError,
    InHospital,
    InternalError,
    MailboxFull,
    NoSuchCheckpoint,
    NoSuchPart,
    NoSuchVariable,
    NotInFlow,
    NotRestorable,
    NotSaveable,
    NotSuspendable,
    RolledBack,
    StackTooDeep,
    StoreBusy,
    StoreClosed,
    StoreError,
    TooLarge,
    Truncated,
    UnsafeStore,
    WrongInterpreter,
    WrongKey,
)

if TYPE_CHECKING:
    from greenflow import aio, green, soft, stackless
    from greenflow.continuation import Continuation, moved, open_file, register
    from greenflow.green import Runtime, dumps, loads
    from greenflow.runtime import (
        Flow,
        FlowLogFilter,
        FlowLogHandler,
        Options,
        Store,
        checkpoint,
        current,
        first,
        flows,
        gather,
        get,
        idempotency_key,
        limit_queue,
        once,
        open,
        options,
        outbox,
        recv,
        run,
        schedule,
        select,
        send,
        shield,
        sleep,
        sleep_until,
        spawn,
        suspend,
    )

__version__ = "0.1.0"

__all__ = [
    "Ambiguous",
    "BadChecksum",
    "BadContents",
    "BadFormat",
    "BadMagic",
    "BadMessage",
    "BadRecord",
    "BadSignature",
    "Cancelled",
    "ChannelDeadlock",
    "CodeChanged",
    "CodeMissing",
    "Conflict",
    "Continuation",
    "ContinuationError",
    "Deadlock",
    "EditRefused",
    "ExtraMissing",
    "Flow",
    "FlowBusy",
    "FlowExists",
    "FlowFailed",
    "FlowLogFilter",
    "FlowLogHandler",
    "FlowNotFound",
    "GreenflowError",
    "InHospital",
    "InternalError",
    "MailboxFull",
    "NoSuchCheckpoint",
    "NoSuchPart",
    "NoSuchVariable",
    "NotInFlow",
    "NotRestorable",
    "NotSaveable",
    "NotSuspendable",
    "Options",
    "RolledBack",
    "Runtime",
    "StackTooDeep",
    "Store",
    "StoreBusy",
    "StoreClosed",
    "StoreError",
    "TooLarge",
    "Truncated",
    "UnsafeStore",
    "WrongInterpreter",
    "WrongKey",
    "__version__",
    "aio",
    "checkpoint",
    "current",
    "dumps",
    "errors",
    "first",
    "flows",
    "gather",
    "get",
    "green",
    "idempotency_key",
    "limit_queue",
    "loads",
    "moved",
    "once",
    "open",
    "open_file",
    "options",
    "outbox",
    "recv",
    "register",
    "run",
    "schedule",
    "select",
    "send",
    "shield",
    "sleep",
    "sleep_until",
    "soft",
    "spawn",
    "stackless",
    "suspend",
]

#: Where a name is defined, whose module is loaded when it is first used.
_HOMES = {
    "greenflow.continuation.continuation": ("Continuation",),
    "greenflow.continuation.moves": ("moved",),
    "greenflow.continuation.reopened": ("open_file",),
    "greenflow.continuation.registered": ("register",),
    "greenflow.green": ("Runtime", "dumps", "loads"),
    "greenflow.runtime.flow": ("Flow",),
    "greenflow.runtime.making": ("Options", "options", "outbox"),
    "greenflow.runtime.logs": ("FlowLogFilter", "FlowLogHandler"),
    "greenflow.runtime.stores": ("Store", "open"),
    "greenflow.runtime.operations": (
        "checkpoint",
        "once",
        "recv",
        "sleep",
        "sleep_until",
        "suspend",
    ),
    "greenflow.runtime.api": (
        "current",
        "flows",
        "get",
        "idempotency_key",
        "limit_queue",
        "run",
        "schedule",
        "send",
        "spawn",
    ),
    "greenflow.runtime.waits": ("first", "gather", "select"),
    "greenflow.runtime.shielding": ("shield",),
}
_LAZY = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name in ("aio", "green", "soft", "stackless"):
        return import_module(f"greenflow.{name}")
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # First, so that an interpreter that cannot do is refused in our words, and not in
    # those of a library that fails there too.
    import_module("greenflow.continuation.frames")
    value = getattr(import_module(_LAZY[name]), name)
    # Later uses, and saved flows that refer to this name, find it as it is.
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
