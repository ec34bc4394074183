"""A continuation among the values of another: one graph, not bytes within bytes."""

from __future__ import annotations

from contextvars import Context
from typing import TYPE_CHECKING, Any, Literal

from greenflow.continuation import frames, pickling, tags
from greenflow.continuation.context import saved_items
from greenflow.errors import ContinuationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.continuation.frames import Records

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
        context = self._context if saved_items(self._context) else None
        saved = (self._state, self._value, content, context)
        return _empty, (), saved, None, None, _fill

    def fill(self, saved: tuple[Any, ...]) -> None:
        """Make an empty one what :meth:`reduce_within` saved."""
        state, self._value, content, context = saved
        self._records = self._call = None
        self._context = Context() if context is None else context
        if state == "suspended":
            self._records = frames.records(*content)
        elif state == "new":
            (self._call,) = content
        self._state = state


_classes: list[type[Nested]] = []


def register_nested(cls: type[Nested]) -> None:
    """Let picklers of ours save objects of this class so."""
    _classes.append(cls)
    pickling.register_reducer(cls, Nested.reduce_within)


def _empty() -> Nested:
    cls: Any = _classes[0]
    made: Nested = cls("failed")
    return made


def _fill(made: Nested, saved: tuple[Any, ...]) -> None:
    made.fill(saved)


tags.register("empty_continuation", _empty)
tags.register("fill_continuation", _fill)
