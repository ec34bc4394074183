"""The fields of iterators of itertools to a state, the same on every Python, and back.

``load_...`` takes a state and what the fields of the empty iterator are. It raises if
the iterator would not be safe with it; csrc/fields_write.c checks kinds and lengths.
"""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING, Any, TypeAlias

from greenflow.continuation.frames import fields_read, fields_write

if TYPE_CHECKING:
    from collections.abc import Callable

#: As csrc/fields.c tells them: an object is in a tuple of one, NULL is an empty one.
Fields: TypeAlias = tuple[Any, ...]
State: TypeAlias = tuple[Any, ...]

_TEE_DATA: Any = vars(itertools)["_tee_dataobject"]
_WORD = tuple.__itemsize__
#: Formats of csrc/fields.c.
GROUPBY = "I!O!OOOp"
TEE_DATA = "I!iiOa1"

#: Iterators that ended need nothing of what they went over.
_ENDED: State = ()
_NOTHING: tuple[Any, ...] = ((),)


def words(kind: type) -> int:
    """Return how many words an object of this type has behind its head."""
    return (kind.__basicsize__ - object.__basicsize__) // _WORD


def require(condition: object, otherwise: str = "a field is out of range") -> None:
    """Raise a ValueError if it is not so."""
    if not condition:
        raise ValueError(otherwise)


def _fresh(items: list[Any]) -> tuple[Any]:
    # A result is changed in place while nobody else has it: it must be nobody else's.
    return (tuple(items),)


# --- one source, and numbers ---


def load_flag(state: State, fields: Fields) -> Fields:
    """Check the last field, which is 0 or 1."""
    require(state[-1] in range(2))
    return state


def load_count(state: State, fields: Fields) -> Fields:
    """Check that it counts in one of its two ways only."""
    number, slow_number, _ = state
    require(number == sys.maxsize or not slow_number)
    return state


def load_repeat(state: State, fields: Fields) -> Fields:
    """Check how often it repeats; -1 is for ever."""
    require(state[1] >= -1)
    return state


def load_islice(state: State, fields: Fields) -> Fields:
    """Check the numbers, among which -1 is no end."""
    _, following, stop, step, done = state
    require(following >= -1 and stop >= -1 and step >= 1 and done >= 0)
    return state


def save_batched(fields: Fields) -> State:
    """Give all Pythons the fields and the end of 3.14."""
    # 3.12 has no `strict`; 3.14 marks the end in the size also.
    source, size, *strict = fields
    return source, size if source else -1, *(strict or [0])


def load_batched(state: State, fields: Fields) -> Fields:
    """Take back what this Python has of it."""
    source, size, _ = state
    require(size >= 1 if source else size == -1)
    return state[: len(fields)]


def save_pairwise(fields: Fields) -> State:
    """Leave out the result that 3.13 keeps to use it again."""
    return fields[:2]


def load_pairwise(state: State, fields: Fields) -> Fields:
    """Add a result where there is one."""
    source, old = state
    return (source, old, _fresh([None, None]))[: len(fields)]


def save_cycle(fields: Fields) -> State:
    """Give all Pythons the fields of 3.13, and what was saved as a tuple."""
    # While the source lasts, the index is 0 up to 3.13 and -1 later.
    source, saved, index, *first_pass = fields
    return source, tuple(saved[0]), 0 if source else index, *(first_pass or [0])


def load_cycle(state: State, fields: Fields) -> Fields:
    """Take back what this Python has of it."""
    source, saved, index, first_pass = state
    require(type(saved) is tuple and index in range(max(len(saved), 1)))
    require(first_pass in range(2) and not (source and index))
    loaded = source, (list(saved),), fields[2] if source else index, first_pass
    return loaded[: len(fields)]


def save_zip_longest(fields: Fields) -> State:
    """Leave out the result, and the number of sources."""
    _, active, sources, _, filler = fields
    return active, sources, filler


def load_zip_longest(state: State, fields: Fields) -> Fields:
    """Add them again."""
    active, sources, filler = state
    count = len(sources)
    require(active in range(count + 1))
    return count, active, sources, _fresh([None] * count), filler


# --- groups ---


def save_groupby(fields: Fields) -> State:
    """Leave out which group is the current one: it tells itself."""
    return fields[:-1]


