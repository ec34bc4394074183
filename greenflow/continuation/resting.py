"""A continuation that is looked at on its stack, before it goes on or while it does."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from greenflow.continuation import codec, frames
from greenflow.continuation.nested import Nested
from greenflow.continuation.outcome import Sent, Thrown
from greenflow.errors import ContinuationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from greenflow.continuation.frames import Records
    from greenflow.continuation.saved import Saved
    from greenflow.parted import AnyState

    #: Called with the innermost frame of a stack that was built; it returns LEAVE to
    #: take the stack apart again, or anything else to let it go on.
    Pause = Callable[[FrameType], object]

#: The file name of greenflow's own frames, which are none of the flow's.
_OWN_FILE = "<greenflow>"


def innermost(frame: FrameType | None) -> FrameType:
    """Return the first frame from here on outwards that is no shim of the core."""
    while frame is not None and frame.f_code.co_filename == _OWN_FILE:
        frame = frame.f_back
    assert frame is not None
    return frame


def paused(pause: Pause, outcome: Sent | Thrown) -> Callable[[], object]:
    """Return what the core calls on a stack that was built: it gives the outcome."""

    def take() -> object:
        here = sys._getframe(1)  # noqa: SLF001
        if pause(innermost(here)) is frames.LEAVE:
            return frames.LEAVE
        if isinstance(outcome, Thrown):
            raise outcome.error
        return outcome.value

    return take


class Resting(Nested):
    """The part of a continuation that goes on, and shows its frames before."""

    __slots__ = ("_generators",)

    _generators: list[Any]

    def _run(
        self,
        outcome: Sent | Thrown,
        hook: Callable[[Records, Any], object] | None,
        pause: Pause | None,
    ) -> tuple[bool, Any, Records | None]:
        run = self._context.run
        if self._records is not None:
            records, self._value = self._records, None
            if pause is not None:
                call = paused(pause, outcome)
                return run(frames.resume, records, None, None, hook, call)
            if isinstance(outcome, Thrown):
                return run(frames.resume, records, None, outcome.error, hook)
            return run(frames.resume, records, outcome.value, None, hook)
        if isinstance(outcome, Thrown):
            raise outcome.error
        if outcome.value is not None:
            raise TypeError("a call that has not begun takes no value but None")
        assert self._call is not None
        function, args, kwargs = self._call
        return run(frames.start, function, args, kwargs, hook)

    def advance(
        self, outcome: Sent | Thrown, hook: Any = None, pause: Pause | None = None
    ) -> None:
        """Go on: see :class:`greenflow.continuation.Continuation`."""
        raise NotImplementedError

    def _forget(self, generators: list[Any]) -> None:
        raise NotImplementedError

    def rest(self, look: Callable[[FrameType], object]) -> None:
        """Build its stack, call ``look`` with the innermost frame, take it apart again.

        Nothing of the function runs. What ``look`` changes in the frames is kept. While
        it is called the frames are those of a running stack: ``f_back`` leads outwards,
        and :meth:`snapshot` works.

        Raises:
            ContinuationError: it is not suspended.
            StackTooDeep: it has more frames than the recursion limit allows here.
            BaseException: what ``look`` raises.
        """
        if self._records is None:
            raise ContinuationError(
                f"a continuation that is {self._state} has no frames to look at"
            )
        value, waiting = self._value, self._generators
        raised = list[BaseException]()

        def pause(frame: FrameType) -> object:
            try:
                look(frame)
            except BaseException as error:
                raised.append(error)
            return frames.LEAVE

        self.advance(Sent(), None, pause)
        self._value = value
        self._forget(waiting)  # they did not go on: see dumps()
        if raised:
            raise raised.pop()

    def snapshot(self, frame: FrameType, value: object = None) -> bytes:
        """Return the running stack from a frame on outwards as bytes.

        Args:
            frame: any, while a pause is called: the whole stack is taken; or one of
                which a tracer is told that a line of it is about to begin. What it
                called, the tracer included, is left out. It goes on at that line.
            value: what the bytes tell that it is suspended with.

        Raises:
            ContinuationError, ValueError: it does not run here, or the frame is not
                about to begin a line.
            NotSuspendable, NotSaveable, TooLarge: as :meth:`dumps`, in a flow.
        """
        records = frames.snapshot(frame, self._context)
        return codec.encode_stack(records, value, self._context).data

    def save(self, keep: Callable[[bytes], bytes] | None = None) -> AnyState:
        """Return it as :meth:`dumps` does, with large values beside: for a store.

        They are not copied: what has them must not change until it is written.
        Raises as dumps().

        Args:
            keep: keeps the code of a trailer (:mod:`.spares`), and returns one that
                refers to it.
        """
        saved = self._save()
        if keep is not None:
            saved = saved._replace(trailer=keep(saved.trailer))
        state = saved.state
        self._forget(saved.generators)
        return state

    def _save(self) -> Saved:
        if self._records is not None:
            # In a hook the request is not part of the stack.
            return codec.encode_stack(self._records, self._value, self._context)
        if self._state == "new" and self._call is not None:
            return codec.encode_call(*self._call)
        if self._state == "done":
            return codec.encode_result(self._value)
        raise ContinuationError(
            f"a continuation that is {self._state} cannot be saved",
            hint="save it while it is suspended",
        )
