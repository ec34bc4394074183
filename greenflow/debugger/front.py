"""What a debugger of stored flows is to whoever runs them: a terminal, an editor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from greenflow.continuation import Continuation
    from greenflow.debugger.session import Mode, Session
    from greenflow.debugger.stepping import Stepped
    from greenflow.debugger.words import After, Step


class Front(Protocol):
    """Shows a flow, and says how it goes on.

    Attributes:
        session: the flow that is looked at.
        after: what comes when it is not looked at any more.
        first: the flow has not been told of, or has moved since.
    """

    session: Session
    after: After
    first: bool

    def message(self, text: str) -> Any:
        """Tell something."""

    def fail(self, error: BaseException | str) -> None:
        """Tell what went wrong."""

    def ask_mode(self) -> Mode | None:
        """Return whether the flow or a fork goes on; None: neither."""

    def look(self, continuation: Continuation, frame: FrameType) -> None:
        """Show a stack of which nothing runs; set ``after``."""

    def begin(
        self, stepped: Stepped, step: Step, continuation: Continuation, frame: FrameType
    ) -> None:
        """Trace a stack that was built and is about to go on."""

    def begin_call(self, stepped: Stepped, continuation: Continuation) -> None:
        """Trace a function from its first line on."""

    def pause_tracing(self) -> Callable[[], None]:
        """See nothing until what this returns is called."""

    def end(self) -> None:
        """See nothing any more: the flow has left its stack."""
