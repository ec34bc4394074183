"""The stack of a stored flow, to look at: frames, places, variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from greenflow.errors import BadRecord
from greenflow.inspect import known  # noqa: F401 - how some objects look
from greenflow.inspect.content import Content
from greenflow.inspect.frames import Frame
from greenflow.inspect.nodes import members, pairs
from greenflow.inspect.values import Value

if TYPE_CHECKING:
    from greenflow.inspect.codes import Codes
    from greenflow.inspect.content import FrameLoader
    from greenflow.inspect.saved import Saved
    from greenflow.inspect.sources import Texts
    from greenflow.parted import AnyState


#: What stands in for C code (greenflow.continuation.delivery) is in no other file.
_OWN_FILE: Final = "<greenflow>"


class Stack:
    """A stored stack, to look at. Nothing of it is imported or run.

    Attributes:
        kind: ``stack``; ``call`` of a flow that has not begun; ``done``.
        python: the Python that saved it.
        frames: the innermost first; none of a flow that has not begun.
        calls: what would be called to load it, besides what is greenflow's own.
        trouble: why its variables cannot be read; None if they can.
        reveal: whether secrets are shown.
    """

    def __init__(
        self,
        data: AnyState,
        *,
        texts: Texts | None = None,
        codes: Codes | None = None,
        load: FrameLoader | None = None,
        reveal: bool = False,
    ) -> None:
        """Take apart what ``Continuation.dumps()`` returned, or a flow's saved state.

        Args:
            data: the bytes; a store gives those of a state that is only ``shown``.
            texts: returns the stored source of the code of a hash.
            codes: returns the code that a state in a store refers to.
            load: what gives the real objects to ``Value.load()``.
            reveal: show also what has the name of a secret.

        Raises:
            BadRecord: the bytes are not what was written.
        """
        self._content = Content(
            data, texts=texts, codes=codes, load=load, reveal=reveal
        )
        head = self._content.head
        self.kind = head.kind
        self.python = head.python
        self.reveal = reveal
        shown = [
            (index, place)
            for index, place in enumerate(reversed(head.places))
            if head.functions[place.function].file != _OWN_FILE
        ]
        self.frames = [
            Frame(self._content, number, place, index)
            for number, (index, place) in enumerate(shown)
        ]

    @property
    def saved(self) -> Saved:
        """Its bytes, taken apart."""
        return self._content.saved

    @property
    def calls(self) -> tuple[str, ...]:
        """What loading it would call, by name, besides what is greenflow's own."""
        return tuple(
            name
            for name in self._content.saved.calls
            if not name.startswith(("_gf1:", "<"))
        )

    @property
    def trouble(self) -> BadRecord | None:
        """Why its variables cannot be read; None if they can."""
        try:
            if self.kind == "stack":
                self._content.state()
            self._content.saved.check()
        except BadRecord as error:
            return error.with_traceback(None)
        return None

    @property
    def value(self) -> Value | None:
        """What it is suspended with, or what it returned; None of a call."""
        whole = members(self._content.saved.root)
        if self.kind == "call" or not whole:
            return None
        saved = self._content.saved
        return Value(whole[0], saved, step="value", reveal=self.reveal)

    @property
    def arguments(self) -> dict[str, Value]:
        """What a function that has not begun will be called with.

        By number from 1, or by name. Empty of anything else.
        """
        whole = members(self._content.saved.root)
        if self.kind != "call" or len(whole) != 3:
            return {}
        given = [(str(at), item) for at, item in enumerate(members(whole[1]), 1)]
        given += [(str(key), item) for key, item in pairs(whole[2])]
        saved, reveal = self._content.saved, self.reveal
        return {
            name: Value(item, saved, name=name, step=name, reveal=reveal)
            for name, item in given
        }

    def __repr__(self) -> str:
        return f"<Stack of {len(self.frames)} frames>"

    def _repr_html_(self) -> str:
        from greenflow.inspect.page import stack_html

        return stack_html(self)
