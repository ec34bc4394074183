"""Known iterators of itertools, by which a layout is proved before it is used."""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING, Any, NamedTuple, final

if TYPE_CHECKING:
    from collections.abc import Callable

_it: Any = itertools
_TEE: Any = vars(itertools)["_tee"]
_TEE_DATA: Any = vars(itertools)["_tee_dataobject"]
#: In one object of :data:`_TEE_DATA`, on every Python so far.
_TEE_DATA_ITEMS = 57
#: More than any example has, if it ends.
_ALL = 10


@final
class _Like:
    """Equal to whatever fits."""

    def __init__(self, fits: Callable[[Any], bool]) -> None:
        self._fits = fits

    def __eq__(self, other: object) -> bool:
        return self._fits(other)

    __hash__ = None  # type: ignore[assignment]


#: In an expected state: the iterator that ``make`` took; any other object. A number is
#: none: written back, it would be an object that nobody counts.
SOURCE: Any = object()
OBJECT: Any = _Like(lambda value: type(value) is tuple and len(value) == 1)
#: In what is left.
_GROUP: Any = _Like(lambda value: type(value) is vars(itertools)["_grouper"])


class Example(NamedTuple):
    """An iterator, what its state is after some steps, and how it goes on."""

    #: Takes an iterator of 1, 2, 3.
    make: Callable[[Any], Any]
    steps: int
    expected: tuple[Any, ...]
    #: As many items as stand here, and no more if it is said that it ends; or None.
    rest: list[Any] | None
    ends: bool = True

    def started(self) -> tuple[Any, tuple[Any, ...]]:
        """Return the iterator after its steps, and the state that it must have."""
        source = iter([1, 2, 3])
        iterator = self.make(source)
        if self.steps:
            _taken(iterator, self.steps)
        return iterator, tuple(
            (source,) if field is SOURCE else field for field in self.expected
        )

    def goes_on(self, iterator: Any) -> bool:
        """Whether its next items are the expected ones. Takes them."""
        if self.rest is None:
            return True
        return _taken(iterator, len(self.rest) + self.ends) == self.rest


def _taken(iterator: Any, count: int) -> list[Any]:
    return list(itertools.islice(iterator, count))


def _half_grouped(source: Any) -> Any:
    groups = itertools.groupby(source, bool)
    _, group = next(groups)
    next(group)
    return groups


def _half_filled(source: Any) -> Any:
    return _TEE_DATA(source, [7, None], None)


def _full(source: Any) -> Any:
    following = _TEE_DATA(source, [8], None)
    return _TEE_DATA(source, [7] * _TEE_DATA_ITEMS, following)


