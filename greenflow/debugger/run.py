"""A session from its first look to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenflow.debugger.headline import ended_line
from greenflow.debugger.stepping import go_on
from greenflow.debugger.words import AGAIN, QUIT, Step
from greenflow.errors import GreenflowError
from greenflow.store.base import ENDED

if TYPE_CHECKING:
    from greenflow.debugger.front import Front


def debug(front: Front) -> None:
    """Take commands until the session is left.

    Raises:
        GreenflowError: the flow cannot be looked at: its state cannot be loaded here.
    """
    try:
        _first(front)
        while front.after.what != QUIT.what:
            step = front.after.step
            if step is None:
                _look(front)
            else:
                _step(front, step)
    finally:
        front.session.close()


def _first(front: Front) -> None:
    if front.session.has_frames:
        _look(front)
        return
    front.message("it has not begun")
    front.after = QUIT
    mode = front.session.mode or front.ask_mode()
    if mode is not None:
        front.session.mode = mode
        _step(front, Step("step", "", 0))


def _look(front: Front) -> None:
    front.after = QUIT
    front.session.rest(front.look)


def _step(front: Front, step: Step) -> None:
    front.after = AGAIN
    try:
        go_on(front, step)
        front.first = True
    except GreenflowError as error:
        front.fail(error)
    record = front.session.record
    if record.status in ENDED:
        front.message(ended_line(front.session))
    elif front.after is QUIT:
        front.message(f"{record.id} is as it was saved last, checkpoint {record.seq}")
    elif front.session.has_frames:
        _look(front)
        return
    front.after = QUIT
