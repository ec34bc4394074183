"""Large dictionaries and lists of plain values, each a pickle within the pickle.

Half of what pickle does is to keep note of objects that it may meet again. C code
(csrc/pages/plain.c) writes those that it cannot meet again, as one container alone has
them; all others are written by the pickler around, so that each is one object still.
"""

from __future__ import annotations

import gc
import io
import pickle
from typing import TYPE_CHECKING, Any, Final

from greenflow import limits
from greenflow._pages import has_large, looker, plain
from greenflow.continuation import tags
from greenflow.errors import CodeMissing
from greenflow.later import later

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from greenflow.continuation import moves
else:
    moves = later(__name__, "greenflow.continuation.moves")

#: What stands before a pickle that has such a pickle in it: None, and away with it.
MARK: Final = b"N0"
_REFUSED: Final = -1


class Cyclic(Exception):
    """A container is among what it holds: no pickle of its own can tell so."""


class End:
    """Stands behind what was left out of a container: it has been written."""

    def __init__(self, owner: Plain, number: int) -> None:
        self._owner, self._number = owner, number

    def reached(self) -> tuple[Any, ...]:
        """Hear that a pickler came here; return what it writes."""
        self._owner.open.discard(self._number)
        return _written, ()


def _written() -> None:
    pass


class Plain:
    """What one pickler was told of containers.

    Attributes:
        open: those of which what they hold is being written.
        made: pickles, by number; they stay in the stream.
    """

    def __init__(self) -> None:
        self.open: set[int] = set()
        self.made: list[bytes] = []
        self._numbers: dict[int, int] = {}
        self._kept: list[Any] = []

    def hook(self) -> Callable[[Any], Any]:
        """Return what a pickler calls as its ``persistent_id``."""
        return looker(self._look, limits.PLAIN_ITEMS_MIN)

    def _look(self, value: Any) -> Any:
        """Return what stands for a container; None: the pickler is to write it.

        Raises Cyclic.
        """
        number = self._numbers.get(id(value))
        if number is not None:
            if number in self.open:
                raise Cyclic
            return None if number == _REFUSED else number
        others: list[Any] = []
        made = plain(value, others)
        self._kept.append(value)  # no other object may have its id
        if made is None:
            self._numbers[id(value)] = _REFUSED
            return None
        number = self._numbers[id(value)] = len(self.made)
        self.made.append(made)
        if not others:
            return number, type(value).__name__, len(value), made
        self.open.add(number)
        end = End(self, number)
        return number, type(value).__name__, len(value), made, others, end


def may_have(value: object) -> bool:
    """Return whether it is worth to look at each object of a graph."""
    return has_large(value, limits.PLAIN_ITEMS_MIN)


def loads(data: bytes, buffers: Iterable[Any]) -> Any:
    """Return what a pickle is of that may have such pickles in it."""
    if data[: len(MARK)] != MARK:
        try:
            return pickle.loads(data, buffers=buffers)
        except (ImportError, AttributeError, SyntaxError):
            return _Finding(io.BytesIO(data), buffers=buffers).load()
    return _Unpickler(io.BytesIO(data), buffers=buffers).load()


class _Finding(pickle.Unpickler):
    """One that finds what was moved."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what has that name; what was moved, where it is now."""
        try:
            return super().find_class(module, name)
        except (ImportError, AttributeError):
            place = moves.now(module, name)
            if place is None:
                raise
            return self.find_class(place.module, place.path)
        except SyntaxError as error:
            raise CodeMissing(
                f"a value of the flow needs {module}:{name}, but {module!r} cannot be "
                f"imported: SyntaxError: {error}",
                hint="mend the module, then retry the flows that are in the hospital",
            ) from error


class _Unpickler(_Finding):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._made: dict[int, Any] = {}

    def persistent_load(self, told: Any) -> Any:
        """Return a container, made when it is first told of."""
        if type(told) is int:
            return self._made[told]
        number, _kind, _count, data, *others = told
        self._made[number] = made = _inner(data, others[0] if others else [])
        return made


def _inner(data: bytes, others: list[Any]) -> Any:
    # What is made here lives on: to look for garbage in it would take its time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        if not others:
            return pickle.loads(data)  # it has no classes
        inner = _Inner(io.BytesIO(data))
        inner.others = others
        return inner.load()
    finally:
        if collecting:
            gc.enable()


class _Inner(_Finding):
    others: list[Any]

    def persistent_load(self, number: Any) -> Any:
        """Return what the pickler around has written."""
        return self.others[number]


tags.register("written", _written)
