"""The debugger in an editor that speaks the Debug Adapter Protocol, through debugpy.

A flow at rest stands in a stand-in for the call that it waits in, whose variables say
what that call will give. Once the editor goes on, what was changed is saved, and the
flow stops again behind that call.
"""

from __future__ import annotations

import ast
import os
import sysconfig
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from greenflow.continuation import Sent, Thrown
from greenflow.continuation.frames import set_trace
from greenflow.debugger.headline import headline
from greenflow.debugger.places import flow_frames, is_of_flow, show_stored_text
from greenflow.debugger.resting import exception_of
from greenflow.debugger.words import AGAIN, QUIT, After, Step
from greenflow.errors import ExtraMissing, GreenflowError
from greenflow.runtime.editing import waiting_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from greenflow.continuation import Continuation
    from greenflow.debugger.session import Mode, Session
    from greenflow.debugger.stepping import Stepped

#: Whoever can speak to a debugger can run code: this machine only.
HOST: Final = "127.0.0.1"
_ROOT: Final = Path(__file__).parents[1]
#: Where debugpy is told which folders have code that is not the user's.
_ROOTS: Final = "LIBRARY_ROOTS"
#: It stops in its last line.
_STAND_IN: Final = """\
def stand_in(value, error, flow):
    stop()
    return value, error
"""
_NOT_USERS: Final = (
    "nothing of this stack is code of your own\n"
    'HINT: an editor shows it if it attaches with "justMyCode": false'
)
_GOES_ON: Final = After("step", Step("step", "", 0))


class _Nothing:
    def __repr__(self) -> str:
        return "<nothing: set this to what the call is to return>"


_NOTHING: Final = _Nothing()


class DapFront:
    """An editor, or whatever else speaks the protocol, that looks at a flow."""

    def __init__(self, session: Session, tell: Callable[[str], Any]) -> None:
        """Tell what is to be told beside the editor by ``tell``.

        Raises:
            ExtraMissing: debugpy is not installed.
        """
        self.session, self.message = session, tell
        self.after: After = QUIT
        self.first = True
        self._debugpy = _debugpy()

    def listen(self, port: int) -> int:
        """Listen for an editor, at any port that is free if it is 0; return the port.

        Raises:
            OSError, RuntimeError: it cannot be listened at.
        """
        _host, found = self._debugpy.listen((HOST, port))
        return int(found)

    def wait(self) -> None:
        """Return once an editor is there and has said where to stop."""
        self._debugpy.wait_for_client()

    def ask_mode(self) -> Mode | None:
        """Let a fork go on: there is nobody to be asked."""
        return "fork"

    def fail(self, error: BaseException | str) -> None:
        """Tell what went wrong."""
        self.message(str(error))

    # --- at rest ---

    def look(self, continuation: Continuation, frame: FrameType) -> None:
        """Stop in a stack of which nothing runs, and keep what was changed in it."""
        own = flow_frames(frame)
        for each in own:
            show_stored_text(each.f_code, self.session.base)
        told = headline(self.session, own[-1])
        users = next(filter(_is_users, own), None)
        if users is None:
            self.message(_NOT_USERS)
            if not self.first:  # it did not go on: perhaps nobody has seen it stop
                self.after = QUIT
                return
        if self.first:
            self.message(told)
        self.first = False
        where = users or own[0]
        stand_in = _stand_in(where, self._call_name(), self._debugpy.breakpoint)
        value, error = stand_in(_NOTHING, None, told)
        # How the editor goes on from here is nothing to the frames that end here.
        self._debugpy.trace_this_thread(False)
        self.after = QUIT
        if self._debugpy.is_client_connected():
            self.after = self._take_up(continuation, own[0], value, error)

    def _call_name(self) -> str:
        session = self.session
        waiting = waiting_of(session.now, session.saved.checkpoint.waiting)
        return "going_on" if waiting is None else waiting.kind

    def _take_up(
        self, continuation: Continuation, frame: FrameType, value: Any, error: Any
    ) -> After:
        session = self.session
        try:
            session.note(continuation.snapshot(frame, session.payload))
            if error is not None:
                session.answer(Thrown(exception_of(error)))
            elif value is not _NOTHING:
                session.answer(Sent(value))
        except (GreenflowError, TypeError) as refused:
            self.fail(refused)
            return AGAIN
        return _GOES_ON

    # --- stepping ---

    def begin(
        self, stepped: Stepped, step: Step, continuation: Continuation, frame: FrameType
    ) -> None:
        """Stop behind the line of a frame that is about to go on."""
        del stepped, step, continuation
        self._stop_in(flow_frames(frame)[0])

    def begin_call(self, stepped: Stepped, continuation: Continuation) -> None:
        """Stop at the first line of a function."""
        del stepped, continuation
        set_trace(self._seek_call)

    def _seek_call(self, frame: FrameType, event: str, arg: Any) -> None:
        if event == "call" and is_of_flow(frame):
            set_trace(None)
            self._stop_in(frame)

    def _stop_in(self, frame: FrameType) -> None:
        """Stop at the next line of a frame, or where it returns to."""
        if self._debugpy.is_client_connected():
            pydevd = import_module("pydevd")  # debugpy's own; it is there once it runs
            pydevd.settrace(
                trace_only_current_thread=True,
                patch_multiprocessing=False,
                stop_at_frame=frame,
            )

    def pause_tracing(self) -> Callable[[], None]:
        """See all: what is greenflow's own is none of the user's code."""
        return lambda: None

    def end(self) -> None:
        """See nothing any more: the flow has left its stack."""
        self._debugpy.trace_this_thread(False)


