"""What users tell of functions, classes and modules that have another place now."""

from __future__ import annotations

from typing import Final, NamedTuple

#: Nobody moves the same thing more often.
_MOVES_MAX: Final = 16


class Place(NamedTuple):
    """A module, and a dotted path in it; no path means all of the module."""

    module: str
    path: str = ""


_known: dict[Place, Place] = {}


def moved(old: str, new: str) -> None:
    """Tell where a function, class or module is now that flows know by its old name.

        greenflow.moved("shop.old:approve", "shop.new:approve")
        greenflow.moved("shop.model:Order", "shop.orders:PurchaseOrder")
        greenflow.moved("shop.old", "shop.new")     # all of a module

    Frames that wait in it, references to it and values of such classes are found there,
    and saved under the new name from then on. What belongs to a class or is inside of a
    function moves with it. The old name is asked for first; only if nothing is found
    there, the new one is.

    It has to be told in every process before such a flow is loaded: best in the
    ``__init__`` of the package that the old module was in, which is imported on the way
    to it, or in the module that the old one was.

    Args:
        old: ``module:name``, or a module; names of classes and functions inside of
            others are dotted.
        new: the same of where it is now.

    Raises:
        ValueError: it is not written so, one is a module and the other is not, or it
            is moved back to where it was: nothing is told then.
    """
    before, now = _place(old), _place(new)
    if bool(before.path) != bool(now.path):
        raise ValueError(f"a module is moved to a module, not {old!r} to {new!r}")
    if before == now:
        raise ValueError(f"{old!r} is moved to itself")
    told = _known.get(before)
    _known[before] = now
    if _comes_back(before):
        del _known[before]
        if told is not None:
            _known[before] = told
        raise ValueError(f"{old!r} is moved to {new!r}, and from there back to {old!r}")


def _comes_back(place: Place) -> bool:
    """Whether what was at a place is said to have come there again."""
    seen, further = {place}, _step(place)
    while further is not None and further not in seen:
        seen.add(further)
        further = _step(further)
        if len(seen) > _MOVES_MAX:
            return False
    return further is not None


def _place(text: str) -> Place:
    module, colon, path = text.partition(":")
    names = [*module.split("."), *(path.split(".") if colon else ())]
    if not all(name.isidentifier() for name in names):
        raise ValueError(f"{text!r} is not a module, or module:name")
    return Place(module, path)


def now(module: str, path: str) -> Place | None:
    """Return where that is now; None if nobody said that it was moved."""
    place = Place(module, path)
    for _ in range(_MOVES_MAX):
        further = _step(place)
        if further is None:
            break
        place = further
    return None if place == (module, path) else place


def _step(place: Place) -> Place | None:
    names, rest = place.path.split("."), list[str]()
    while names:
        found = _known.get(Place(place.module, ".".join(names)))
        if found is not None:
            return Place(found.module, ".".join([*filter(None, [found.path]), *rest]))
        rest.insert(0, names.pop())
    found = _known.get(Place(place.module))
    return None if found is None else Place(found.module, place.path)
