"""A stored flow under the debugger's words: at rest first, then step by step.

:mod:`.session` keeps what is looked at and how it was changed, :mod:`.stepping` runs it
under a tracer. :mod:`.console` is the terminal: the standard ``pdb`` with some words
more; :mod:`.dap` is an editor, by debugpy. No tracer and no command loop are
greenflow's own.
"""

from greenflow.debugger.console import FlowPdb
from greenflow.debugger.run import debug
from greenflow.debugger.session import Session

__all__ = ["FlowPdb", "Session", "debug"]
