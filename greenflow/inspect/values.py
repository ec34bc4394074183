"""A value of a stored stack, to look at: text, type, size, parts; never the object."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from greenflow import limits
from greenflow.errors import ContinuationError
from greenflow.inspect.looks import Look, Part, look
from greenflow.inspect.nodes import ABSENT, Item
from greenflow.inspect.text import MASK, is_secret, preview

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenflow.inspect.saved import Saved

    Loader = Callable[[], Any]


class Value:
    """What a variable held when its flow was saved, or a part of that.

    Nothing of it is imported or run to show it. What has the name of a secret
    (``api_key``, ``password``) is shown as ``********``, unless the stack is looked at
    with ``reveal=True``.
    """

    __slots__ = ("_item", "_load", "_look", "_reveal", "_saved", "name", "step")

    def __init__(
        self,
        item: Item,
        saved: Saved,
        *,
        name: str = "",
        step: str = "",
        reveal: bool = False,
        load: Loader | None = None,
    ) -> None:
        """Made by :class:`greenflow.inspect.Stack`."""
        self._item, self._saved, self._reveal, self._load = item, saved, reveal, load
        #: The variable's, attribute's or key's name; "" if it has none.
        self.name = name
        #: How one writes the way from what holds it: ``.x``, ``[0]``, ``['key']``.
        self.step = step
        self._look: Look | None = None

    @property
    def item(self) -> Item:
        """What the pickle says of it: see greenflow.inspect.nodes."""
        return self._item

    @property
    def bound(self) -> bool:
        """Whether the variable was set."""
        return self._item is not ABSENT

    @property
    def secret(self) -> bool:
        """Whether it is not shown, because of its name."""
        return not self._reveal and is_secret(self.name)

    @property
    def preview(self) -> str:
        """The value in one line of at most ``limits.PREVIEW_CHARS_MAX`` characters."""
        return self.text()

    def text(self, chars_max: int = limits.PREVIEW_CHARS_MAX) -> str:
        """Return the value in one line of at most so many characters."""
        if not self.bound:
            return "<unbound>"
        if self.secret:
            return MASK
        return preview(
            self._item, self._saved, chars_max=chars_max, reveal=self._reveal
        )

    @property
    def type(self) -> str:
        """``int``, ``list``, ``module:qualname`` of a class; "" of what is unbound."""
        return self._looked().type if self.bound else ""

    @property
    def size(self) -> int | None:
        """How many items or characters it has; None if it is no container or text."""
        return self._looked().size if self.bound and not self.secret else None

    @property
    def literal(self) -> Any:
        """The number, text or bytes itself; None for anything else, and for secrets."""
        kinds = bool | int | float | str | bytes
        return self._item if isinstance(self._item, kinds) and not self.secret else None

    @property
    def children(self) -> Iterator[Value]:
        """Its parts, one after another: items, entries, attributes."""
        if self.bound and not self.secret:
            for part in self._looked().children:
                yield self._part(part)

    def part(self, step: str) -> Value | None:
        """Return the part of that :attr:`step`; None if there is none."""
        return next((part for part in self.children if part.step == step), None)

    def load(self) -> Any:
        """Return the real object; only of a stack looked at with ``load=True``.

        Raises:
            ContinuationError: the stack was looked at without running anything, or
                the object cannot be reached by itself.
        """
        if self._load is None:
            raise ContinuationError(
                f"{self.name or self.step or 'the value'} was not loaded",
                hint="flow.inspect(load=True) loads it, which runs code of its class",
            )
        return self._load()

    def __repr__(self) -> str:
        return f"<Value {self.name or self.step} {self.preview}>"

    def _repr_html_(self) -> str:
        from greenflow.inspect.page import value_html

        return f"<div>{escape(self.name)} {value_html(self)}</div>"

    def _looked(self) -> Look:
        if self._look is None:
            self._look = look(self._item, self._saved)
        return self._look

    def _part(self, part: Part) -> Value:
        step = part.step
        if part.key is not ABSENT:
            step = f"[{preview(part.key, self._saved)}]"
        return Value(
            part.item,
            self._saved,
            name=part.name,
            step=step,
            reveal=self._reveal,
            load=self._load and _Reached(self._load, step),
        )


class _Reached:
    """Loads a part of what was loaded: an attribute, or an item by a plain index."""

    def __init__(self, whole: Loader, step: str) -> None:
        self._whole, self._step = whole, step

    def __call__(self) -> Any:
        import ast

        whole, step = self._whole(), self._step
        if step.startswith("."):
            return getattr(whole, step[1:])
        try:
            return whole[ast.literal_eval(step[1:-1])]
        except (SyntaxError, ValueError, TypeError):
            raise ContinuationError(
                f"the part {step.strip()!r} cannot be reached by itself",
                hint="load what holds it",
            ) from None
