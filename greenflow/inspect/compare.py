"""Whether two stored objects are equal, as far as their pickles tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenflow import limits
from greenflow.inspect.nodes import Item, Large, Node
from greenflow.inspect.text import preview
from greenflow.store.spans import digests_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenflow.inspect.saved import Saved

#: Their order is another one in each process.
_UNORDERED = {"set", "frozenset"}


class Comparer:
    """Compares objects of two stacks; of very many it gives up, and says so.

    Attributes:
        exhausted: whether it gave up: what it calls equal from then on may not be.
    """

    def __init__(self, saved: Saved, other: Saved) -> None:
        self.exhausted = False
        self._saved, self._other = saved, other
        self._left = limits.COMPARED_OBJECTS_MAX
        #: Pairs that were found equal, or would be if what holds them is.
        self._equal: set[tuple[int, int]] = set()

    def equal(self, one: Item, other: Item) -> bool:
        """Return whether two objects are equal; cycles are, if they look the same."""
        assumed: set[tuple[int, int]] = set()
        pairs: list[tuple[Item, Item]] = [(one, other)]
        while pairs:
            self._left -= 1
            if self._left < 0:
                self.exhausted = True
                return True
            first, second = pairs.pop()
            if not isinstance(first, Node) or not isinstance(second, Node):
                if not (_same_scalar(first, second) or _same_bytes(first, second)):
                    return False
                continue
            key = id(first), id(second)
            if key in self._equal or key in assumed:
                continue
            assumed.add(key)
            inner = self._inner(first, second)
            if inner is None:
                return False
            pairs += inner
        self._equal |= assumed
        return True

    def _inner(self, first: Node, second: Node) -> list[tuple[Item, Item]] | None:
        """Return which parts must be equal; None if the nodes themselves are not."""
        if (first.kind, first.name) != (second.kind, second.name):
            return None
        if first.kind in _UNORDERED:
            mine = sorted(preview(item, self._saved) for item in first.items)
            theirs = sorted(preview(item, self._other) for item in second.items)
            return [] if mine == theirs else None
        parts = [list(_parts(first)), list(_parts(second))]
        if len(parts[0]) != len(parts[1]):
            return None
        return list(zip(*parts, strict=True))


def _parts(node: Node) -> Iterator[Item]:
    yield len(node.items)  # which of the parts are items counts too
    yield from node.items
    for pair in node.pairs:
        yield from pair
    yield from (node.make, node.args, node.keywords, node.state, node.setter)


def _same_bytes(one: Item, other: Item) -> bool:
    """Return whether one is a large value of which little was read, the other all."""
    if isinstance(other, Large):
        one, other = other, one
    if not isinstance(one, Large) or type(other).__name__ != one.name:
        return False
    return len(other) == one.size and digests_of(other) == one.items[0]


def _same_scalar(one: Item, other: Item) -> bool:
    # 1, 1.0 and True are three values; nan is itself.
    if isinstance(one, Node) or isinstance(other, Node):
        return False
    if type(one) is not type(other):
        return False
    return bool(one == other or (one != one and other != other))
