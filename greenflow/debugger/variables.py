"""What commands assign to the variables of a frame that is looked at."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from greenflow.continuation.frames import write_locals

if TYPE_CHECKING:
    from types import FrameType

#: Up to 3.12 what f_locals holds has to be written back (PEP 667).
COPIES: Final = sys.version_info < (3, 13)


class Assigned:
    """The variables of a frame, before a command that may assign some of them."""

    def __init__(self, frame: FrameType | None) -> None:
        self._frame = frame if COPIES else None
        self._before: dict[str, Any] = {}
        if self._frame is not None:
            self._before = dict(self._frame.f_locals)
            #: What the command sees; to ask the frame again would forget it.
            self._seen = self._frame.f_locals

    def write(self) -> list[str]:
        """Let what was assigned be in the frame; return what was to be unbound.

        All else stays: what the command called may have changed variables that are
        shared with other functions, and the copy of those is old. No frame that is
        looked at can be made to lack a variable (3.12 makes it None).
        """
        frame, before = self._frame, self._before
        self._frame, self._before = None, {}  # what it held would look shared
        if frame is None:
            return []
        now = dict(self._seen)
        del self._seen
        gone = [name for name in before if name not in now]
        new = {
            name: value
            for name, value in now.items()
            if name not in before or value is not before[name]
        }
        if gone or new:
            frame.f_locals.update(new)
            write_locals(frame)
        return gone


def is_variable(frame: FrameType, name: str) -> bool:
    """Return whether a function has a variable of that name."""
    code = frame.f_code
    return name in {*code.co_varnames, *code.co_cellvars, *code.co_freevars}
