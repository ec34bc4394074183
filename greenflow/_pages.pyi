"""Memory and files of large values: what Python has no call for."""

from collections.abc import Callable
from typing import Any

from typing_extensions import Buffer

def room(size: int, mutable: bool, /) -> tuple[bytes | bytearray, memoryview]:
    """Return bytes or a bytearray whose contents are not set, and a view to set them.

    The view must go before anybody else sees the object. Raises ValueError,
    MemoryError.
    """

def write_soon(file: int, at: int, size: int, /) -> None:
    """Let the kernel begin to write a part of a file; fdatasync() tells of failures."""

def address_of(view: Buffer, /) -> int:
    """Return where its memory begins. Raises BufferError, TypeError."""

def watch_works() -> bool:
    """Return whether the kernel tells which pages were written, here."""

def watch(begin: int, size: int, /) -> bool:
    """Begin to watch a piece of memory: no page of it counts as written from here on.

    False if it cannot be watched: it is shared, of a file, or the kernel refuses.
    """

def unwatch(begin: int, size: int, /) -> None:
    """Stop watching a piece of memory."""

def unwritten(begin: int, size: int, block: int, /) -> bytes | None:
    """Return for each block of a watched piece whether it is as it was (1), or may not
    be (0), since the last call or watch(); both begin anew. None if it is not known.

    Raises ValueError.
    """

def cuts(data: Buffer, least: int, most: int, /) -> list[int]:
    """Return where the parts of some bytes end, which they themselves decide.

    Each has ``least`` to ``most`` bytes, but for the last. Raises ValueError.
    """

def plain(value: dict[Any, Any] | list[Any], others: list[Any], /) -> bytes | None:
    """Return a pickle of a large dictionary or list; None if that would gain nothing.

    What of it is not plain, or may be elsewhere too, is added to ``others``; in the
    pickle its number is a persistent id. Raises TypeError, MemoryError.
    """

def has_large(value: object, least: int, /) -> bool:
    """Return whether a dict or list of so many items is in a value, not deep in it."""

def looker(function: Callable[[Any], Any], least: int, /) -> Callable[[Any], Any]:
    """Return a function that calls another with a dict or list of so many items, and
    returns None of all else."""
