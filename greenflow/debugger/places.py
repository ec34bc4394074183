"""Which frames are the flow's own, and where their source text is."""

from __future__ import annotations

import linecache
import os
from difflib import unified_diff
from typing import TYPE_CHECKING

from greenflow.runtime.coding import stored

if TYPE_CHECKING:
    from types import CodeType, FrameType

    from greenflow.store.base import Store

#: What no flow's frame is of, as the patterns that bdb takes.
OWN_MODULES = ("greenflow", "greenflow.*")
_OWN_FILE = "<greenflow>"


def is_of_flow(frame: FrameType) -> bool:
    """Return whether a frame is the user's, not of what runs the flow."""
    if frame.f_code.co_filename == _OWN_FILE:
        return False
    module = str(frame.f_globals.get("__name__", ""))
    return module != "greenflow" and not module.startswith("greenflow.")


def flow_frames(innermost: FrameType) -> list[FrameType]:
    """Return the flow's frames, the innermost first.

    A flow runs in a greenlet of its own, so what lies below its root is greenflow's.
    """
    found, frame = [], innermost
    while frame is not None:
        if is_of_flow(frame):
            found.append(frame)
        if frame.f_back is None:
            break
        frame = frame.f_back
    return found


def short(path: str) -> str:
    """Return a file's path from the working directory, if it is below it."""
    near = os.path.relpath(path) if os.path.isabs(path) else path
    return path if near.startswith(os.pardir) else near


def show_stored_text(code: CodeType, store: Store) -> None:
    """Let the text be shown that the code was made of, if its file was changed."""
    path, first, stored, today = _texts(code, store)
    if today[first : first + len(stored)] == stored:
        return
    lines = [*today[:first], *["\n"] * (first - len(today)), *stored]
    # Without a time, linecache never looks at the file again.
    linecache.cache[path] = (sum(map(len, lines)), None, lines, path)


def changed_text(code: CodeType, store: Store) -> list[str]:
    """Return how a file differs from what the code was made of, as diff does."""
    path, first, stored, _ = _texts(code, store)
    linecache.cache.pop(path, None)  # it may be what is stored
    today = linecache.getlines(path)
    if not stored or today[first : first + len(stored)] == stored:
        return []
    found = unified_diff(stored, today, f"{path} (stored)", f"{path} (today)", n=0)
    return [line.rstrip("\n") for line in found if not line.startswith("@@")]


def _texts(code: CodeType, store: Store) -> tuple[str, int, list[str], list[str]]:
    """Return a path, where in it the stored text began, that text, and the file's."""
    path, found = code.co_filename, stored(store, code)
    lines = linecache.getlines(path)
    if not found:
        return path, 0, [], lines
    first, text, _ = found[0]
    return path, first - 1, [f"{line}\n" for line in text.split("\n")], lines
