"""The words of the debugger for checkpoints, and for the mailbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenflow.debugger.places import changed_text, show_stored_text
from greenflow.debugger.words import AGAIN, Selected
from greenflow.errors import GreenflowError
from greenflow.runtime import values
from greenflow.runtime.editing import show

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.debugger.session import Session


class CheckpointWords(Selected):
    """The part of the debugger's words that look at the store, and write to it."""

    session: Session
    after: Any
    first: bool
    chosen: int
    stepped: Any
    innermost: Any
    message: Callable[[str], None]
    fail: Callable[[BaseException | str], None]
    evaluate: Callable[[str], Any]

    def do_hist(self, arg: str) -> None:
        """hist: the checkpoints of the flow that are kept; * is looked at."""
        del arg
        for each in self.session.base.history(self.session.flow.id):
            mark = "*" if each.seq == self.session.seq else " "
            parts = [f"{mark} {each.seq}", each.kind, each.label, each.reason]
            parts.append(f"by {each.by}" if each.by else "")
            self.message("  ".join(filter(None, parts)))

    def do_at(self, arg: str) -> bool | None:
        """at N: look at another checkpoint; what was not saved is gone."""
        if self.stepped is not None:
            self.fail("only at rest")
            return None
        before = self.session.seq
        try:
            self.session.look_at(int(arg))
        except (GreenflowError, ValueError) as error:
            self.fail(error)
            return None
        if not self.session.has_frames:
            self.fail(f"the flow had not begun at checkpoint {self.session.seq}")
            self.session.look_at(before)
        return self.look_again(first=True)

    def do_diff(self, arg: str) -> None:
        """diff [A] [B]: what was changed since checkpoint A (the one looked at), or
        between two of them."""
        try:
            numbers = [int(word) for word in arg.split()]
            lines = self.session.diff(*numbers[:2])
        except (GreenflowError, ValueError) as error:
            self.fail(error)
            return
        for line in lines:
            self.message(line)
        if not lines:
            self.message("no difference")

    def do_undo(self, arg: str) -> bool | None:
        """undo: take back the last change that was not saved."""
        del arg
        return self._turn(self.session.undo, "nothing was changed")

    def do_redo(self, arg: str) -> bool | None:
        """redo: take back the last undo."""
        del arg
        return self._turn(self.session.redo, "nothing was undone")

    def _turn(self, turn: Callable[[], bool], nothing: str) -> bool | None:
        if self.stepped is not None:
            self.fail("only at rest")
            return None
        if not turn():
            self.fail(nothing)
            return None
        return self.look_again(at=self.number)

    def look_again(self, *, first: bool = False, at: int = 0) -> bool:
        """Build the frames anew, and look at one of them; say which flow it is if that
        is another."""
        self.chosen = at
        self.after, self.first = AGAIN, self.first or first
        self.innermost = None  # its frames are of before
        return True

    def save_at_rest(self, reason: str) -> None:
        """Write what was changed."""
        if not self.session.is_changed and self.session.is_last:
            self.fail("nothing was changed")
            return
        try:
            seq = self.session.save(reason)
        except GreenflowError as error:
            self.fail(error)
            return
        saved = self.session.saved.checkpoint
        flow = self.session.flow.id
        self.message(
            f"checkpoint {seq} ({saved.kind}, by {saved.by})          "
            f"undo: greenflow rollback {flow} --to {saved.parent}"
        )

    def do_fork(self, arg: str) -> bool | None:
        """fork [ID]: make a flow of its own of this as it is now, and look at that."""
        if self.stepped is not None:
            self.fail("only at rest: rest saves the flow here, and lets it rest")
            return None
        try:
            self.session = self.session.forked(arg.strip() or None)
        except (GreenflowError, ValueError) as error:
            self.fail(error)
            return None
        self.message(f"fork {self.session.flow.id}, which is held")
        return self.look_again(first=True, at=self.number)

    def do_code(self, arg: str) -> None:
        """code: what differs between the code of this frame and its file today."""
        del arg
        code, base = self.curframe.f_code, self.session.base
        for line in changed_text(code, base):
            self.message(line)
        show_stored_text(code, base)

    def do_release(self, arg: str) -> None:
        """release: let the flow run again, if it is held."""
        del arg
        self._try(self.session.flow.release)

    def do_mail(self, arg: str) -> None:
        """mail: what lies in the mailbox of the flow."""
        del arg
        flow = self.session.flow
        for number, each in enumerate(self.session.base.messages(flow.id)):
            name = each.topic.lstrip("\0")
            topic = f" topic={name}" if name else ""
            body = flow.store.within(values.load, each.body)
            self.message(f"{number}{topic}  {show(name, body)}")

    def do_send(self, arg: str) -> None:
        """send EXPR [topic=NAME]: put a message into the mailbox of the flow."""
        expression, found, topic = arg.rpartition(" topic=")
        if not found:
            expression, topic = arg, ""
        flow = self.session.flow

        def send() -> None:
            flow.store.send(flow, self.evaluate(expression), topic=topic or None)

        self._try(send)

    def _try(self, call: Callable[[], object]) -> None:
        try:
            call()
        except Exception as error:
            self.fail(error)
