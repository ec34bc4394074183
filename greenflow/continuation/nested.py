"""A continuation among the values of another: one graph, not bytes within bytes."""

from __future__ import annotations

from contextlib import suppress
from contextvars import Context
from types import CellType
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from greenflow.continuation import frames, tags
from greenflow.continuation.context import saved_items
from greenflow.errors import ContinuationError
from greenflow.later import later_all

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import ContextVar
    from types import FunctionType

    from greenflow.continuation import spares, summary
    from greenflow.continuation.frames import Records
else:
    spares, summary = later_all(__name__, "greenflow.continuation", "spares", "summary")

T = TypeVar("T")

State = Literal["new", "suspended", "running", "done", "failed"]


class Nested:
    """What of a continuation is saved, for a pickler of ours."""

    __slots__ = ("_call", "_context", "_records", "_state", "_value")

    _state: State
    _value: Any
    _call: tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]] | None
    _records: Records | None
    _context: Context

    @property
    def done(self) -> bool:
        """Whether the function has returned or raised."""
        return self._state in {"done", "failed"}

    def variables(self) -> list[dict[str | int, Any]]:
        """Return the variables of every frame, the innermost first; none if it waits
        in none.

        By name, cells opened; what the pending expression still needs by number.
        """
        frames_of = self._records.frames if self._records is not None else ()
        return [_named(function, pairs) for function, _, _, pairs in frames_of]

    def set_variable(self, variable: ContextVar[T], value: T) -> None:
        """Set a context variable for what runs in it. See also keep_local()."""
        self._context.run(variable.set, value)

    def variable(self, variable: ContextVar[T]) -> T | None:
        """Return what runs in it has set a context variable to; None if to nothing."""
        return self._context.get(variable)

    def __repr__(self) -> str:
        place = ""
        if self._state == "suspended" and self._records is not None:
            function, offset = self._records.places[-1]
            line = summary.position(function.__code__, offset)[0]
            place = f" in {function.__qualname__}() line {line}"
            place += f", {self._records.depth} frames"
        return f"<Continuation {self._state}{place}>"

    def reduce_within(self, running: dict[int, Any]) -> tuple[Any, ...]:
        """Reduce it for a pickler of ours, to which ``running`` belongs."""
        content: tuple[Any, ...]
        if self._state == "suspended" and self._records is not None:
            pairs = self._records.generators
            running.update((id(gen), function) for gen, function in pairs)
            content = self._records.parts()
        elif self._state == "new":
            content = (self._call,)
        elif self.done:
            content = ()
        else:
            raise ContinuationError("a continuation that is running cannot be saved")
        own = self._context if saved_items(self._context) else None
        saved = (self._state, self._value, content, own)
        return _empty, (), saved, None, None, _fill

    def held_records(self) -> Records | None:
        """Return its frames, if it is suspended."""
        return self._records

    def fill(self, saved: tuple[Any, ...]) -> None:
        """Make an empty one what :meth:`reduce_within` saved."""
        state, self._value, content, own = saved
        self._records = self._call = None
        self._context = Context() if own is None else own
        if state == "suspended":
            reading = spares.current()
            if reading is not None:
                reading.check_suspended(content[0])
            self._records = frames.records(*content)
        elif state == "new":
            (self._call,) = content
        self._state = state


#: Of which picklers of ours save the objects so.
CLASSES: list[type[Nested]] = []


def _named(
    function: FunctionType, pairs: list[tuple[str | int, Any]]
) -> dict[str | int, Any]:
    code = function.__code__
    in_cells = {*code.co_cellvars, *code.co_freevars}
    found: dict[str | int, Any] = {}
    operands = 0
    for name, value in pairs:
        if isinstance(name, int):
            found[operands] = value
            operands += 1
        elif name in in_cells and type(value) is CellType:
            with suppress(ValueError):  # an empty one
                found[name] = value.cell_contents
        else:
            found[name] = value
    return found


def register_nested(cls: type[Nested]) -> None:
    """Let picklers of ours save objects of this class so."""
    CLASSES.append(cls)


def _empty() -> Nested:
    cls: Any = CLASSES[0]
    made: Nested = cls("failed")
    return made


def _fill(made: Nested, saved: tuple[Any, ...]) -> None:
    made.fill(saved)


tags.register("empty_continuation", _empty)
tags.register("fill_continuation", _fill)
