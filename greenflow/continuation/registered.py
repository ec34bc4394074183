"""What users tell of how values of a type are saved, and made again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenflow.continuation import classes, reducing, tags

if TYPE_CHECKING:
    from collections.abc import Callable

#: The pickler saves these itself, and asks nobody.
_PLAIN = (type(None), bool, int, float, bytes, str, dict, set, frozenset, list, tuple)

_known: dict[type, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {}


def register(
    type: Any,  # noqa: A002
    save: Callable[[Any], Any],
    load: Callable[[Any], Any],
) -> None:
    """Tell how values of a type are saved by flows, and made again: reconnecting.

        greenflow.register(Client, lambda client: client.url, Client)
        greenflow.register(sqlite3.Connection, path_of, sqlite3.connect)

    A database connection, an HTTP client, a lock is a tie to this process. What can be
    saved of it is how to make it again: an address, a path. Where a flow that holds one
    goes on, ``load`` connects anew; its variables hold the new one by then, and so does
    whatever else held it: one value is one value again.

    What a connection was in the middle of is not saved: end transactions and read
    cursors to their end before a flow waits. What ``save`` returns is on disk: return
    the name of a secret, and look the secret up in ``load``. In memory, and after a
    ``checkpoint()``, a flow keeps the value it had.

    Each process that goes on with a flow registers the same, best where the type is
    defined or first imported. It comes before ``__reduce__`` and ``copyreg``.
    Registering a type once more replaces what was told of it.

    Args:
        type: the class; its subclasses are saved like this too, except those for which
            something nearer is registered.
        save: called with a value when a flow is saved; returns whatever can be saved
            that tells how to make it again. It must not be the value itself.
        load: called with what ``save`` returned when a flow is loaded, which may be
            often: also to look at it. What it raises, loading raises (NotRestorable).

    Raises:
        TypeError: ``type`` is no class, or one that is always saved as it is; or one of
            the others cannot be called.
    """
    if not isinstance(type, _TYPE) or type in _PLAIN or reducing.is_own(type):
        raise TypeError(f"this is no class that can be registered: {type!r}")
    if not all(map(callable, (save, load))):
        raise TypeError("save and load must be functions of one argument")
    _known[type] = save, load
    reducing.decide_again(type)


_TYPE = type


def reducer_of(kind: type) -> Callable[[Any], Any] | None:
    """Return what reduces objects of this class, if something is registered for it."""
    for base in kind.__mro__:
        if base in _known:
            key = _key(base)
            return lambda value: (_load, (key, _saved(base, value)))
    return None


def _saved(base: type, value: Any) -> Any:
    state = _known[base][0](value)
    if state is value:
        raise TypeError(f"what was registered for {_name(base)} saves the value itself")
    return state


def _key(kind: type) -> type | str:
    """Return the class, or its name if no program finds it by that (a lock's)."""
    try:
        classes.reduce_class(kind)
    except TypeError:
        return _name(kind)
    return kind


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _load(key: type | str, state: Any) -> Any:
    for kind, (_, load) in _known.items():
        if kind is key or _name(kind) == key:
            return load(state)
    name = key if isinstance(key, str) else _name(key)
    raise TypeError(f"nothing is registered for {name} in this process")


tags.register("registered", _load)
