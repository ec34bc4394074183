"""Functions that suspend in every call of theirs that the library makes.

Each takes the library: greenflow.soft, or its namesakes. The first name is that of the
function it is about.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

from greenflow import soft, suspend

CASES: dict[str, Callable[[Any], Any]] = {}


def case(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    CASES[function.__name__.rstrip("_")] = function
    return function


def ask(value: Any) -> Any:
    return suspend(value)


def asks(*values: Any) -> Iterator[Any]:
    for value in values:
        yield suspend(value)


def together(*values: Any) -> Any:
    return suspend(" ".join(map(str, values)))


def small(value: Any) -> Any:
    return suspend(value) < 3


@case
def all_(lib: Any) -> Any:
    return lib.all(asks(1, 1, 0, 1)), lib.all(asks())


@case
def any_(lib: Any) -> Any:
    return lib.any(asks(0, 0, 1, 0)), lib.any(asks())


@case
def bytes_(lib: Any) -> Any:
    return lib.bytes(asks(1, 2, 255))


@case
def dict_(lib: Any) -> Any:
    return lib.dict(asks(("a", 1), ("b", 2)))


@case
def frozenset_(lib: Any) -> Any:
    return sorted(lib.frozenset(asks(1, 2, 1)))


@case
def join(lib: Any) -> Any:
    return lib.join("-", asks("a", "b"))


@case
def list_(lib: Any) -> Any:
    return lib.list(asks(1, 2))


@case
def list_extend(lib: Any) -> Any:
    values = [0]
    lib.list_extend(values, asks(1, 2))
    return values


@case
def dict_update(lib: Any) -> Any:
    values = {"a": 0}
    lib.dict_update(values, asks(("a", 1), ("b", 2)), c=3)
    return values


@case
def list_sort(lib: Any) -> Any:
    values = [3, 1, 2]
    lib.list_sort(values, key=ask)
    return values


@case
def max_(lib: Any) -> Any:
    return lib.max(asks(1, 3, 2), key=ask), lib.max(1, 2, key=ask)


@case
def min_(lib: Any) -> Any:
    return lib.min(asks(2, 1, 3), key=ask), lib.min(asks(), default=5)


@case
def nlargest(lib: Any) -> Any:
    return lib.nlargest(3, [3, 1, 2], key=ask)


@case
def nsmallest(lib: Any) -> Any:
    return lib.nsmallest(3, [3, 1, 2], key=ask)


@case
def reduce(lib: Any) -> Any:
    return lib.reduce(together, asks(1, 2, 3)), lib.reduce(together, [1, 2], 0)


@case
def set_(lib: Any) -> Any:
    return sorted(lib.set(asks(1, 2, 1)))


@case
def sorted_(lib: Any) -> Any:
    up = lib.sorted(asks("ccc", "a", "bb"), key=lambda text: len(suspend(text)))
    return up, lib.sorted(range(20), key=lambda n: suspend(n % 7), reverse=True)


@case
def sum_(lib: Any) -> Any:
    return lib.sum(asks(1, 0.1, 0.2)), lib.sum(asks([1], [2]), [])


@case
def tuple_(lib: Any) -> Any:
    return lib.tuple(asks(1, 2))


@case
def bisect(lib: Any) -> Any:
    return lib.bisect([1, 2, 3, 4], 3, key=ask)


@case
def bisect_left(lib: Any) -> Any:
    return lib.bisect_left([1, 2, 3, 4], 3, key=ask)


@case
def bisect_right(lib: Any) -> Any:
    return lib.bisect_right([1, 2, 3, 4], 3, key=ask)


@case
def insort(lib: Any) -> Any:
    values = [1, 3]
    lib.insort(values, 2, key=ask)
    return values


@case
def insort_left(lib: Any) -> Any:
    values = [1, 3]
    lib.insort_left(values, 3, key=ask)
    return values


@case
def insort_right(lib: Any) -> Any:
    values = [1, 3]
    lib.insort_right(values, 3, key=ask)
    return values


@case
def defaultdict(lib: Any) -> Any:
    made = lib.defaultdict(lambda: suspend("made"))
    return made["a"], made["a"], made["b"], list(made)


@case
def lru_cache(lib: Any) -> Any:
    @lib.lru_cache(maxsize=2)
    def double(value: int) -> Any:
        return 2 * suspend(value)

    got = [double(value) for value in (1, 2, 1, 3, 2)]
    return got, [*double.cache_info()]


@case
def cache(lib: Any) -> Any:
    @lib.cache
    def below(value: int) -> Any:
        return suspend(value) + (below(value - 1) if value else 0)

    return below(2), below(3), below.cache_info().hits


class Kind:
    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Kind)


class Soft(Kind):
    @soft.lru_cache
    def method(self, value: Any) -> Any:
        return suspend(value)


class Original(Kind):
    @functools.lru_cache  # noqa: B019 - what the other one is compared with
    def method(self, value: Any) -> Any:
        return suspend(value)


@case
def cache_of_a_method(lib: Any) -> Any:
    kind = Soft if lib is soft else Original
    kind.method.cache_clear()
    held = kind()
    return held.method(1), held.method(1), held.method(value=2)


@case
def re_sub(lib: Any) -> Any:
    upper = lib.re_sub("(a)|b", lambda m: suspend(m[0]).upper(), "xaybza")
    return upper, lib.re_sub("x*", lambda m: suspend(m.span()) and "-", "axb", count=3)


@case
def re_subn(lib: Any) -> Any:
    return lib.re_subn(r"\b", lambda m: str(suspend(m.start())), "a bc")


@case
def json_loads(lib: Any) -> Any:
    text = '{"a": [1.5, {"b": 2}], "c": Infinity}'
    pairs = lib.json_loads(text, object_pairs_hook=ask, parse_constant=ask)
    return lib.json_loads(text, object_hook=ask, parse_float=ask, parse_int=ask), pairs


class Other:
    """Not known to json."""


@case
def json_dumps(lib: Any) -> Any:
    held = {"a": [Other(), {"x": (Other(), 1.5)}], "b": Other()}
    default = lambda other: suspend([1])  # noqa: E731
    return lib.json_dumps(held, default=default), lib.json_dumps(
        held, default=default, indent=1, sort_keys=True
    )
