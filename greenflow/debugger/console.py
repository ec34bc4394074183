"""The debugger in a terminal: the standard pdb, on a stored flow."""

from __future__ import annotations

import bdb
import pdb
import sys
from typing import TYPE_CHECKING, Any

from greenflow.continuation.frames import abandon, set_trace
from greenflow.debugger.checkpoints import CheckpointWords
from greenflow.debugger.headline import headline
from greenflow.debugger.places import (
    OWN_MODULES,
    flow_frames,
    is_of_flow,
    short,
    show_stored_text,
)
from greenflow.debugger.resting import RestingWords
from greenflow.debugger.variables import COPIES, Assigned
from greenflow.debugger.words import QUIT
from greenflow.errors import GreenflowError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from greenflow.continuation import Continuation
    from greenflow.debugger.session import Session
    from greenflow.debugger.stepping import Stepped
    from greenflow.debugger.words import After, Step


class FlowPdb(RestingWords, CheckpointWords, pdb.Pdb):
    """pdb's words on a flow, at rest or stepping, and some of greenflow's.

    Attributes:
        session: the flow that is looked at.
        stepped: the flow that runs under this debugger now; None while it rests.
    """

    def __init__(self, session: Session, stdin: Any = None, stdout: Any = None) -> None:
        """Read commands from ``stdin``, as :class:`pdb.Pdb` does."""
        bdb.Breakpoint.clearBreakpoints()  # they are one list for all debuggers
        super().__init__(
            stdin=stdin, stdout=stdout, skip=list(OWN_MODULES), nosigint=True
        )
        self.session = session
        self.stepped: Stepped | None = None
        self.innermost: FrameType | None = None
        self.continuation: Continuation | None = None
        self.after: After = QUIT
        self.first = True
        #: The numbers of frames: to be looked at next time, and now.
        self.chosen = self.wanted = 0
        self.stood: tuple[FrameType, int] | None = None

    @property
    def prompt(self) -> str:
        """The number of the frame that is looked at; 0 is the one that waits."""
        return f"(flow {self.number}) "

    @prompt.setter
    def prompt(self, text: str) -> None:
        """Leave it: pdb sets its own when it is made."""

    # --- at rest ---

    def look(self, continuation: Continuation, frame: FrameType) -> None:
        """Take commands on a stack of which nothing runs."""
        self.reset()
        self.continuation, self.innermost = continuation, flow_frames(frame)[0]
        self.botframe = flow_frames(frame)[-1]
        for each in flow_frames(frame):
            show_stored_text(each.f_code, self.session.base)
        if self.first:
            self.message(headline(self.session, self.botframe))
            self.first = False
        try:
            self.interaction(self.innermost, None)
        finally:
            self.continuation = self.innermost = None

    # --- stepping ---

    def begin(
        self, stepped: Stepped, step: Step, continuation: Continuation, frame: FrameType
    ) -> None:
        """Trace a stack that was built and is about to go on."""
        self.stepped, self.continuation = stepped, continuation
        own = flow_frames(frame)
        self.reset()
        self.botframe = own[-1]
        for each in own:
            each.f_trace = self.trace_dispatch
        chosen = own[min(step.frame, len(own) - 1)]
        self.stood = (own[0], own[0].f_lineno) if stepped.at_line else None
        _GO_ON[step.word](self, chosen, step.argument)
        if self.breaks or step.word != "continue":
            set_trace(self.trace_dispatch)

    def begin_call(self, stepped: Stepped, continuation: Continuation) -> None:
        """Trace a function from its first line on."""
        self.stepped, self.continuation = stepped, continuation
        self.reset()
        self.set_step()
        set_trace(self.trace_dispatch)

    def pause_tracing(self) -> Callable[[], None]:
        """See nothing until what this returns is called."""
        before = sys.gettrace()
        sys.settrace(None)
        return lambda: set_trace(before)

    def end(self) -> None:
        """See nothing any more: the flow has left its stack."""
        sys.settrace(None)
        self.stepped = self.continuation = None

    def trace_dispatch(self, frame: FrameType, event: str, arg: Any) -> Any:
        """Do what bdb does; an error of the debugger is none of the flow's."""
        if self.stepped is not None and not self.stepped.left_alone:
            try:
                return super().trace_dispatch(frame, event, arg)
            except Exception as error:
                self.fail(f"the debugger failed, and leaves: {error!r}")
                self.stepped.leave()
        if event == "line" and is_of_flow(frame):
            abandon(frame)
        return self.trace_dispatch

    def dispatch_line(self, frame: FrameType) -> Any:
        """Go over the line that it stood at the beginning of, as was seen at rest."""
        stood, self.stood = self.stood, None
        if stood == (frame, frame.f_lineno):
            return self.trace_dispatch
        return super().dispatch_line(frame)

    def dispatch_call(self, frame: FrameType, arg: Any) -> Any:
        """Begin at the flow's own first frame, whatever called that."""
        if self.botframe is None and not is_of_flow(frame):
            return None
        if self.botframe is None:
            self.botframe = frame
        return super().dispatch_call(frame, arg)

    def dispatch_return(self, frame: FrameType, arg: Any) -> Any:
        """See nothing of what comes after the flow's outermost frame."""
        traced = super().dispatch_return(frame, arg)
        if frame is self.botframe:
            sys.settrace(None)
        return traced

    # --- what is shown ---

    def setup(self, f: Any, tb: Any) -> Any:
        """Begin at the frame that was looked at before, if that is wanted."""
        self.chosen, number = 0, self.chosen
        self.wanted = number
        try:
            return super().setup(f, tb)
        finally:
            self.wanted = 0

    def get_stack(self, f: Any, t: Any) -> tuple[list[tuple[FrameType, int]], int]:
        """Return the flow's own frames, the outermost first."""
        stack, index = super().get_stack(f, t)
        chosen = stack[index][0]
        own = [entry for entry in stack if is_of_flow(entry[0])]
        places = [at for at, entry in enumerate(own) if entry[0] is chosen]
        index = places[-1] if places else max(len(own) - 1, 0)
        return own, max(index - self.wanted, 0)

    def format_stack_entry(
        self, frame_lineno: tuple[FrameType, int], lprefix: str = ": "
    ) -> str:
        """Return a frame's entry, with its file as it is seen from here."""
        text = super().format_stack_entry(frame_lineno, lprefix)
        path = self.canonic(frame_lineno[0].f_code.co_filename)
        return text.replace(path, short(path), 1)

    def onecmd(self, line: str) -> bool:
        """Do what a line says, and keep what it has changed."""
        assigned = Assigned(self.curframe)
        stop = super().onecmd(line)
        for name in assigned.write():
            self.fail(f"{name} is still there: at rest, del {name} unbinds it")
        if self.stepped is None and self.innermost is not None:
            stop = self.keep(stop, line)
        return stop

    def fail(self, error: BaseException | str) -> None:
        """Say what went wrong."""
        self.error(str(error))

    def do_quit(self, arg: str) -> bool | None:
        """q(uit): leave the debugger. What was not saved is gone; pdb asks before."""
        del arg
        if self.stepped is None:
            if self.session.is_changed and not self.confirm("Leave what is not saved?"):
                return False
            self.after = QUIT
            return True
        self.after = QUIT
        return self._leave()

    do_q = do_exit = do_quit

    def do_EOF(self, arg: str) -> bool | None:
        """EOF: as quit."""
        self.message("")
        if self.stepped is None:
            self.after = QUIT  # nobody is there to be asked
            return True
        return self.do_quit(arg)

    def do_rest(self, arg: str) -> bool | None:
        """rest [LABEL]: save here, in the middle, and let the flow rest there."""
        if self.stepped is None:
            self.fail("it rests")
            return None
        if self._save_here(arg) is None:
            return None
        return self._leave()

    def _leave(self) -> bool:
        """Take the flow off its stack here, or where its next line begins.

        Where it returns or raises, it cannot be taken off at once: the values that it
        holds would end as if it had ended.
        """
        assert self.stepped is not None
        self.stepped.leave()
        for frame, _ in self.stack:
            frame.f_trace = self.trace_dispatch
        try:
            return abandon(self._traced())
        except ValueError:
            return True

    def do_save(self, arg: str) -> None:
        """save [REASON]: write the flow as it is now as its next checkpoint.
        save [LABEL]: the same in the middle of a step."""
        if self.stepped is None:
            self.save_at_rest(arg)
            return
        seq = self._save_here(arg)
        if seq is not None:
            self.message(f"checkpoint {seq}, in the middle of a step")

    def _save_here(self, label: str) -> int | None:
        assert self.stepped is not None
        again = self.pause_tracing()
        try:
            return self.stepped.save(self._traced(), label)
        except (GreenflowError, ValueError) as error:
            self.fail(error)
            return None
        finally:
            again()

    def _traced(self) -> FrameType:
        """The innermost frame, of which a line is about to begin."""
        frame: FrameType = self.stack[-1][0]
        return frame

    def snapshot(self) -> bytes:
        """Return the state as the frames are now, at rest."""
        assert self.continuation is not None
        assert self.innermost is not None
        if COPIES:
            self.curframe_locals = {}  # else it is saved as one more dictionary
        data = self.continuation.snapshot(self.innermost, self.session.payload)
        if COPIES and self.curframe is not None:
            self.curframe_locals = self.curframe.f_locals
        return data


def _until(shell: FlowPdb, frame: FrameType, argument: str) -> None:
    shell.set_until(frame, int(argument) if argument else None)


#: What pdb's words set before the flow goes on.
_GO_ON: dict[str, Callable[[FlowPdb, FrameType, str], None]] = {
    "step": lambda shell, frame, argument: shell.set_step(),
    "next": lambda shell, frame, argument: shell.set_next(frame),
    "return": lambda shell, frame, argument: shell.set_return(frame),
    "until": _until,
    "continue": lambda shell, frame, argument: shell.set_continue(),
}
