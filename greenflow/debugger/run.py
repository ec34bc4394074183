"""A session from its first look to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenflow.debugger.headline import ended_line
from greenflow.debugger.stepping import go_on
from greenflow.debugger.words import AGAIN, QUIT, Step
from greenflow.errors import GreenflowError
from greenflow.store.base import ENDED

if TYPE_CHECKING:
    from greenflow.debugger.console import FlowPdb


def debug(shell: FlowPdb) -> None:
    """Take commands until the session is left.

    Raises:
        GreenflowError: the flow cannot be looked at: its state cannot be loaded here.
    """
    try:
        _first(shell)
        while shell.after.what != QUIT.what:
            step = shell.after.step
            if step is None:
                _look(shell)
            else:
                _step(shell, step)
    finally:
        shell.session.close()


def _first(shell: FlowPdb) -> None:
    if shell.session.has_frames:
        _look(shell)
        return
    shell.message("it has not begun")
    shell.after = QUIT
    mode = shell.session.mode or shell.ask_mode()
    if mode is not None:
        shell.session.mode = mode
        _step(shell, Step("step", "", 0))


def _look(shell: FlowPdb) -> None:
    shell.after = QUIT
    shell.session.rest(shell.look)


def _step(shell: FlowPdb, step: Step) -> None:
    shell.after = AGAIN
    try:
        go_on(shell, step)
        shell.first = True
    except GreenflowError as error:
        shell.fail(error)
    record = shell.session.record
    if record.status in ENDED:
        shell.message(ended_line(shell.session))
    elif shell.after is QUIT:
        shell.message(f"{record.id} is as it was saved last, checkpoint {record.seq}")
    elif shell.session.has_frames:
        _look(shell)
        return
    shell.after = QUIT
