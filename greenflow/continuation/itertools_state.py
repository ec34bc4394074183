"""Iterators of itertools where they do not tell their state: by their fields.

Which fields a type has is data here, read from Modules/itertoolsmodule.c of CPython
3.13.15. Another Python may have others under the same name: known iterators
(:mod:`itertools_examples`) are read and rebuilt before the first one of a type is saved
or loaded, and the type is refused if they do not come out as they must.

A state is loaded into an iterator that was made empty: it may lie in itself.
"""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from greenflow.continuation import itertools_fields as fields
from greenflow.continuation import tags
from greenflow.continuation.frames import fields_read, fields_write
from greenflow.continuation.itertools_examples import EXAMPLES
from greenflow.continuation.itertools_fields import require, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.continuation.itertools_fields import Fields, State

#: By exact type. What some of them tell of themselves up to 3.13 is not asked for: it
#: leaves out that a group is half gone, that an only result was given and how count()
#: goes on from sys.maxsize, and leads in circles if they lie in what they go over.
ITERTOOLS = frozenset(
    value
    for value in vars(itertools).values()
    if isinstance(value, type) and value.__module__ == "itertools"
)

_it: Any = itertools
_GROUPER: Any = vars(itertools)["_grouper"]
_TEE: Any = vars(itertools)["_tee"]


class Layout(NamedTuple):
    """Where the fields of a type are, and how they become a state and back."""

    #: By the words behind the object's head: formats of csrc/fields.c.
    formats: dict[int, str]
    #: Makes an empty iterator.
    make: Callable[..., Any]
    save: Callable[[Fields], State] = tuple
    #: Takes the fields of the empty iterator too. Raises if the state is wrong.
    load: Callable[[State, Fields], Fields] = lambda state, fields: state
    #: What ``make`` takes of the state.
    arguments: Callable[[State], tuple[Any, ...]] = lambda state: ()
    #: What is left to do when the fields are written.
    finish: Callable[[Any, State], None] = lambda iterator, state: None


#: By exact type.
_proved: dict[type, Layout] = {}


def reduce_iterator(iterator: Any) -> tuple[Any, ...]:
    """Reduce an iterator of itertools in the middle.

    Raises:
        TypeError: the fields of its type are not known on this Python.
    """
    kind = type(iterator)
    layout = _layout_of(kind)
    if kind is _GROUPER and not _is_current(iterator):
        return iter, ((),)  # it will not give anything any more
    state = layout.save(_read(layout, iterator))
    arguments = layout.arguments(state)
    return _empty, (kind.__name__, *arguments), state, None, None, _fill


def _empty(name: str, *arguments: Any) -> Any:
    kind = getattr(itertools, name, None)
    if name not in LAYOUTS or not isinstance(kind, type):
        raise ValueError(f"itertools has no {name!r}")
    return _layout_of(kind).make(*arguments)


def _fill(iterator: Any, state: Any) -> None:
    layout = _layout_of(type(iterator))
    try:
        _write(layout, iterator, state)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        name = type(iterator).__name__
        raise ValueError(f"not a state of itertools.{name}: {error}") from error


def state_of(iterator: Any) -> State:
    """Return where an iterator of itertools is.

    Raises:
        TypeError: the fields of its type are not known on this Python.
    """
    layout = _layout_of(type(iterator))
    return layout.save(_read(layout, iterator))


def put_state(iterator: Any, state: State) -> None:
    """Set it to where another one of the same type was. The opposite."""
    _fill(iterator, state)


def fields_of(iterator: Any) -> Fields:
    """Return the fields of an iterator of itertools, as this Python has them.

    Raises:
        TypeError: the fields of its type are not known on this Python.
    """
    return _read(_layout_of(type(iterator)), iterator)


def _read(layout: Layout, iterator: Any) -> Fields:
    return fields_read(iterator, layout.formats[words(type(iterator))])


def _write(layout: Layout, iterator: Any, state: State) -> None:
    loaded = layout.load(state, _read(layout, iterator))
    fields_write(iterator, layout.formats[words(type(iterator))], loaded)
    layout.finish(iterator, state)


def _is_current(grouper: Any) -> bool:
    (parent,), _ = _read(LAYOUTS["_grouper"], grouper)
    address = _read(_layout_of(itertools.groupby), parent)[-1]
    return bool(address == id(grouper))


# --- proof ---


