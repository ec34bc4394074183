"""Waiting continuations that are changed: variables, frames, where they go on.

    e = Editor(Continuation.loads(data))
    e.frames[1].locals["limit"] = 1500
    e.continuation().dumps()

:mod:`.parts` takes a stack apart, :mod:`.variables` and :mod:`.frame` are what people
see of it, :mod:`.dropping`, :mod:`.restarting` and :mod:`.jumping` change where it goes
on. What that relies on is read from the code: :mod:`.flowgraph` (control flow),
:mod:`.keeping` (what is on the stack to be put back) and :mod:`.liveness` (variables
that the code reads without a look).
"""

from greenflow.continuation.editing.editor import Editor, begins_line
from greenflow.continuation.editing.frame import Frame, frame_of
from greenflow.continuation.editing.loading import load
from greenflow.continuation.editing.variables import Variables

__all__ = ["Editor", "Frame", "Variables", "begins_line", "frame_of", "load"]
