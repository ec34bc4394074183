"""What the words of the debugger tell whoever runs it."""

from __future__ import annotations

from typing import Any, Final, NamedTuple


class Step(NamedTuple):
    """How the flow is to go on: a word of pdb's, and the frame it was said in."""

    word: str
    argument: str
    frame: int


class After(NamedTuple):
    """Why the flow is not looked at any more: it is left, looked at again, or steps."""

    what: str
    step: Step | None = None


class Selected:
    """The part of pdb that knows which frame is looked at."""

    stack: Any
    curindex: Any
    curframe: Any

    @property
    def number(self) -> int:
        """The frame that is looked at, counted from the innermost."""
        return len(self.stack) - 1 - self.curindex if self.stack else 0


QUIT: Final = After("quit")
AGAIN: Final = After("again")
#: Words that look at frames and change nothing; all others may change a value.
LOOKS: Final = frozenset(
    {
        *("w", "where", "bt", "u", "up", "d", "down", "l", "list", "ll", "longlist"),
        *("a", "args", "whatis", "source", "h", "help", "hist", "diff", "mail", "code"),
        *("b", "break", "tbreak", "cl", "clear", "enable", "disable", "condition"),
        *("ignore", "commands", "s", "step", "n", "next", "unt", "until", "EOF"),
        *("c", "cont", "continue", "save", "undo", "redo", "at", "fork"),
        *("q", "quit", "exit"),
    }
)
