"""A waiting continuation that can be changed: variables, frames, where it goes on."""

from __future__ import annotations

import reprlib
from typing import TYPE_CHECKING, Any

from greenflow.continuation import frames
from greenflow.continuation.delivery.answers import AT
from greenflow.continuation.editing import dropping, jumping, restarting
from greenflow.continuation.editing.frame import Frame, frame_of
from greenflow.continuation.editing.parts import NOTHING, put_together, take_apart
from greenflow.continuation.outcome import Sent, Thrown
from greenflow.errors import (
    ContinuationError,
    EditRefused,
    InternalError,
    NoSuchPart,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.continuation.continuation import Continuation
    from greenflow.continuation.editing.parts import Record
    from greenflow.continuation.frames import Records

    Show = Callable[[str, Any], str]


def _show(name: str, value: Any) -> str:
    del name
    return reprlib.repr(value)


def begins_line(records: Records) -> bool:
    """Return whether a stack waits for nothing: it goes on at a line of it."""
    return take_apart(*records.parts()).records[-1].delivery == AT


class Editor:
    """A view of a waiting continuation in which it can be changed.

    It has the values themselves, not copies: let either the continuation that it was
    made from go on, or the one that :meth:`continuation` returns.

    Attributes:
        changes: what was changed, a line each.
        outcome: what the waiting call will return or raise, once that is set.
    """

    def __init__(self, continuation: Continuation, show: Show = _show) -> None:
        """Take it apart.

        Args:
            continuation: a waiting one.
            show: returns a short text for a variable's name and its value.

        Raises:
            ContinuationError: it does not wait.
        """
        records = continuation.held_records()
        if records is None:
            raise ContinuationError(
                "only what waits can be changed: this has no frames",
                hint="change it where it waits in suspend(), recv() or the like",
            )
        self.changes: list[str] = []
        self.outcome: Sent | Thrown | None = None
        self._from, self._show = continuation, show
        self._parts = take_apart(*records.parts())
        self._waits_as_before = True

    @property
    def frames(self) -> list[Frame]:
        """The user's own, the innermost first; not those that were dropped."""
        return [
            self._frame(number, record) for number, record in enumerate(self._records())
        ]

    @property
    def same_wait(self) -> bool:
        """Whether it waits where it did."""
        return self._waits_as_before

    @property
    def takes_value(self) -> bool:
        """Whether it goes on with what it is given, and not with what stands here."""
        parts = self._parts
        return parts.records[-1].delivery != AT and not dropping.is_decided(parts)

    @property
    def value(self) -> Any:
        """What the waiting call will return: set it. None if it is not set."""
        return self.outcome.value if isinstance(self.outcome, Sent) else None

    @value.setter
    def value(self, value: Any) -> None:
        self._check_takes_value()
        self.outcome = Sent(value)
        self.note(f"its call returns {self._show('value', value)}")

    @property
    def error(self) -> BaseException | None:
        """What the waiting call will raise: set it. None if it is not set."""
        return self.outcome.error if isinstance(self.outcome, Thrown) else None

    @error.setter
    def error(self, error: BaseException) -> None:
        if not isinstance(error, BaseException):
            raise TypeError(f"an exception is needed, not {error!r}")
        self._check_takes_value()
        self.outcome = Thrown(error)
        self.note(f"its call raises {self._show('error', error)}")

    def frame_of(self, generator: Any) -> Frame:
        """Return the frame of a generator, coroutine or async generator.

        Of one that is on the stack, or of one that waits by itself in a variable.

        Raises:
            ContinuationError: it is none, is running, or has ended.
        """
        for frame in self.frames:
            if frame.generator is generator:
                return frame
        name = getattr(generator, "__qualname__", "")
        return frame_of(generator, self._teller(f"generator {name}"))

    def drop_to(self, number: int) -> None:
        """Drop the frames inside of a frame: its call gets what comes next.

        Nothing of them runs any more. Generators among them have ended.

        Raises:
            NoSuchPart: there is no such frame.
            EditRefused: it waits for no call, as it was to begin anew, or to go on
                at a line.
        """
        record, place = self._record(number), self._place(number)
        if record.delivery == AT:
            raise EditRefused(
                f"{place} waits for nothing: it goes on by itself",
                hint="there is nothing inside of it to drop",
            )
        if dropping.drop_inside(self._parts, record):
            dropping.await_value(self._parts, record)
            self._moved(f"{place}: dropped what is inside of it")

    def force_return(self, number: int, value: Any) -> None:
        """Drop a frame and all inside of it, as if it had returned ``value``.

        The caller of a generator's frame sees that the generator ends with it.

        Raises:
            NoSuchPart: there is no such frame.
            EditRefused: nothing is around it, or it is of an async generator, which
                returns None.
        """
        record = self._inner(number, "return")
        is_async = hasattr(record.generator, "asend")
        if is_async and value is not None:
            raise EditRefused(
                f"{self._place(number)} is an async generator, which returns no value",
                hint="return None from it",
            )
        text = f"{self._place(number)}: returns {self._show('value', value)}"
        dropping.drop_with(self._parts, record)
        dropping.give(self._parts, record, value)
        self._moved(text)

    def force_raise(
        self, number: int, error: BaseException | type[BaseException]
    ) -> None:
        """Drop a frame and all inside of it, as if it had raised ``error``.

        Raises NoSuchPart, EditRefused: as :meth:`force_return`; TypeError.
        """
        if isinstance(error, type) and issubclass(error, BaseException):
            error = error()
        if not isinstance(error, BaseException):
            raise TypeError(f"an exception is needed, not {error!r}")
        record = self._inner(number, "raise")
        text = f"{self._place(number)}: raises {self._show('error', error)}"
        dropping.drop_with(self._parts, record)
        dropping.fail(self._parts, error)
        self._moved(text)

    def restart(self, number: int) -> None:
        """Let a frame begin anew, with its arguments as they are now.

        What is inside of it is dropped. If its function was replaced in its module, it
        begins in the new code.

        Raises:
            NoSuchPart: there is no such frame.
            EditRefused: the new code takes other arguments; an argument has no value.
        """
        record, place = self._record(number), self._place(number)
        begun = restarting.begun(record, place)
        changed = " in its new code" if begun.code is not record.code else ""
        dropping.drop_all_inside(self._parts, record, begins=True)
        restarting.replace(record, begun)
        self._moved(f"{place}: begins anew{changed}")

    def jump(self, number: int, line: int) -> None:
        """Let a frame go on at the beginning of a line; what is inside is dropped.

        ``with`` blocks and loops that it leaves so do not run their ends.

        Raises:
            NoSuchPart: there is no such frame.
            EditRefused: it cannot go on there, or that line has no code.
        """
        record, place = self._record(number), self._place(number)
        unit = jumping.target(record, line, place)
        text = f"{place}: goes on at line {line}, not {self.frames[number].line}"
        dropping.drop_all_inside(self._parts, record)
        jumping.go_on_at(record, unit)
        self._moved(text)

    def note(self, text: str) -> None:
        """Add a line to :attr:`changes`."""
        self.changes.append(text)

    def continuation(self) -> Continuation:
        """Return the changed continuation, whose frames were checked.

        Raises:
            InternalError: they are no valid stack; nothing goes on.
        """
        try:
            records = frames.records(*put_together(self._parts))
        except (TypeError, ValueError) as error:
            raise InternalError(f"a flow cannot be changed so: {error}") from error
        value = self._from.value if self._waits_as_before else None
        return self._from.with_records(records, value)

    # --- its frames ---

    def _records(self) -> list[Record]:
        """Return the user's, the innermost first."""
        every = reversed(self._parts.records)
        return [record for record in every if not dropping.is_adapter(record)]

    def _record(self, number: int) -> Record:
        found = self._records()
        if not 0 <= number < len(found):
            raise NoSuchPart(
                f"there is no frame {number}",
                hint=f"they are 0 to {len(found) - 1}, and 0 is the one that waits",
            )
        return found[number]

    def _inner(self, number: int, does: str) -> Record:
        record = self._record(number)
        if number == len(self._records()) - 1:
            raise EditRefused(
                f"{self._place(number)} is the outermost: nobody is there to whom it "
                f"could {does}",
                hint="end the flow instead: kill() it, or throw() into it",
            )
        return record

    def _place(self, number: int) -> str:
        return f"frame {number} {self._record(number).function.__qualname__}"

    def _frame(self, number: int, record: Record) -> Frame:
        place = f"frame {number} {record.function.__qualname__}"
        return Frame(record, place, self._teller(place))

    def _teller(self, place: str) -> Callable[[str, Any, Any], None]:
        def tell(name: str, before: Any, after: Any) -> None:
            self.note(f"{place}: {name} {self._text(name, before, after)}")

        return tell

    def _text(self, name: str, before: Any, after: Any) -> str:
        texts = [
            "nothing" if value is NOTHING else self._show(name, value)
            for value in (before, after)
        ]
        return " -> ".join(texts)

    def _moved(self, text: str) -> None:
        self.outcome, self._waits_as_before = None, False
        self.note(text)

    def _check_takes_value(self) -> None:
        if not self.takes_value:
            raise EditRefused(
                "the flow waits for nothing: it goes on by itself",
                hint="drop_to() a frame whose call is to be given a value",
            )
