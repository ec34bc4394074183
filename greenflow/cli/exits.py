"""Exit codes, and which error ends the process with which."""

from __future__ import annotations

from typing import Final

from greenflow.errors import (
    BadRecord,
    Conflict,
    EditRefused,
    FlowBusy,
    FlowExists,
    FlowNotFound,
    GreenflowError,
    NoSuchCheckpoint,
    NoSuchPart,
    NotRestorable,
    StoreBusy,
    StoreError,
)

OK: Final = 0
FAILED: Final = 1  #: the flow failed, or could not be spawned
USAGE: Final = 2
NOT_FOUND: Final = 3
BUSY: Final = 4  #: the flow is in another status than that needs, or moved on
NOT_RESTORABLE: Final = 5
STILL_WAITING: Final = 6
DAMAGED: Final = 7  #: also a store of a newer format, or one that others can write
INTERRUPTED: Final = 130

#: The first that fits counts: the special ones stand above their bases.
_CODES: Final[tuple[tuple[type[BaseException], int], ...]] = (
    (FlowNotFound, NOT_FOUND),
    (NoSuchPart, NOT_FOUND),
    (EditRefused, USAGE),
    (NoSuchCheckpoint, NOT_FOUND),
    (FlowBusy, BUSY),
    (FlowExists, BUSY),
    (Conflict, BUSY),
    (StoreBusy, BUSY),
    (NotRestorable, NOT_RESTORABLE),
    (BadRecord, DAMAGED),
    (StoreError, DAMAGED),
    (TimeoutError, STILL_WAITING),
)


def exit_code(error: GreenflowError) -> int:
    """Return the exit code of a command that ended by this error."""
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code
    return FAILED
