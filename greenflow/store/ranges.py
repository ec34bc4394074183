"""Sets of numbers that mostly follow each other, as the bounds of their runs."""

from __future__ import annotations

from bisect import bisect_right


def has(bounds: list[int], number: int) -> bool:
    """Return whether a number is in the set: [2, 5, 8, 9] is 2, 3, 4 and 8."""
    return bisect_right(bounds, number) % 2 == 1


def add(bounds: list[int], number: int) -> None:
    """Put a number into the set."""
    if not has(bounds, number):
        _flip(bounds, number)


def remove(bounds: list[int], number: int) -> None:
    """Take a number out of the set."""
    if has(bounds, number):
        _flip(bounds, number)


def _flip(bounds: list[int], number: int) -> None:
    """Let a number be in the set if it was not, and the other way round.

    A set is where its bounds change it, so a bound that comes twice is none.
    """
    for bound in (number, number + 1):
        at = bisect_right(bounds, bound)
        if at and bounds[at - 1] == bound:
            del bounds[at - 1]
        else:
            bounds.insert(at, bound)
