"""Digests of memory that were worked out before, for as long as it was not written.

The kernel watches the memory of large values (csrc/pages/watch.c): a page that was not
written since has the bytes that it had, whoever they belong to now. What is kept here
is true of a place in memory and of nothing else; whether a store has a block of such a
digest is for the store to say.

Not seen is what a device writes by an address that it was given earlier, as to a buffer
that is registered with io_uring. A process that has such a device open is not watched,
nor is one with ``GREENFLOW_WATCH_MEMORY=0``: there everything is hashed each time.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

from greenflow import limits
from greenflow._pages import address_of, unwatch, unwritten, watch, watch_works

if TYPE_CHECKING:
    from collections.abc import Sequence

VARIABLE: Final = "GREENFLOW_WATCH_MEMORY"
#: Open files by which memory is written that nobody watches.
_DEVICES: Final = (
    "anon_inode:[io_uring]",
    "/dev/infiniband/",
    "/dev/nvidia",
    "/dev/kfd",
    "/dev/dri/",
    "/dev/vfio/",
    "/dev/mem",
)
#: A value that changed so often in a row is hashed until it is found unchanged.
_RESTLESS: Final = 3
#: More open files take longer to look at than the memory.
_FILES_MAX: Final = 1000


class Look(NamedTuple):
    """What is known of a piece of memory.

    ``digests`` has b"" for a block of which nothing is known; ``turn`` is which look
    this is, so that an earlier one cannot tell of what a later one has seen.
    """

    begin: int
    turn: int
    digests: list[bytes]


class _Piece:
    """A piece of memory that is known."""

    __slots__ = ("digests", "is_watched", "last", "restless", "turn")

    def __init__(self, blocks: int) -> None:
        self.turn = 0
        self.digests = [b""] * blocks
        self.is_watched = False
        #: Looks in a row that found most of it changed. To take the protection from a
        #: page costs more than to hash it.
        self.restless = 0
        self.last: Sequence[bytes] = ()


class Memory:
    """The pieces of this process's memory whose digests are known."""

    def __init__(self, block_bytes: int) -> None:
        """Keep digests of blocks of this size."""
        self._block = block_bytes
        self._pieces: OrderedDict[tuple[int, int], _Piece] = OrderedDict()
        self._changing = threading.Lock()

    def look(self, view: memoryview, *, is_wanted: bool = True) -> Look:
        """Return what is known of a value's memory; if wanted, it is watched then.

        It must be read after this, and :meth:`note` be told what it was.
        """
        blocks, size = -(-len(view) // self._block), len(view)
        begin = address_of(view) if size >= limits.WATCHED_BYTES_MIN else 0
        if not begin or not is_wanted:
            return Look(0, 0, [b""] * blocks)
        with self._changing:
            self._forget_others(begin, size)
            piece = self._pieces.get((begin, size))
            if piece is None:
                piece = self._pieces[begin, size] = _Piece(blocks)
                if len(self._pieces) > limits.WATCHED_PIECES_MAX:
                    self._forget(next(iter(self._pieces)))
            self._pieces.move_to_end((begin, size))
            piece.turn += 1
            self._take_up(piece, begin, size)
            return Look(begin, piece.turn, list(piece.digests))

    def note(self, look: Look, size: int, digests: Sequence[bytes]) -> None:
        """Hear the digests of all blocks that were looked at."""
        with self._changing:
            piece = self._pieces.get((look.begin, size))
            if piece is None or piece.turn != look.turn:
                return
            if piece.is_watched:
                piece.digests = list(digests)
            elif piece.last:
                same = sum(map(bytes.__eq__, digests, piece.last))
                piece.restless = 0 if same * 2 >= len(digests) else piece.restless
            piece.last = digests

    def clear(self) -> None:
        """Forget everything, in the child of a fork: other pages, and other locks."""
        self._pieces.clear()
        self._changing = threading.Lock()

    def _take_up(self, piece: _Piece, begin: int, size: int) -> None:
        """Keep of the digests what is still so, and watch the piece from now on."""
        same = unwritten(begin, size, self._block) if piece.is_watched else None
        if same is None:
            piece.digests = [b""] * len(piece.digests)
            is_calm = piece.restless < _RESTLESS
            piece.is_watched = is_calm and watch(begin, size)
            return
        pairs = zip(same, piece.digests, strict=True)
        piece.digests = [digest if is_same else b"" for is_same, digest in pairs]
        changed = same.count(1) * 2 < len(same) - 2  # the first and the last always are
        piece.restless = piece.restless + 1 if changed else 0
        if piece.restless >= _RESTLESS:
            unwatch(begin, size)
            piece.digests = [b""] * len(piece.digests)
            piece.is_watched = False

    def _forget_others(self, begin: int, size: int) -> None:
        """Forget what overlaps: each look begins the watch of its pages anew."""
        end = begin + size
        for other in list(self._pieces):
            if other != (begin, size) and other[0] < end and begin < sum(other):
                self._forget(other)

    def _forget(self, key: tuple[int, int]) -> None:
        piece = self._pieces.pop(key)
        if piece.is_watched:
            unwatch(*key)


def is_wanted(views: Sequence[memoryview]) -> bool:
    """Return whether memory is to be watched now, if any of these is large enough."""
    if all(len(view) < limits.WATCHED_BYTES_MIN for view in views):
        return False
    if os.environ.get(VARIABLE) == "0" or not watch_works():
        return False
    try:
        files = os.listdir("/proc/self/fd")
    except OSError:
        return False
    return len(files) <= _FILES_MAX and not any(map(_is_device, files))


def _is_device(file: str) -> bool:
    try:
        return os.readlink(f"/proc/self/fd/{file}").startswith(_DEVICES)
    except OSError:  # it was the one of the list itself
        return False


MEMORY: Final = Memory(limits.BUFFER_BLOCK_BYTES)
os.register_at_fork(after_in_child=MEMORY.clear)
