"""re.sub() and re.subn() with a function."""

from __future__ import annotations

import itertools
import re
from typing import Any

from greenflow.soft.iterating import Iterator


class _Matches(Iterator):
    """The matches in a text, one by one; how far it came can be saved."""

    __slots__ = ("_found", "_index", "_pattern", "_text")

    def __init__(self, pattern: re.Pattern[Any], text: Any, index: int = 0) -> None:
        self._pattern = pattern
        self._text = text
        self._index = index
        self._found = itertools.islice(pattern.finditer(text), index, None)

    def __next__(self) -> re.Match[Any]:
        match: re.Match[Any] = next(self._found)
        self._index += 1
        return match

    def __reduce__(self) -> Any:
        return _Matches, (self._pattern, self._text, self._index)


def re_sub(pattern: Any, repl: Any, string: Any, count: int = 0, flags: Any = 0) -> Any:
    """Return ``re.sub(pattern, repl, string, count, flags)``.

    ``pattern`` may be a compiled one: ``re_sub(p, f, text)`` is ``p.sub(f, text)``.
    """
    if not callable(repl):
        return re.compile(pattern, flags).sub(repl, string, count)
    return _substituted(re.compile(pattern, flags), repl, string, count)[0]


def re_subn(
    pattern: Any, repl: Any, string: Any, count: int = 0, flags: Any = 0
) -> tuple[Any, int]:
    """Return ``re.subn(pattern, repl, string, count, flags)``, as :func:`re_sub`."""
    if not callable(repl):
        return re.compile(pattern, flags).subn(repl, string, count)
    return _substituted(re.compile(pattern, flags), repl, string, count)


def _substituted(
    pattern: re.Pattern[Any], function: Any, text: Any, count: int
) -> tuple[Any, int]:
    parts: list[Any] = []
    end = done = 0
    matches = _Matches(pattern, text)
    while not count or done < count:
        match = next(matches, None)
        if match is None:
            break
        if end < match.start():
            parts.append(text[end : match.start()])
        part = function(match)
        if part is not None:
            parts.append(part)
        end = match.end()
        done += 1
    if end < len(text):
        parts.append(text[end:])
    empty: Any = "" if isinstance(text, str) else b""
    return empty.join(parts), done