def _layout_of(kind: type) -> Layout:
    layout = _proved.get(kind)
    if layout is None:
        name = kind.__name__
        layout = LAYOUTS.get(name)
        if layout is None or getattr(itertools, name, None) is not kind:
            raise TypeError(f"cannot pickle {name!r} object")
        try:
            _prove(name, layout)
        except Exception as error:
            raise TypeError(
                f"cannot pickle 'itertools.{name}' object: unknown layout "
                f"({words(kind)} words in Python {sys.version.split()[0]}): {error}"
            ) from error
        _proved[kind] = layout
    return layout


def _prove(name: str, layout: Layout) -> None:
    for example in EXAMPLES[name]:
        iterator, expected = example.started()
        state = layout.save(_read(layout, iterator))
        require(state == expected, f"{state} is read, not {expected}")
        rebuilt = layout.make(*layout.arguments(state))
        _write(layout, rebuilt, state)
        again = layout.save(_read(layout, rebuilt))
        require(again == expected, f"{again} is written, not {expected}")
        require(example.goes_on(rebuilt), f"it does not go on with {example.rest}")


# --- the fields ---

_SELECTION = {5: "O!v3Oni"}


def _of(kind: Any, *arguments: Any) -> Callable[[], Any]:
    return lambda: kind(*arguments)


#: By name: `batched` is not in every itertools.
LAYOUTS: dict[str, Layout] = {
    "accumulate": Layout(dict.fromkeys((4, 5), "OI!OO!"), _of(_it.accumulate, ())),
    "batched": Layout(
        {2: "In", 3: "In?"},
        lambda: _it.batched((), 1),
        fields.save_batched,
        fields.load_batched,
    ),
    "chain": Layout({2: "II"}, _it.chain),
    "combinations": Layout(
        _SELECTION,
        _of(_it.combinations, (), 0),
        fields.save_selection,
        fields.load_combinations,
    ),
    "combinations_with_replacement": Layout(
        _SELECTION,
        _of(_it.combinations_with_replacement, (), 0),
        fields.save_selection,
        fields.load_replacement,
    ),
    "compress": Layout({2: "I!I!"}, _of(_it.compress, (), ())),
    "count": Layout({3: "nOO!"}, _it.count, load=fields.load_count),
    "cycle": Layout(
        {3: "IO!n", 4: "IO!ni"},
        _of(_it.cycle, ()),
        fields.save_cycle,
        fields.load_cycle,
    ),
    "dropwhile": Layout(
        {3: "O!I!l"}, _of(_it.dropwhile, None, ()), load=fields.load_flag
    ),
    "filterfalse": Layout({2: "O!I!"}, _of(_it.filterfalse, None, ())),
    "groupby": Layout(
        dict.fromkeys((6, 7), fields.GROUPBY),
        _of(_it.groupby, ()),
        fields.save_groupby,
        fields.load_groupby,
    ),
    "_grouper": Layout(
        {2: "O!O!"},
        lambda: _GROUPER(_it.groupby(()), None),
        load=fields.load_grouper,
        finish=fields.make_current,
    ),
    "islice": Layout({5: "Innnn"}, _of(_it.islice, (), 0), load=fields.load_islice),
    "pairwise": Layout(
        {2: "IO", 3: "IOO!"},
        _of(_it.pairwise, ()),
        fields.save_pairwise,
        fields.load_pairwise,
    ),
    "permutations": Layout(
        {6: "O!v0v4Oni"},
        _of(_it.permutations, ()),
        fields.save_selection,
        fields.load_permutations,
    ),
    "product": Layout(
        {4: "O!v0Oi"}, _it.product, fields.save_product, fields.load_product
    ),
    "repeat": Layout({2: "O!n"}, _of(_it.repeat, None), load=fields.load_repeat),
    "starmap": Layout({2: "O!I!"}, _of(_it.starmap, None, ())),
    "takewhile": Layout(
        {3: "O!I!l"}, _of(_it.takewhile, None, ()), load=fields.load_flag
    ),
    "_tee": Layout(dict.fromkeys((3, 4), "O!i"), _of(_TEE, ()), load=fields.load_tee),
    "_tee_dataobject": Layout(
        {60: fields.TEE_DATA},
        fields.make_tee_data,
        fields.save_tee_data,
        fields.load_tee_data,
        lambda state: (len(state[2]),),
    ),
    "zip_longest": Layout(
        {5: "nnTO!O!"},
        _it.zip_longest,
        fields.save_zip_longest,
        fields.load_zip_longest,
    ),
}

tags.register("empty_itertools", _empty)
tags.register("fill_itertools", _fill)
