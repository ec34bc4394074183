"""The one door to the compiled core, ``greenflow._frames``."""

from __future__ import annotations

import sys
import sysconfig


def _unusable(error: ImportError) -> str:
    """Tell why the core cannot be imported, and what to do."""
    if "subinterpreters" in str(error):
        return (
            "greenflow runs in the main interpreter of a process only, and this is a "
            "sub-interpreter\n"
            "HINT: run flows in a process of their own: greenflow worker"
        )
    version = f"{sys.implementation.name} {sys.version.split()[0]}"
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return (
            f"greenflow's core relies on the GIL, and this Python ({version}) is a "
            "free-threaded build\n"
            "HINT: use a build of the same version with the GIL"
        )
    if error.name == "greenflow._frames" and isinstance(error, ModuleNotFoundError):
        return (
            f"greenflow's core is not built for this Python ({version}): it knows "
            "CPython 3.11 to 3.15\n"
            "HINT: install greenflow with one of these, or build it here: pip install ."
        )
    return f"{error}\nHINT: build it again with this Python: pip install ."


try:
    from greenflow._frames import (
        LEAVE,
        WITH_EXIT_IN_SLOT,
        Index,
        Operation,
        Records,
        abandon,
        async_flags,
        async_set_flags,
        async_step,
        configure,
        deep_begin,
        deep_look,
        fields_read,
        fields_write,
        frame_ended,
        generator_fill,
        generator_forget,
        generator_recall,
        generator_set,
        generator_shell,
        generator_state,
        opcodes,
        records,
        require_main_interpreter,
        resume,
        set_closure,
        set_trace,
        snapshot,
        stack_depths,
        start,
        unchanged,
        write_locals,
    )

    require_main_interpreter()
except ImportError as error:
    raise ImportError(_unusable(error)) from error

__all__ = [
    "LEAVE",
    "WITH_EXIT_IN_SLOT",
    "Index",
    "Operation",
    "Records",
    "abandon",
    "async_flags",
    "async_set_flags",
    "async_step",
    "configure",
    "deep_begin",
    "deep_look",
    "fields_read",
    "fields_write",
    "frame_ended",
    "generator_fill",
    "generator_forget",
    "generator_recall",
    "generator_set",
    "generator_shell",
    "generator_state",
    "opcodes",
    "records",
    "resume",
    "set_closure",
    "set_trace",
    "snapshot",
    "stack_depths",
    "start",
    "unchanged",
    "write_locals",
]
