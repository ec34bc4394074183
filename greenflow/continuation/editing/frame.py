"""Frames of a waiting stack, and of generators that wait by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenflow.continuation import frames
from greenflow.continuation.delivery.answers import AT
from greenflow.continuation.editing.liveness import needed_by
from greenflow.continuation.editing.parts import NOTHING, Record, take_apart
from greenflow.continuation.editing.variables import Changed, Variables
from greenflow.continuation.summary import position
from greenflow.errors import ContinuationError, EditRefused

if TYPE_CHECKING:
    from types import FunctionType


class Frame:
    """One frame, as it is and as it can be changed.

    Attributes:
        record: what there is of it.
    """

    def __init__(self, record: Record, place: str, tell: Changed) -> None:
        """Made by an Editor; ``place`` names it in errors."""
        self.record = record
        self._place, self._tell = place, tell

    @property
    def locals(self) -> Variables:
        """Its variables by name."""
        slots = _OfRecord(self.record, self._place)
        return Variables(self.record.code, slots, self._place, self._tell)

    @property
    def function(self) -> FunctionType:
        """The function that it runs."""
        return self.record.function

    @property
    def globals(self) -> dict[str, Any]:
        """The names of its module."""
        function: Any = self.record.function
        names: dict[str, Any] = function.__globals__
        return names

    @property
    def file(self) -> str:
        """The name of its source file, as compiled."""
        return self.record.code.co_filename

    @property
    def line(self) -> int:
        """Where it waits or, behind a jump, begins: from 1; 0 if that is not known."""
        return position(self.record.code, 2 * self.record.pending)[0]

    @property
    def generator(self) -> Any:
        """The generator, coroutine or async generator whose frame it is, or None."""
        found = self.record.generator
        return None if found is NOTHING else found

    def __repr__(self) -> str:
        name = self.function.__qualname__
        return f"<Frame {name} {self.file}:{self.line}>"


class _OfRecord:
    """The slots of a record."""

    def __init__(self, record: Record, place: str) -> None:
        self._record, self._place = record, place

    def read(self) -> list[Any]:
        if self._record.dropped:
            raise EditRefused(
                f"{self._place} was dropped", hint="take another one of the frames"
            )
        return self._record.variables

    def write(self, number: int, value: Any) -> None:
        self._record.variables[number] = value

    def needed(self) -> set[int]:
        return needed_by(self._record, begins=self._record.delivery == AT)


class _OfGenerator:
    """The slots of a generator that waits by itself."""

    def __init__(self, generator: Any) -> None:
        self._generator = generator

    def read(self) -> list[Any]:
        return record_of(self._generator).variables

    def write(self, number: int, value: Any) -> None:
        given = () if value is NOTHING else (value,)
        frames.generator_set(self._generator, number, *given)

    def needed(self) -> set[int]:
        return needed_by(record_of(self._generator), begins=False)


class GeneratorFrame(Frame):
    """The frame of a generator that waits by itself; what is set is set at once."""

    def __init__(self, generator: Any, tell: Changed) -> None:
        """Made by :func:`frame_of`."""
        record = record_of(generator)
        super().__init__(record, f"generator {record.function.__qualname__}", tell)
        self._generator = generator

    @property
    def locals(self) -> Variables:
        """Its variables by name."""
        slots = _OfGenerator(self._generator)
        return Variables(self.record.code, slots, self._place, self._tell)

    @property
    def generator(self) -> Any:
        """The generator, coroutine or async generator whose frame it is."""
        return self._generator


def record_of(generator: Any) -> Record:
    """Return the record of a generator that waits by itself, or has not begun.

    Raises:
        ContinuationError: it is no generator, is running, or has ended.
    """
    try:
        _, function, shape, values, _, _ = frames.generator_state(generator)
    except (TypeError, ValueError) as error:
        raise ContinuationError(f"there is no frame to change: {error}") from error
    if function is None:
        raise ContinuationError(
            f"generator {generator.__qualname__} has ended: it has no frame any more"
        )
    return take_apart((function,), shape, values[1:]).records[0]


def frame_of(generator: Any, tell: Changed = lambda name, before, after: None) -> Frame:
    """Return the frame of a generator that waits by itself.

    Raises:
        ContinuationError: it is no generator, is running, or has ended.
    """
    return GeneratorFrame(generator, tell)
