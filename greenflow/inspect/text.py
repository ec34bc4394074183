"""Stored objects as short text. What would never end is cut, not begun."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from greenflow import limits
from greenflow.inspect.looks import look
from greenflow.inspect.nodes import ABSENT, Item, Node

if TYPE_CHECKING:
    from collections.abc import Iterable

    from greenflow.inspect.looks import Part
    from greenflow.inspect.saved import Saved

MASK: Final = "********"
_SECRET: Final = re.compile("API|TOKEN|KEY|SECRET|PASS|SIGNATURE", re.IGNORECASE)
_MORE: Final = "..."
#: repr() of a longer int takes time by the square of its length.
_INT_BITS_MAX: Final = 10_000


def is_secret(name: str) -> bool:
    """Return whether what has this name is not for everybody's eyes."""
    return _SECRET.search(name) is not None


def preview(
    item: Item,
    saved: Saved | None = None,
    *,
    chars_max: int = limits.PREVIEW_CHARS_MAX,
    reveal: bool = False,
) -> str:
    """Return an object in one line of so many characters at most, as repr() would.

    Args:
        item: what :func:`greenflow.inspect.unpickle.unpickle` gave.
        saved: knows the code of functions and generators.
        chars_max: the longest text.
        reveal: show also what has the name of a secret.
    """
    writer = _Writer(saved, chars_max, reveal=reveal)
    writer.write(item, 0)
    text = "".join(writer.text)
    if not writer.full and len(text) <= chars_max:
        return text
    return text[: max(chars_max - len(_MORE), 0)] + _MORE


class _Writer:
    def __init__(self, saved: Saved | None, chars_max: int, *, reveal: bool) -> None:
        self.text: list[str] = []
        self.full = False
        self._saved, self._reveal = saved, reveal
        self._chars = chars_max
        self._objects = limits.SHOWN_OBJECTS_MAX
        #: Those whose parts are being written.
        self._open: set[int] = set()

    def write(self, item: Item, level: int) -> None:
        """Write an object, if there is room."""
        self._objects -= 1
        if self.full or self._objects < 0 or level > limits.SHOWN_LEVELS_MAX:
            self._put(_MORE)
            self.full = self.full or self._objects < 0
            return
        if not isinstance(item, Node):
            self._put(scalar(item, self._chars))
            return
        shown = look(item, self._saved)
        if id(item) in self._open:
            self._put(shown.begin + _MORE + shown.end)
            return
        self._open.add(id(item))
        self._put(shown.begin)
        count = self._parts(shown.shown, level)
        self._put("," * (shown.comma and count == 1) + shown.end)
        self._open.discard(id(item))

    def _parts(self, parts: Iterable[Part], level: int) -> int:
        count = 0
        for part in parts:
            if self.full:
                break
            self._put((", " if count else "") + part.label)
            count += 1
            if part.key is not ABSENT:
                self.write(part.key, level + 1)
                self._put(": ")
            if is_secret(part.name) and not self._reveal:
                self._put(MASK)
            else:
                self.write(part.item, level + 1)
        return count

    def _put(self, text: str) -> None:
        self.text.append(text)
        self._chars -= len(text)
        self.full = self.full or self._chars < 0


def scalar(item: Item, chars_max: int = limits.PREVIEW_CHARS_MAX) -> str:
    """Return a number, text or bytes as Python writes it, cut if it is long."""
    if isinstance(item, int) and item.bit_length() > _INT_BITS_MAX:
        return f"<int of {item.bit_length()} bits>"
    room = max(chars_max, 0)
    if isinstance(item, str | bytes | bytearray) and len(item) > room:
        return repr(item[:room]) + _MORE
    return repr(item)
