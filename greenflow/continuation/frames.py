"""The one door to the compiled core, ``greenflow._frames``."""

from __future__ import annotations

import sys

try:
    from greenflow._frames import (
        LEAVE,
        WITH_EXIT_IN_SLOT,
        Operation,
        Records,
        configure,
        fields_read,
        fields_write,
        generator_fill,
        generator_forget,
        generator_recall,
        generator_shell,
        generator_state,
        records,
        resume,
        set_closure,
        start,
        unchanged,
    )
except ModuleNotFoundError as error:
    if error.name != "greenflow._frames":
        raise
    raise ImportError(
        f"greenflow's core is not built for this Python ({sys.implementation.name} "
        f"{sys.version.split()[0]}): it knows CPython 3.11 and 3.12\n"
        "HINT: install greenflow with one of these, or build it here: pip install ."
    ) from error

__all__ = [
    "LEAVE",
    "WITH_EXIT_IN_SLOT",
    "Operation",
    "Records",
    "configure",
    "fields_read",
    "fields_write",
    "generator_fill",
    "generator_forget",
    "generator_recall",
    "generator_shell",
    "generator_state",
    "records",
    "resume",
    "set_closure",
    "start",
    "unchanged",
]
