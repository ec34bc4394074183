"""One frame of a stored stack, to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenflow.inspect.generators import inner_frame, operands_of, variables_of
from greenflow.inspect.lines import Position
from greenflow.inspect.nodes import ABSENT, Item
from greenflow.inspect.sources import Excerpt, excerpt
from greenflow.inspect.values import Value

if TYPE_CHECKING:
    from greenflow.continuation.head import PlaceHead
    from greenflow.inspect.codes import Code
    from greenflow.inspect.content import Content
    from greenflow.inspect.generators import Inner
    from greenflow.inspect.shape import FrameState


class Frame:
    """One frame: where it waits, and what its variables hold.

    Attributes:
        number: 0 is the innermost; what stands in for C code is not counted.
        module, function, file: whose frame it is; ``function`` is qualified.
        line: where it waits, from 1; 0 if that is not known.
        positions: the pending expression: lines from 1, columns in UTF-8 bytes from 0.
        source_keys: what its source may be stored under.
    """

    def __init__(
        self, content: Content, number: int, place: PlaceHead, index: int
    ) -> None:
        """Made by :class:`greenflow.inspect.Stack`."""
        named = content.head.functions[place.function]
        self.number = number
        self.module, self.function = named.module, named.qualname
        self.file = named.file
        self.positions = Position(place.line, place.end_line, place.col, place.end_col)
        self.line = place.line
        self.source_keys = content.source_keys(place.function)
        self._content = content
        #: Among all that is stored, also greenflow's own.
        self._index = index

    @property
    def source(self) -> Excerpt:
        """The lines of the pending expression, as they were when it was saved."""
        return self.excerpt()

    def excerpt(self, context: int = 0) -> Excerpt:
        """Return :attr:`source` with so many lines before and behind it."""
        stored = self._content.stored_source(self.source_keys)
        return excerpt(self.file, self.positions, stored, context)

    @property
    def locals(self) -> dict[str, Value]:
        """The variables by name, in the order of the code, cells opened.

        Raises BadRecord: the values cannot be read; see :attr:`Stack.trouble`.
        """
        return {name: self._value(item, name, name) for name, item in self._variables()}

    @property
    def operands(self) -> list[Value]:
        """What the pending expression and the blocks around it still need.

        The lowest of the frame's value stack first. Raises BadRecord.
        """
        return [
            self._value(item, "", f"operand {at}", at)
            for at, item in enumerate(self._operands())
        ]

    @property
    def exception(self) -> Value | None:
        """What is being handled, as sys.exception() tells. Raises BadRecord."""
        item = self._exception()
        return None if item in (ABSENT, None) else self._value(item, "", "exception")

    @property
    def generators(self) -> dict[str, Frame]:
        """The frames of generators that wait in variables and operands.

        By the variable's name, or ``operand N``. Raises BadRecord.
        """
        held = [*self._variables()]
        held += [(f"operand {at}", item) for at, item in enumerate(self._operands())]
        found: dict[str, Frame] = {}
        for name, item in held:
            inner = inner_frame(item, self._content.saved)
            if inner is not None:
                found[name] = _InnerFrame(self._content, self.number, inner)
        return found

    def __repr__(self) -> str:
        return f"<Frame {self.number} {self.function} {self.file}:{self.line}>"

    def _value(
        self, item: Item, name: str, step: str, key: str | int | None = None
    ) -> Value:
        key = name if key is None else key
        load = self._content.loader_of(self._index, key) if key != "" else None
        return Value(
            item,
            self._content.saved,
            name=name,
            step=step,
            reveal=self._content.reveal,
            load=load,
        )

    def _state(self) -> tuple[FrameState, Code]:
        return self._content.frame_state(self._index)

    def _variables(self) -> list[tuple[str, Item]]:
        return variables_of(*self._state())

    def _operands(self) -> list[Item]:
        return operands_of(*self._state())

    def _exception(self) -> Item:
        own = self._state()[0].exception
        if own is ABSENT and self.number == 0:
            return self._content.state().exception
        return own


class _InnerFrame(Frame):
    """The frame of a generator that waits by itself."""

    def __init__(self, content: Content, number: int, inner: Inner) -> None:
        self.number = number
        self.module, self.function = "", inner.qualname
        self.file = inner.code.co_filename
        self.positions = inner.position
        self.line = inner.position.line
        self.source_keys = inner.source_keys
        self._content, self._inner = content, inner

    def _variables(self) -> list[tuple[str, Item]]:
        return self._inner.variables

    def _operands(self) -> list[Item]:
        return self._inner.operands

    def _exception(self) -> Item:
        return ABSENT

    def _value(
        self, item: Item, name: str, step: str, key: str | int | None = None
    ) -> Value:
        reveal = self._content.reveal
        return Value(item, self._content.saved, name=name, step=step, reveal=reveal)
