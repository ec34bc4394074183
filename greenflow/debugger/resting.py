"""The words of the debugger that change a flow at rest, or let it go on."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any

from greenflow.continuation import Sent, Thrown
from greenflow.debugger.variables import is_variable
from greenflow.debugger.words import LOOKS, After, Selected, Step
from greenflow.errors import GreenflowError

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.continuation.editing import Editor
    from greenflow.debugger.session import Session


class RestingWords(Selected):
    """The half of the debugger's words that are about where the flow goes on."""

    session: Session
    after: After
    stepped: Any
    use_rawinput: Any
    innermost: Any
    message: Callable[[str], None]
    fail: Callable[[BaseException | str], None]
    snapshot: Callable[[], bytes]
    look_again: Callable[..., bool]

    # --- variables ---

    def keep(self, stop: bool, line: str) -> bool:
        """Take up what a command changed in the frames."""
        if line.split(" ", 1)[0] in LOOKS:
            return stop
        try:
            self.session.note(self.snapshot())
        except GreenflowError as error:
            # The frames are built anew from what could be saved last.
            self.fail(error)
            return self.look_again(at=self.number)
        return stop

    def do_set(self, arg: str) -> None:
        """set NAME EXPR: set a variable of this frame; NAME may be x.y or x[0]."""
        name, _, expression = arg.partition(" ")
        if not expression.strip():
            self.fail("set NAME EXPR")
            return
        if name.isidentifier() and not is_variable(self.curframe, name):
            self.fail(f"{self.curframe.f_code.co_name} has no variable {name}")
            return
        self._execute(f"{name} = ({expression.strip()})")

    def do_del(self, arg: str) -> bool | None:
        """del NAME: unbind a variable of this frame (at rest)."""
        if not arg.isidentifier():
            self._execute(f"del {arg}")  # a part of a value
            return None

        def unbind(editor: Editor, at: int) -> None:
            del editor.frames[at].locals[arg]

        return self._change(unbind, at=self.number)

    def _execute(self, text: str) -> None:
        try:
            exec(text, self.curframe.f_globals, self.curframe.f_locals)
        except Exception as error:
            self.fail(f"{type(error).__name__}: {error}")

    def evaluate(self, expression: str) -> Any:
        """Return what an expression gives in this frame."""
        return eval(expression, self.curframe.f_globals, self.curframe.f_locals)

    # --- what its call gives ---

    def do_value(self, arg: str) -> None:
        """value EXPR: what the call that the flow waits in will return."""
        self._answer(lambda: Sent(self.evaluate(arg or "None")))

    def do_throw(self, arg: str) -> None:
        """throw EXPR: the exception that the call that it waits in will raise."""
        self._answer(lambda: Thrown(exception_of(self.evaluate(arg))))

    def _answer(self, outcome: Callable[[], Sent | Thrown]) -> None:
        if not self._rests():
            return
        try:
            self.session.answer(outcome())
        except Exception as error:
            self.fail(error if isinstance(error, GreenflowError) else repr(error))

    # --- where it goes on ---

    def do_return(self, arg: str) -> bool | None:
        """r(eturn): go on until this frame returns.
        r(eturn) EXPR: drop this frame, and give EXPR to its caller (at rest)."""
        if not arg:
            return self._go_on("return", arg)
        if not self._rests():
            return None
        try:
            value = self.evaluate(arg)
        except Exception as error:
            self.fail(repr(error))
            return None
        return self._change(lambda editor, at: editor.force_return(at, value))

    do_r = do_fr = do_return

    def do_restart(self, arg: str) -> bool | None:
        """restart: this frame begins anew, with its arguments as they are now."""
        del arg
        return self._change(lambda editor, at: editor.restart(at))

    def do_drop(self, arg: str) -> bool | None:
        """drop: drop the frames inside of this one; its call gets what comes next."""
        del arg
        return self._change(lambda editor, at: editor.drop_to(at))

    def do_jump(self, arg: str) -> bool | None:
        """j(ump) LINE: this frame goes on at that line."""
        if self.stepped is not None:
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                super().do_jump(arg)  # type: ignore[misc]
            for each in told:  # it sets what it leaves unbound to None (3.12)
                self.message(f"{each.message}")
            return None
        if not arg.strip().isdecimal():
            self.fail("jump LINE")
            return None
        line = int(arg)
        return self._change(lambda editor, at: editor.jump(at, line))

    do_j = do_jump

    def _change(self, call: Callable[[Editor, int], None], at: int = 0) -> bool | None:
        """Change where it goes on, by the number of this frame; then look at ``at``."""
        number = self.number
        if not self._rests():
            return None
        try:
            for line in self.session.change(lambda editor: call(editor, number)):
                self.message(line)
        except (GreenflowError, KeyError) as error:
            self.fail(error)
            return None
        return self.look_again(at=at)

    def _rests(self) -> bool:
        if self.stepped is not None:
            self.fail("only at rest: rest saves the flow here, and lets it rest")
        return self.stepped is None

    # --- going on ---

    def _go_on(self, word: str, arg: str) -> bool | None:
        if self.stepped is not None:
            stop: bool | None = getattr(super(), f"do_{word}")(arg)
            return stop
        if self.session.mode is None:
            self.session.mode = self.ask_mode()
        if self.session.mode is None:
            return None
        self.after = After("step", Step(word, arg, self.number))
        return True

    @property
    def is_asked(self) -> bool:
        """Whether somebody is there who answers."""
        return bool(self.use_rawinput) and sys.stdin.isatty()

    def confirm(self, question: str) -> bool:
        """Ask; yes if nobody is there to answer."""
        if not self.is_asked:
            return True
        return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}

    def ask_mode(self) -> Any:
        """Ask whether the flow goes on itself; a fork does where nobody is asked."""
        if not self.is_asked:
            return "fork"
        answer = input(
            "Stepping runs the flow's code with its side effects. "
            "On a [f]ork, for [r]eal, [n]o? "
        )
        return {"f": "fork", "r": "live"}.get(answer.strip().lower()[:1])

    def do_step(self, arg: str) -> bool | None:
        """s(tep): go on to the next line, also of what is called."""
        return self._go_on("step", arg)

    def do_next(self, arg: str) -> bool | None:
        """n(ext): go on to the next line of this frame."""
        return self._go_on("next", arg)

    def do_until(self, arg: str) -> bool | None:
        """unt(il) [LINE]: go on to a line behind this one."""
        return self._go_on("until", arg)

    def do_continue(self, arg: str) -> bool | None:
        """c(ont(inue)): go on to a breakpoint, or until the flow waits or ends."""
        return self._go_on("continue", arg)

    do_s, do_n, do_unt = do_step, do_next, do_until
    do_c = do_cont = do_continue


def exception_of(error: Any) -> BaseException:
    """Return an exception, or one of a class of them. Raises TypeError."""
    if isinstance(error, type) and issubclass(error, BaseException):
        error = error()
    if not isinstance(error, BaseException):
        raise TypeError(f"an exception is needed, not {error!r}")
    return error
