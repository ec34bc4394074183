"""Looks at stored flows: frames, places, variables, values; nothing of them is run.

    stack = flow.inspect()
    frame = stack.frames[0]             # the innermost
    frame.function, frame.line          # 'ask', 41
    frame.locals["order"].preview       # "Order(id=7, lines=[...])"

Nothing that is stored is imported, called or unpickled for that; this package cannot
import what could.
"""

from __future__ import annotations

from greenflow.inspect.changes import Change
from greenflow.inspect.diff import Diff, FrameDiff
from greenflow.inspect.frames import Frame
from greenflow.inspect.sources import Excerpt, SourceLine
from greenflow.inspect.stack import Stack
from greenflow.inspect.values import Value

__all__ = [
    "Change",
    "Diff",
    "Excerpt",
    "Frame",
    "FrameDiff",
    "SourceLine",
    "Stack",
    "Value",
]