def load_groupby(state: State, fields: Fields) -> Fields:
    """Check that the next item has a key."""
    *_, key, value = state
    require(len(key) == len(value))
    return *state, fields[-1]  # its grouper may have been loaded before it


def load_grouper(state: State, fields: Fields) -> Fields:
    """Check that the group is one of a groupby."""
    (parent,), _ = state
    require(isinstance(parent, itertools.groupby), "a groupby is needed")
    return state


def make_current(grouper: Any, state: State) -> None:
    """Tell the groupby which group may take its items."""
    # Calling the type does it too, but not for a grouper that its own items refer to.
    (parent,), _ = state
    fields = fields_read(parent, GROUPBY)
    fields_write(parent, GROUPBY, (*fields[:-1], id(grouper)))


# --- tee ---

_TEE_DATA_MAX = words(_TEE_DATA) - 3


def _items_held(data: Any) -> int:
    require(type(data) is _TEE_DATA, "another object is needed")
    _, count, *_ = fields_read(data, TEE_DATA)
    return int(count)


def load_tee(state: State, fields: Fields) -> Fields:
    """Check the place against the items that are kept for it."""
    (data,), index = state
    require(index in range(_items_held(data) + 1))
    return state


def make_tee_data(count: int) -> Any:
    """Make an empty one that will take as many items."""
    # With as many items as it will have: a tee may be loaded before they are.
    require(count in range(_TEE_DATA_MAX + 1))
    return _TEE_DATA(iter(()), [None] * count, None)


def save_tee_data(fields: Fields) -> State:
    """Leave out the number of items."""
    source, _, _, following, items = fields
    return source, following, items


def load_tee_data(state: State, fields: Fields) -> Fields:
    """Check that more follow on a full one only."""
    source, following, items = state
    count = len(items)
    require(count == fields[1])
    require(not following or (count == _TEE_DATA_MAX and _items_held(*following) >= 0))
    return source, count, 0, following, items


# --- products and selections ---


def save_product(fields: Fields) -> State:
    """Leave out the last result, which the indices tell."""
    (pools,), indices, result, stopped = fields
    return _ENDED if stopped else (pools, indices, bool(result))


def load_product(state: State, fields: Fields) -> Fields:
    """Make the last result again."""
    if state == _ENDED:
        return _NOTHING, (), (), 1
    pools, indices, is_begun = state
    require(all(type(pool) is tuple for pool in (pools, *pools)), "a tuple is needed")
    places = list(zip(pools, indices, strict=True))
    require(all(index in range(max(len(pool), 1)) for pool, index in places))
    result = _fresh([pool[index] for pool, index in places]) if is_begun else ()
    return (pools,), indices, result, 0


def save_selection(fields: Fields) -> State:
    """Leave out the last result, which the indices tell."""
    (pool,), *vectors, result, size, stopped = fields
    return _ENDED if stopped else (pool, size, bool(result), *vectors)


def load_selection(
    state: State, ranges: Callable[[int, int], list[list[range]]]
) -> Fields:
    """Make the last result again; ``ranges`` of each number, by pool and size."""
    pool, size, is_begun, *vectors = state
    require(type(pool) is tuple and size == len(vectors[-1]), "a tuple is needed")
    for vector, allowed in zip(vectors, ranges(len(pool), size), strict=True):
        pairs = zip(vector, allowed, strict=True)
        require(all(number in values for number, values in pairs))
    chosen = vectors[0][:size]
    result = _fresh([pool[index] for index in chosen]) if is_begun else ()
    return (pool,), *vectors, result, size, 0


def load_combinations(state: State, fields: Fields) -> Fields:
    """Check the indices, none of which comes too far for the later ones."""
    if state == _ENDED:
        return _NOTHING, (), (), 0, 1
    return load_selection(
        state, lambda n, r: [[range(i, i + n - r + 1) for i in range(r)]]
    )


def load_replacement(state: State, fields: Fields) -> Fields:
    """Check the indices."""
    if state == _ENDED:
        return _NOTHING, (), (), 0, 1
    return load_selection(state, lambda n, r: [[range(n)] * r])


def load_permutations(state: State, fields: Fields) -> Fields:
    """Check the indices, and the cycles: how many turns are left of each."""
    if state == _ENDED:
        return _NOTHING, (), (), (), 0, 1
    return load_selection(
        state,
        lambda n, r: [[range(n)] * n, [range(1, n - i + 1) for i in range(r)]],
    )
