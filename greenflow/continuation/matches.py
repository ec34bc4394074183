"""Matches of regular expressions: found again in the same text when they are loaded."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from greenflow.continuation import tags

if TYPE_CHECKING:
    import re

_METHODS = ("search", "match", "fullmatch")


def reduce_match(match: re.Match[Any]) -> tuple[Any, ...]:
    """Reduce a match to how it is found.

    Raises:
        TypeError: it is not found any more, as its text was changed.
    """
    place = match.re, match.string, match.pos, match.endpos
    for way in (*_METHODS, _index(match, *place)):
        found = None if way is None else _found(*place, way)
        if found is not None and _same(found, match):
            return _found, (*place, way)
    raise TypeError("cannot pickle a match whose text has changed since")


def _found(
    pattern: re.Pattern[Any], text: Any, pos: int, endpos: int, way: Any
) -> re.Match[Any] | None:
    if way in _METHODS:
        found: re.Match[Any] | None = getattr(pattern, way)(text, pos, endpos)
        return found
    matches = pattern.finditer(text, pos, endpos)
    return next(itertools.islice(matches, way, None), None)


def _index(
    match: re.Match[Any], pattern: re.Pattern[Any], text: Any, pos: int, endpos: int
) -> int | None:
    """Return which one of the matches in the text it is."""
    for index, found in enumerate(pattern.finditer(text, pos, endpos)):
        if _same(found, match):
            return index
        if found.start() > match.start():
            break
    return None


def _same(one: re.Match[Any], other: re.Match[Any]) -> bool:
    return one.regs == other.regs and one.lastindex == other.lastindex


tags.register("match", _found)