#: By name.
EXAMPLES: dict[str, list[Example]] = {
    "accumulate": [
        Example(_it.accumulate, 0, ((), SOURCE, (), (None,)), [1, 3, 6]),
        Example(
            lambda s: _it.accumulate(s, max, initial=2),
            *(0, ((), SOURCE, (max,), (2,)), [2, 2, 2, 3]),
        ),
        Example(
            lambda s: _it.accumulate(s, max, initial=0),
            *(2, ((1,), SOURCE, (max,), (None,)), [2, 3]),
        ),
    ],
    "batched": [
        Example(lambda s: _it.batched(s, 2), 1, (SOURCE, 2, 0), [(3,)]),
        Example(lambda s: _it.batched(s, 2), _ALL, ((), -1, 0), []),
    ],
    "chain": [
        Example(_it.chain.from_iterable, 0, (SOURCE, ()), None),
        Example(lambda s: _it.chain(s, "ab"), 2, (OBJECT, SOURCE), [3, "a", "b"]),
        Example(lambda s: _it.chain(s, "ab"), _ALL, ((), ()), []),
    ],
    "combinations": [
        Example(
            lambda s: _it.combinations(s, 2),
            *(0, ((1, 2, 3), 2, False, (0, 1)), [(1, 2), (1, 3), (2, 3)]),
        ),
        Example(
            lambda s: _it.combinations(s, 2),
            *(1, ((1, 2, 3), 2, True, (0, 1)), [(1, 3), (2, 3)]),
        ),
        Example(lambda s: _it.combinations(s, 2), _ALL, (), []),
        Example(lambda s: _it.combinations(s, 4), 0, (), []),
    ],
    "combinations_with_replacement": [
        Example(
            lambda s: _it.combinations_with_replacement(s, 2),
            *(3, ((1, 2, 3), 2, True, (0, 2)), [(2, 2), (2, 3), (3, 3)]),
        ),
        Example(lambda s: _it.combinations_with_replacement(s, 2), _ALL, (), []),
    ],
    "compress": [
        Example(lambda s: _it.compress(s, _it.repeat(1)), 1, (SOURCE, OBJECT), [2, 3]),
        Example(lambda s: _it.compress("abc", s), 1, (OBJECT, SOURCE), ["b", "c"]),
    ],
    "count": [
        Example(lambda s: _it.count(5), 2, (7, (), (1,)), [7, 8], ends=False),
        Example(
            lambda s: _it.count(5, 2),
            *(1, (sys.maxsize, (7,), (2,)), [7, 9]),
            ends=False,
        ),
    ],
    "cycle": [
        Example(_it.cycle, 1, (SOURCE, (1,), 0, 0), [2, 3, 1, 2, 3, 1], ends=False),
        Example(_it.cycle, 5, ((), (1, 2, 3), 2, 0), [3, 1, 2, 3], ends=False),
    ],
    "dropwhile": [
        Example(lambda s: _it.dropwhile((1).__eq__, s), 0, (OBJECT, SOURCE, 0), [2, 3]),
        Example(
            lambda s: _it.dropwhile(callable, s), 1, ((callable,), SOURCE, 1), [2, 3]
        ),
    ],
    "filterfalse": [
        Example(
            lambda s: _it.filterfalse(callable, s), 1, ((callable,), SOURCE), [2, 3]
        )
    ],
    "groupby": [
        Example(
            lambda s: _it.groupby(s, str),
            *(
                0,
                (SOURCE, (str,), (), (), ()),
                [("1", _GROUP), ("2", _GROUP), ("3", _GROUP)],
            ),
        ),
        Example(
            lambda s: _it.groupby(s, str),
            *(
                1,
                (SOURCE, (str,), ("1",), ("1",), (1,)),
                [("2", _GROUP), ("3", _GROUP)],
            ),
        ),
        Example(_half_grouped, 0, (SOURCE, (bool,), (True,), (), ()), []),
    ],
    "_grouper": [
        Example(
            lambda s: next(_it.groupby(s, bool))[1], 0, (OBJECT, (True,)), [1, 2, 3]
        ),
        Example(lambda s: next(_it.groupby(s, bool))[1], 1, (OBJECT, (True,)), [2, 3]),
    ],
    "islice": [
        Example(lambda s: _it.islice(s, 0, None, 2), 1, (SOURCE, 2, -1, 2, 1), [3]),
        Example(lambda s: _it.islice(s, 1, 3), 0, (SOURCE, 1, 3, 1, 0), [2, 3]),
        Example(lambda s: _it.islice(s, 2), _ALL, ((), 2, 2, 1, 2), []),
    ],
    "pairwise": [
        Example(_it.pairwise, 0, (SOURCE, ()), [(1, 2), (2, 3)]),
        Example(_it.pairwise, 1, (SOURCE, (2,)), [(2, 3)]),
        Example(_it.pairwise, _ALL, ((), ()), []),
    ],
    "permutations": [
        Example(
            lambda s: _it.permutations(s, 2),
            *(3, ((1, 2, 3), 2, True, (1, 0, 2), (2, 2))),
            [(2, 3), (3, 1), (3, 2)],
        ),
        Example(lambda s: _it.permutations(s, 2), _ALL, (), []),
    ],
    "product": [
        Example(
            lambda s: _it.product(s, "ab"),
            *(3, (((1, 2, 3), ("a", "b")), (1, 0), True)),
            [(2, "b"), (3, "a"), (3, "b")],
        ),
        Example(
            lambda s: _it.product(s), 0, (((1, 2, 3),), (0,), False), [(1,), (2,), (3,)]
        ),
        Example(lambda s: _it.product(s), _ALL, (), []),
    ],
    "repeat": [
        Example(lambda s: _it.repeat("a", 3), 1, (("a",), 2), ["a", "a"]),
        Example(lambda s: _it.repeat("a"), 1, (("a",), -1), ["a", "a"], ends=False),
    ],
    "starmap": [
        Example(
            lambda s: _it.starmap(max, zip(s, s, strict=False)),
            0,
            ((max,), OBJECT),
            [2],
        ),
        Example(lambda s: _it.starmap(pow, s), 0, ((pow,), SOURCE), None),
    ],
    "takewhile": [
        Example(lambda s: _it.takewhile((2).__gt__, s), 1, (OBJECT, SOURCE, 0), []),
        Example(
            lambda s: _it.takewhile(callable, s), _ALL, ((callable,), SOURCE, 1), []
        ),
    ],
    "_tee": [
        Example(_TEE, 0, (OBJECT, 0), [1, 2, 3]),
        Example(_TEE, 2, (OBJECT, 2), [3]),
    ],
    "_tee_dataobject": [
        Example(_half_filled, 0, (SOURCE, (), (7, None)), None),
        Example(_full, 0, (SOURCE, OBJECT, (7,) * _TEE_DATA_ITEMS), None),
    ],
    "zip_longest": [
        Example(
            lambda s: _it.zip_longest(s, "a", fillvalue="-"),
            *(2, (1, (OBJECT, ()), ("-",)), [(3, "-")]),
        ),
    ],
}
