"""Large values into the store, from where they lie.

What can be changed is copied first, some blocks at a time: what is written has the
digest that it is written under, whoever changes the value meanwhile. Nothing of it is
compressed, which would take longer than to write it.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from greenflow import limits
from greenflow.errors import NotSaveable
from greenflow.parted import memory_of
from greenflow.store import bulk
from greenflow.store.blocks import Block, Place, digest_of, pack_block
from greenflow.store.records import Packed
from greenflow.store.remembered import MEMORY, is_wanted
from greenflow.store.spans import AT_ONCE, BLOCK, Span, sizes
from greenflow.store.spreading import spread

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from greenflow.parted import Buffer
    from greenflow.store.depot import Depot


class Made(NamedTuple):
    """Large values that are ready to be written, and the blocks of the stream."""

    spans: list[Span]
    parts: list[Block]  #: of all of them, in order
    stream: list[Block]
    file: bulk.BulkFile | None


def made(
    buffers: Sequence[Buffer],
    stream: list[Block],
    depot: Depot,
    stored: Collection[bytes],
) -> Made:
    """Return large values in blocks; those that are not ``stored`` can be written.

    So can those of the ``stream`` beside which they lie. Much of it is on disk already
    when this returns. Raises StoreError, NotSaveable.
    """
    spans = [Span(each.at, each.size, each.mutable) for each in buffers]
    new = _New(depot, stored)
    digests: list[list[bytes]] = []
    tasks: list[Callable[[memoryview], None]] = []
    views = [_view(each) for each in buffers]
    try:
        wanted = is_wanted(views)
        looks = [MEMORY.look(view, is_wanted=wanted) for view in views]
        for look, view, each in zip(looks, views, buffers, strict=True):
            own = [known if known in stored else b"" for known in look.digests]
            digests.append(own)
            is_fixed = type(each.data) is bytes
            tasks += _tasks(view, own, new, is_fixed=is_fixed)
        try:
            spread(tasks, len(tasks) * AT_ONCE * BLOCK)
            stream = new.with_stream(stream)
            new.end()
        except BaseException:
            new.drop()
            raise
        for look, span, own in zip(looks, spans, digests, strict=True):
            MEMORY.note(look, span.size, own)
    finally:
        for view in views:
            view.release()
    of_each = (sizes(span.size) for span in spans)
    parts = [
        new.parts.get(digest) or Block(digest, size, None)
        for own, of_it in zip(digests, of_each, strict=True)
        for digest, size in zip(own, of_it, strict=True)
    ]
    return Made(spans, parts, stream, new.file)


def _view(buffer: Buffer) -> memoryview:
    """Return the memory of a value. Raises NotSaveable if its size has changed."""
    view = memory_of(buffer)
    if view.nbytes != buffer.size:
        view.release()
        raise NotSaveable(
            f"a value of {buffer.size} bytes changed its size while it was being saved",
            hint="let no other thread change what a flow saves",
        )
    return view


def _tasks(
    view: memoryview, digests: list[bytes], new: _New, *, is_fixed: bool
) -> Iterator[Callable[[memoryview], None]]:
    """Yield what takes up the blocks whose digests are not known, several at once.

    It is given room for a copy.
    """

    def take(begin: int, end: int, copy: memoryview) -> None:
        with view[begin * BLOCK : end * BLOCK] as part:
            if is_fixed:
                digests[begin:end] = new.take(part)
                return
            with copy[: len(part)] as own:
                own[:] = part
                digests[begin:end] = new.take(own)

    begin = 0
    while begin < len(digests):
        end = begin
        while end < len(digests) and not digests[end] and end - begin < AT_ONCE:
            end += 1
        if end > begin:
            yield partial(take, begin, end)
        begin = max(end, begin + 1)


class _New:
    """The blocks that are not stored yet: in memory, or if they are many in a file."""

    def __init__(self, depot: Depot, stored: Collection[bytes]) -> None:
        self.parts: dict[bytes, Block] = {}
        self.file: bulk.BulkFile | None = None
        self._depot, self._stored = depot, stored
        self._held = 0
        self._changing = threading.Lock()

    def take(self, part: memoryview) -> list[bytes]:
        """Take up some blocks; return their digests."""
        views = [part[at : at + BLOCK] for at in range(0, len(part), BLOCK)]
        digests = list(map(digest_of, views))
        blocks = [
            (digest, view)
            for digest, view in zip(digests, views, strict=True)
            if digest not in self._stored
        ]
        with self._changing:
            blocks = [each for each in blocks if self._is_first(*each)]
            size = sum(len(view) for _, view in blocks)
            if self.file is None and self._held + size < limits.BULK_BYTES_MIN:
                for digest, view in blocks:
                    packed = Packed(bytes(view), len(view), False)
                    self.parts[digest] = Block(digest, len(view), None, packed)
                self._held += size
                blocks = []
            elif self.file is None:
                self._begin()
        self._write(blocks)
        for view in views:
            view.release()
        return digests

    def with_stream(self, stream: list[Block]) -> list[Block]:
        """Return the blocks of a stream, ready to be written. They are compressed, if
        that does not take longer than to write them."""
        fresh = {
            each.digest: each for each in stream if each.digest not in self._stored
        }
        size = sum(each.plain_bytes for each in fresh.values())
        if self.file is None and self._held + size < limits.BULK_BYTES_MIN:
            return [
                each._replace(packed=pack_block(each)) if each.digest in fresh else each
                for each in stream
            ]
        if self.file is None:
            self._begin()
        for digest, each in fresh.items():
            assert each.plain is not None
            if digest not in self.parts:
                self._write([(digest, each.plain)])
        return [self.parts.get(each.digest, each) for each in stream]

    def _is_first(self, digest: bytes, view: memoryview) -> bool:
        """Return whether nobody has this block; all others leave it to this thread."""
        if digest in self.parts:
            return False
        self.parts[digest] = Block(digest, len(view), None)
        return True

    def _begin(self) -> None:
        self.file = bulk.BulkFile(self._depot.folder, self._depot.cipher)
        for digest, held in list(self.parts.items()):
            if held.packed is not None:
                self._write([(digest, memoryview(held.packed.data))])

    def _write(self, blocks: Sequence[tuple[bytes, memoryview]]) -> None:
        if self.file is None or not blocks:
            return
        places = self.file.add([view for _, view in blocks])
        for (digest, view), at in zip(blocks, places, strict=True):
            place = Place(self.file.name, at)
            self.parts[digest] = Block(digest, len(view), None, None, place)

    def end(self) -> None:
        """Return when what is in the file is on disk. Raises StoreError."""
        if self.file is not None:
            self.file.sync()

    def drop(self) -> None:
        """Delete the file, if there is one."""
        if self.file is not None:
            self.file.drop()
