"""One graph of objects to bytes and back; identity and cycles are kept in it.

The C pickler does the work. It asks :meth:`Reducing.reducer_override` about what it
does not know itself: functions, classes, generators, cells, exceptions and the like
are reduced here, everything else as copyreg and the object's own ``__reduce__`` say.
"""

from __future__ import annotations

import pickle
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from greenflow import parted
from greenflow.continuation import deep, frames, plain
from greenflow.continuation.loading import load
from greenflow.continuation.reducing import Reducing
from greenflow.continuation.saved import Dumped, Written

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FunctionType

__all__ = ["dump", "load"]

PROTOCOL = 5

#: To clear a pickler that wrote more would take as long as to make a new one.
_IDLE_BYTES_MAX = 2048


def dump(
    value: object, running: dict[int, FunctionType] | None = None, owners: Any = ()
) -> Dumped:
    """Return ``value`` as bytes, and what of it is suspended. As :func:`write`."""
    written = write(value, running, owners)
    return Dumped(written.data, written.generators, written.codes)


def write(
    value: object, running: dict[int, FunctionType] | None = None, owners: Any = ()
) -> Written:
    """Return ``value`` as a pickler wrote it, and what of it is suspended.

    Args:
        value: any graph of objects.
        running: functions of generators, by id, whose frames are saved elsewhere.
        owners: ids of objects that keep their very ``__dict__`` (owned.py).

    Raises:
        Exception: whatever the first object that cannot be saved raises.
    """
    if plain.may_have(value):
        with suppress(plain.Cyclic):
            return _dump(_PlainPickler.new(), value, running, owners)
    # Half of the time of saving a small value would go into making a pickler.
    try:
        pickler = _idle.pop()
    except IndexError:
        pickler = _Pickler.new()
    return _dump(pickler, value, running, owners)


def _dump(
    pickler: _Pickler,
    value: object,
    running: dict[int, FunctionType] | None,
    owners: Any,
) -> Written:
    if running is not None or owners:
        pickler.running = {} if running is None else running
        pickler.owners, pickler.used = owners, True
    pickler = _written(pickler, value)
    while pickler.weak and pickler.weak.found_more(pickler.memo.copy()):
        parted.release_all(pickler.chunks)
        pickler = _written(pickler.renewed(type(pickler)), value)
    chunks = pickler.chunks
    if isinstance(pickler, _PlainPickler) and pickler.plain.made:
        return Written(
            [plain.MARK, *chunks], pickler.met, pickler.codes, pickler.plain.made
        )
    is_usual = type(pickler) is _Pickler and not pickler.used
    if not is_usual or len(chunks) > 1 or len(chunks[0]) > _IDLE_BYTES_MAX:
        return Written(chunks, pickler.met, pickler.codes)
    pickler.clear_memo()
    _idle.append(pickler)
    return Written([chunks.pop()], [], [])


def _written(pickler: _Pickler, value: object) -> _Pickler:
    """Return the pickler that wrote the value; one that raises is dropped."""
    try:
        if type(pickler) is not _DeepPickler:
            try:
                pickler.dump(value)
            except RecursionError:
                parted.release_all(pickler.chunks)
                pickler = pickler.renewed(_DeepPickler)
            else:
                return pickler
        deep.call(lambda: pickler.dump(value))
    except BaseException:
        parted.release_all(pickler.chunks)  # a traceback may keep it for long
        raise
    return pickler


class _Pickler(Reducing, pickle.Pickler):
    """The C pickler with our reducers."""

    chunks: list[Any]

    @classmethod
    def new(cls) -> Self:
        """Return one that writes to a list."""
        chunks: list[Any] = []
        pickler = cls(_Sink(chunks), PROTOCOL)
        pickler.chunks = chunks
        return pickler

    def renewed(self, cls: type[_Pickler]) -> _Pickler:
        """Return a new one that does the same again."""
        new = cls.new()
        new.running, new.weak, new.used = self.running, self.weak, True
        new.owners = self.owners
        return new


class _PlainPickler(_Pickler):
    """One that lets large containers of plain values be written by faster code."""

    plain: plain.Plain

    def __new__(cls, *args: Any) -> Self:
        """Make one; what is called for every object is asked for at once."""
        made = super().__new__(cls)
        made.plain = plain.Plain()
        return made

    @property
    def persistent_id(self) -> Callable[[Any], Any]:
        """What is called for every object; None says that it is one like any other."""
        return self.plain.hook()


class _DeepPickler(_Pickler):
    """One that may use up the large stack which it is called with."""

    # Called for every object; None says that it is an object like any other.
    persistent_id = staticmethod(frames.deep_look)


class _Sink:  # the file that a pickler writes to: a list
    def __init__(self, chunks: list[Any]) -> None:
        self.write = chunks.append


_idle: list[_Pickler] = []
