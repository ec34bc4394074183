"""The same for what gives iterators: walked in Python, with suspends between items."""

from __future__ import annotations

from typing import Any

from greenflow import suspend
from tests.soft.cases import CASES, ask, asks, case, small, together

__all__ = ["CASES"]


def iterated(iterator: Any) -> list[Any]:
    """Walk it in Python, and suspend between any two items too."""
    got = []
    for value in iterator:
        got.append((value, suspend("between")))
    return got


@case
def accumulate(lib: Any) -> Any:
    return iterated(lib.accumulate(asks(1, 2, 3), together))


@case
def batched(lib: Any) -> Any:
    return iterated(lib.batched(asks(1, 2, 3), 2))


@case
def chain(lib: Any) -> Any:
    return iterated(lib.chain(asks(1), [2], asks(3))), iterated(
        lib.chain.from_iterable(map(asks, [4, 5]))
    )


@case
def combinations(lib: Any) -> Any:
    return iterated(lib.combinations(asks(1, 2, 3), 2))


@case
def combinations_with_replacement(lib: Any) -> Any:
    return iterated(lib.combinations_with_replacement(asks(1, 2), 2))


@case
def compress(lib: Any) -> Any:
    return iterated(lib.compress(asks(1, 2, 3), asks(1, 0, 1)))


@case
def cycle(lib: Any) -> Any:
    got = []
    for value in lib.cycle(asks(1, 2)):
        got.append(value)
        if suspend(len(got)) == 5:
            break
    return got


@case
def dropwhile(lib: Any) -> Any:
    return iterated(lib.dropwhile(small, asks(1, 3, 2)))


@case
def enumerate_(lib: Any) -> Any:
    return iterated(lib.enumerate(asks("a", "b"), 5))


@case
def filter_(lib: Any) -> Any:
    return iterated(lib.filter(small, asks(1, 3, 2))), iterated(
        lib.filter(None, asks(0, 1))
    )


@case
def filterfalse(lib: Any) -> Any:
    return iterated(lib.filterfalse(small, asks(1, 3, 2)))


@case
def groupby(lib: Any) -> Any:
    grouped = lib.groupby(asks(1, 1, 2, 3, 3), key=ask)
    return [(key, iterated(group)) for key, group in grouped]


@case
def islice(lib: Any) -> Any:
    return iterated(lib.islice(asks(0, 1, 2, 3, 4, 5), 1, None, 2))


@case
def iter_(lib: Any) -> Any:
    left = [1, 2, 0, 3]
    return iterated(lib.iter(lambda: suspend(left.pop(0)), 0)), left


class Sequence:
    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Any:
        if index > 2:
            raise IndexError
        return suspend(index)


@case
def iter_of_a_sequence(lib: Any) -> Any:
    return iterated(lib.iter(Sequence()))


@case
def reversed_(lib: Any) -> Any:
    return iterated(lib.reversed(Sequence()))


@case
def map_(lib: Any) -> Any:
    several = lib.map(together, asks(1, 2), "ab", asks(3, 4))
    return iterated(lib.map(ask, asks(1, 2))), iterated(several)


@case
def pairwise(lib: Any) -> Any:
    return iterated(lib.pairwise(asks(1, 2, 3)))


@case
def permutations(lib: Any) -> Any:
    return iterated(lib.permutations(asks(1, 2)))


@case
def product(lib: Any) -> Any:
    return iterated(lib.product(asks(1, 2), asks(3)))


@case
def starmap(lib: Any) -> Any:
    return iterated(lib.starmap(together, asks((1, 2), [3])))


@case
def takewhile(lib: Any) -> Any:
    return iterated(lib.takewhile(small, asks(1, 3, 2)))


@case
def tee(lib: Any) -> Any:
    one, two = lib.tee(asks(1, 2, 3))
    first = next(one)
    return first, iterated(two), iterated(one)


@case
def zip_(lib: Any) -> Any:
    strict = lib.zip(asks(1, 2), asks(3), strict=True)
    got = [next(strict)]
    try:
        got.append(next(strict))
    except ValueError as error:
        got.append(str(error))
    return iterated(lib.zip(asks(1, 2), "a", asks(3))), got


@case
def zip_longest(lib: Any) -> Any:
    return iterated(lib.zip_longest(asks(1, 2), asks(3), fillvalue=0))
