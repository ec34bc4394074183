"""The users' code that both sides run: it tells of every call, and may raise."""

from __future__ import annotations

import bisect
import builtins
import collections
import functools
import heapq
import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

STEPS = 8

#: The original of each name of greenflow.soft that is called as it is called there.
ORIGINALS: dict[str, Any] = {
    name: getattr(home, name)
    for home, names in (
        (builtins, "all any bytes dict enumerate filter frozenset iter list map max"),
        (builtins, "min reversed set sorted sum tuple zip"),
        (functools, "cache cmp_to_key lru_cache reduce"),
        (itertools, "accumulate chain combinations combinations_with_replacement"),
        (itertools, "compress cycle dropwhile filterfalse groupby islice pairwise"),
        (itertools, "permutations product starmap takewhile tee zip_longest"),
        (collections, "defaultdict"),
        (bisect, "bisect bisect_left bisect_right insort insort_left insort_right"),
        (heapq, "heapify heappop heappush heappushpop heapreplace nlargest nsmallest"),
    )
    for name in names.split()
} | {
    "join": lambda separator, iterable: separator.join(iterable),
    "dict_update": dict.update,
    "list_extend": list.extend,
    "list_sort": list.sort,
    "json_dumps": json.dumps,
    "json_loads": json.loads,
    "re_sub": re.sub,
    "re_subn": re.subn,
}
if hasattr(itertools, "batched"):
    ORIGINALS["batched"] = itertools.batched
BUILTIN = SimpleNamespace(**ORIGINALS)


class Boom(Exception):
    """Raised by the users' code."""


@dataclass(frozen=True)
class Drawn:
    """What hypothesis drew for one run."""

    values: list[Any]
    others: list[Any]
    number: int
    small: int
    flag: bool
    #: Which calls of the users' code raise, and what.
    fails: dict[int, type[Exception]]


@dataclass
class World:
    drawn: Drawn
    events: list[Any] = field(default_factory=list)

    def tell(self, *event: Any) -> None:
        """Note a call of the users' code, which may raise."""
        self.events.append(event)
        kind = self.drawn.fails.get(len(self.events) - 1)
        if kind is not None:
            raise kind(f"at call {len(self.events) - 1}")

    def source(self, values: list[Any], name: str = "source") -> Source:
        return Source(self, values, name)

    def function(
        self, function: Callable[..., Any], name: str = "f"
    ) -> Callable[..., Any]:
        def called(*arguments: Any) -> Any:
            self.tell(name, *arguments)
            return function(*arguments)

        return called


class Source:
    """An iterator that goes on after it has raised."""

    def __init__(self, world: World, values: list[Any], name: str) -> None:
        self.world, self.left, self.name = world, list(values), name

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        self.world.tell(self.name)
        if not self.left:
            raise StopIteration
        return self.left.pop(0)


def outcome(run: Callable[[], Any]) -> Any:
    try:
        return "gave", shown(run())
    except Exception as error:
        text = str(error)
        # Which two items are compared first is no promise of sorted().
        free = text.startswith("'<' not supported")
        return "raised", type(error), "<" if free else text


def shown(value: Any) -> Any:
    """A value with its type, comparable even if it is NaN."""
    if isinstance(value, dict):
        held = [(shown(key), shown(item)) for key, item in value.items()]
        return "dict", held, getattr(value, "default_factory", None) is None
    if isinstance(value, list | tuple):
        return type(value), [shown(item) for item in value]
    if isinstance(value, set | frozenset):
        return type(value), sorted(map(repr, value))
    return type(value), repr(value)


def stepped(iterator: Any, steps: int = STEPS) -> list[Any]:
    """What so many steps give or raise: after an error it is asked again."""
    return [outcome(lambda: next(iterator)) for _ in range(steps)]
