"""What differs between values of two stacks, and where in them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from greenflow import limits
from greenflow.inspect.nodes import Node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenflow.inspect.compare import Comparer
    from greenflow.inspect.values import Value


class Change(NamedTuple):
    """One thing that is not what it was.

    Attributes:
        path: how one would write it: ``order.lines[0]``.
        kind: ``changed``, ``added`` or ``removed``.
        before, after: as text; None where it is not.
    """

    path: str
    kind: Literal["changed", "added", "removed"]
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is None:
            return f"+ {self.path} {self.after}"
        if self.after is None:
            return f"- {self.path} {self.before}"
        return f"{self.path} {self.before} -> {self.after}"


_SEQUENCES: Final = frozenset({"list", "tuple"})


class Changes:
    """Finds changes; no more than anybody would read.

    Attributes:
        full: whether there were more.
    """

    def __init__(self, comparer: Comparer) -> None:
        self.full = False
        self._comparer = comparer
        self._left = limits.DIFFERENCES_MAX
        self._told: set[tuple[int, int]] = set()

    def between(
        self, before: Mapping[str, Value], after: Mapping[str, Value]
    ) -> list[Change]:
        """Return what differs between values of the same names."""
        found: list[Change] = []
        self._add(found, "", before, after, 0)
        return found

    def _add(
        self,
        found: list[Change],
        path: str,
        before: Mapping[str, Value],
        after: Mapping[str, Value],
        level: int,
    ) -> None:
        for step, value in before.items():
            if step in after:
                self._compare(found, path + step, value, after[step], level)
            else:
                self._put(found, path + step, value, None)
        for step, value in after.items():
            if step not in before:
                self._put(found, path + step, None, value)

    def _compare(
        self, found: list[Change], path: str, one: Value, other: Value, level: int
    ) -> None:
        pair = id(one.item), id(other.item)
        if self.full or pair in self._told:
            return
        if self._comparer.equal(one.item, other.item):
            return
        if _is_comparable(one, other):
            self._told.add(pair)  # it may be reached again, also through itself
        count = len(found)
        if level < limits.SHOWN_LEVELS_MAX and _is_comparable(one, other):
            parts = _parts(one), _parts(other)
            if parts[0] is not None and parts[1] is not None:
                before, after = parts[0], parts[1]
                if one.type in _SEQUENCES and len(before) != len(after):
                    before, after = self._middle(before, after)
                self._add(found, path, before, after, level + 1)
        if len(found) == count:
            self._put(found, path, one, other)

    def _middle(
        self, before: dict[str, Value], after: dict[str, Value]
    ) -> tuple[dict[str, Value], dict[str, Value]]:
        """Leave out of two sequences what they begin and end with alike."""
        ours, theirs = list(before.items()), list(after.items())
        begin = self._alike(ours, theirs)
        end = self._alike(ours[begin:][::-1], theirs[begin:][::-1])
        ours, theirs = ours[begin : len(ours) - end], theirs[begin : len(theirs) - end]
        if not ours or not theirs:
            return dict(ours), dict(theirs)
        # The first of them became something else; what is left came or went.
        both = min(len(ours), len(theirs))
        renamed = [(theirs[at][0], ours[at][1]) for at in range(both)]
        gone = [(f"{step} of before", value) for step, value in ours[both:]]
        return dict(renamed + gone), dict(theirs)

    def _alike(
        self, ours: list[tuple[str, Value]], theirs: list[tuple[str, Value]]
    ) -> int:
        count = 0
        for (_, one), (_, other) in zip(ours, theirs, strict=False):
            if not self._comparer.equal(one.item, other.item):
                break
            count += 1
        return count

    def _put(
        self, found: list[Change], path: str, before: Value | None, after: Value | None
    ) -> None:
        self._left -= 1
        if self._left < 0:
            self.full = True
            return
        kind: Literal["changed", "added", "removed"] = "changed"
        if before is None or after is None:
            kind = "added" if before is None else "removed"
        texts = [None if each is None else each.preview for each in (before, after)]
        found.append(Change(path, kind, texts[0], texts[1]))


def _is_comparable(one: Value, other: Value) -> bool:
    """Return whether the parts of two values tell more than they themselves."""
    if one.secret or other.secret:
        return False
    items = one.item, other.item
    if not all(isinstance(item, Node) for item in items):
        return False
    return one.type == other.type and one.type not in {"set", "frozenset"}


def _parts(value: Value) -> dict[str, Value] | None:
    """Return the parts of a value by their steps; None if they are too many."""
    parts = list(islice(value.children, limits.CHANGED_PARTS_MAX + 1))
    if len(parts) > limits.CHANGED_PARTS_MAX:
        return None
    return {part.step: part for part in parts}