def _debugpy() -> Any:
    """Load debugpy: it reads once, then, what code is not the user's."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    roots = os.environ.get(_ROOTS) or os.pathsep.join(map(sysconfig.get_path, names))
    os.environ[_ROOTS] = f"{roots}{os.pathsep}{_ROOT}"
    # It warns, of every program, that the standard library cannot be stepped through.
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    # Its hook of evaluation (up to 3.11) would be in the way of a stack that is built.
    os.environ.setdefault("PYDEVD_USE_FRAME_EVAL", "NO")
    try:
        return import_module("debugpy")
    except ImportError as error:
        raise ExtraMissing(
            f"an editor is spoken to by debugpy, and that does not load: {error}",
            hint="pip install 'greenflow[dap]'",
        ) from error


def _stand_in(frame: FrameType, name: str, stop: Callable[[], None]) -> Any:
    """Return a function that stands for the call that a frame waits in.

    Its code is said to be of the frame's own file, at the line that waits: an editor
    would step over code that is not the user's.
    """
    tree = ast.parse(_STAND_IN)
    (function,) = tree.body
    assert isinstance(function, ast.FunctionDef)
    function.name = name
    line = frame.f_lineno
    # A line is told of where it is another than the one before.
    before = line - 1 if line > 1 else line + 1
    _place(function, line)
    _place(function.body[0], before)
    names = {"stop": stop, "__name__": frame.f_globals.get("__name__")}
    exec(compile(tree, frame.f_code.co_filename, "exec"), names)
    return names[name]


def _place(tree: ast.AST, line: int) -> None:
    """Let a part of a program be said to be written in one line."""
    place = {"lineno": line, "end_lineno": line, "col_offset": 0}
    for node in ast.walk(tree):
        if hasattr(node, "lineno"):
            ast.copy_location(node, ast.Pass(**place, end_col_offset=0))


def _is_users(frame: FrameType) -> bool:
    """Return whether an editor that shows the user's code alone shows this."""
    path = os.path.realpath(frame.f_code.co_filename)
    roots = os.environ[_ROOTS].split(os.pathsep)
    return not any(
        path.startswith(f"{os.path.realpath(root)}{os.sep}") for root in roots
    )
