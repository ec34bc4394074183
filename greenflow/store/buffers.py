"""Large values in blocks: from where they lie into the store, and back.

They are cut at fixed places from their own beginning: a large value is changed where it
is, and seldom becomes longer in its middle. What can be changed is copied first, a block
at a time: what is written has the digest that it is written under, whoever changes the
value meanwhile. Nothing of it is compressed, which would take longer than to write it.
"""

from __future__ import annotations

import os
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from greenflow import limits
from greenflow._pages import room
from greenflow.errors import BadContents, NotSaveable
from greenflow.store import bulk, pieces
from greenflow.store.blocks import (
    Block,
    Place,
    check_digest,
    digest_of,
    open_block,
)
from greenflow.store.keys import block as block_key
from greenflow.store.records import Packed, unpack
from greenflow.store.remembered import MEMORY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from greenflow.parted import Buffer
    from greenflow.store.depot import Depot
    from greenflow.store.work import Work

_BLOCK: Final = limits.BUFFER_BLOCK_BYTES
#: Less is not worth another thread.
_THREAD_BYTES_MIN: Final = 4 * 1024 * 1024
_THREADS_MAX: Final = 4


class Span(NamedTuple):
    """A large value, as the record of a state has it; its blocks are listed there."""

    at: int
    size: int
    mutable: bool

    @property
    def blocks(self) -> int:
        """How many blocks it has."""
        return -(-self.size // _BLOCK)


class Made(NamedTuple):
    """Large values that are ready to be written."""

    spans: list[Span]
    parts: list[Block]  #: of all of them, in order
    file: bulk.BulkFile | None


# --- into the store ---


def made(buffers: Sequence[Buffer], depot: Depot, stored: set[bytes]) -> Made:
    """Return large values in blocks; those that are not ``stored`` can be written.

    Much of it is on disk already when this returns. Raises StoreError, NotSaveable.
    """
    spans = [Span(each.at, each.size, each.mutable) for each in buffers]
    new = _New(depot, stored)
    digests: list[list[bytes]] = []
    tasks: list[Callable[[memoryview], None]] = []
    views = [_view(each) for each in buffers]
    try:
        looks = [MEMORY.look(view) for view in views]
        for look, view, each in zip(looks, views, buffers, strict=True):
            own = [known if known in stored else b"" for known in look.digests]
            digests.append(own)
            is_fixed = type(each.data) is bytes
            tasks += _tasks(view, own, new, is_fixed=is_fixed)
        try:
            _spread(tasks, len(tasks) * _BLOCK)
            new.end()
        except BaseException:
            new.drop()
            raise
        for look, span, own in zip(looks, spans, digests, strict=True):
            MEMORY.note(look, span.size, own)
    finally:
        for view in views:
            view.release()
    sizes = (_sizes(span.size) for span in spans)
    parts = [
        new.parts.get(digest) or Block(digest, size, None)
        for own, of_it in zip(digests, sizes, strict=True)
        for digest, size in zip(own, of_it, strict=True)
    ]
    return Made(spans, parts, new.file)


def _view(buffer: Buffer) -> memoryview:
    """Return the memory of a value. Raises NotSaveable if its size has changed."""
    data: Any = buffer.data
    view = data.raw() if hasattr(data, "raw") else memoryview(data).cast("B")
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
    """Yield what takes up each block of a value; it is given room for a copy."""

    def take(number: int, copy: memoryview) -> None:
        with view[number * _BLOCK : (number + 1) * _BLOCK] as part:
            if is_fixed:
                digests[number] = new.take(part)
                return
            with copy[: len(part)] as own:
                own[:] = part
                digests[number] = new.take(own)

    for number, known in enumerate(digests):
        if not known:
            yield partial(take, number)


class _New:
    """The blocks that are not stored yet: in memory, or if they are many in a file."""

    def __init__(self, depot: Depot, stored: set[bytes]) -> None:
        self.parts: dict[bytes, Block] = {}
        self.file: bulk.BulkFile | None = None
        self._depot, self._stored = depot, stored
        self._held = 0
        self._changing = threading.Lock()

    def take(self, part: memoryview) -> bytes:
        """Take up a block; return its digest."""
        digest, size = digest_of(part), len(part)
        if digest in self._stored:
            return digest
        with self._changing:
            if digest in self.parts:
                return digest
            if self.file is None and self._held + size < limits.BULK_BYTES_MIN:
                packed = Packed(bytes(part), size, False)
                self.parts[digest] = Block(digest, size, None, packed)
                self._held += size
                return digest
            if self.file is None:
                self._begin()
            # Whoever has the same block now leaves it to this thread.
            self.parts[digest] = Block(digest, size, None)
        self._write(digest, part)
        return digest

    def _begin(self) -> None:
        self.file = bulk.BulkFile(self._depot.folder, self._depot.cipher)
        for digest, held in list(self.parts.items()):
            if held.packed is not None:
                self._write(digest, memoryview(held.packed.data))

    def _write(self, digest: bytes, part: memoryview) -> None:
        assert self.file is not None
        place = Place(self.file.name, self.file.add(part))
        self.parts[digest] = Block(digest, len(part), None, None, place)

    def end(self) -> None:
        """Return when what is in the file is on disk. Raises StoreError."""
        if self.file is not None:
            self.file.sync()

    def drop(self) -> None:
        """Delete the file, if there is one."""
        if self.file is not None:
            self.file.drop()


def _spread(tasks: list[Callable[[memoryview], None]], total_bytes: int) -> None:
    """Do all tasks, in some threads if that is faster. Raises what the first raises."""
    left = iter(tasks)  # threads take from it one after the other
    failed: list[BaseException] = []

    def work() -> None:
        _, copy = room(_BLOCK, True)
        try:
            for task in left:
                if failed:
                    return
                task(copy)
        except BaseException as error:
            failed.append(error)

    count = min(len(os.sched_getaffinity(0)), _THREADS_MAX, len(tasks))
    others = []
    if total_bytes >= _THREAD_BYTES_MIN:
        others = [threading.Thread(target=work) for _ in range(count - 1)]
    for thread in others:
        thread.start()
    work()
    for thread in others:
        thread.join()
    if failed:
        raise failed[0]


# --- out of the store ---


def load(
    depot: Depot, flow_id: str, spans: Sequence[Span], digests: Sequence[bytes]
) -> list[bytes | bytearray]:
    """Return large values, each block checked. Raises BadRecord."""
    found: list[bytes | bytearray] = []
    places: list[tuple[bytes, memoryview]] = []
    listed = iter(digests)
    views = []
    for span in spans:
        value, view = room(span.size, span.mutable)
        found.append(value)
        views.append(view)
        for at in range(0, span.size, _BLOCK):
            places.append((next(listed), view[at : at + _BLOCK]))
    try:
        depot.read(lambda work: _fill(work, flow_id, places))
        at = 0
        for span, view in zip(spans, views, strict=True):
            MEMORY.note(MEMORY.look(view), span.size, digests[at : at + span.blocks])
            at += span.blocks
    finally:
        for view in (*(place for _, place in places), *views):
            view.release()
    return found


def _fill(work: Work, flow_id: str, places: list[tuple[bytes, memoryview]]) -> None:
    """Read blocks to where they belong, while this transaction keeps them."""
    total = sum(len(place) for _, place in places)
    with bulk.Reader(work.folder, work.cipher) as files:
        tasks = [_filling(work, files, flow_id, *each) for each in places]
        _spread(tasks, total)


def _filling(
    work: Work, files: bulk.Reader, flow_id: str, digest: bytes, place: memoryview
) -> Callable[[memoryview], None]:
    record = pieces.get(work.txn, block_key(flow_id, digest))
    found = open_block(flow_id, digest, record)
    if found.plain_bytes != len(place):
        raise BadContents(f"a block of {found.plain_bytes} bytes, not {len(place)}")
    if found.place is None:
        body = found.body

        def copy(_: memoryview) -> None:
            place[:] = unpack(body, "a block")
            check_digest(flow_id, digest, place)

        return copy
    at = found.place.at
    try:
        file = files.open(found.place.file)
    except OSError as error:
        raise _unreadable(flow_id, error) from error

    def read(_: memoryview) -> None:
        try:
            file.read_into(at, place)
        except OSError as error:
            raise _unreadable(flow_id, error) from error
        check_digest(flow_id, digest, place)

    return read


def block_in(work: Work, flow_id: str, digest: bytes) -> bytes:
    """Return a block, wherever it lies. Raises BadRecord."""
    record = pieces.get(work.txn, block_key(flow_id, digest))
    found = open_block(flow_id, digest, record)
    if found.place is None:
        plain = unpack(found.body, "a block")
    else:
        try:
            with bulk.Reader(work.folder, work.cipher) as files:
                read = bytearray(found.plain_bytes)
                with memoryview(read) as view:
                    files.open(found.place.file).read_into(found.place.at, view)
                plain = bytes(read)
        except OSError as error:
            raise _unreadable(flow_id, error) from error
    check_digest(flow_id, digest, plain)
    return plain


def _sizes(size: int) -> Iterator[int]:
    """Yield the sizes of the blocks of a value."""
    for at in range(0, size, _BLOCK):
        yield min(_BLOCK, size - at)


def _unreadable(flow_id: str, error: OSError) -> BadContents:
    return BadContents(
        f"a block of a state of flow {flow_id} cannot be read: {error}",
        hint="take the store from a copy",
    )


def check(spans: Sequence[Span], count: int, size: int, *, in_all: bool) -> None:
    """Refuse sizes that do not fit so many digests, of these values, or ``in_all``.

    Raises BadContents.
    """
    total = 0
    for span in spans:
        total += span.size
        if span.size <= 0 or span.at < 0 or total > size:
            raise BadContents(f"a large value says that it has {span.size} bytes")
    wanted = sum(span.blocks for span in spans)
    if wanted > count or (in_all and wanted != count):
        raise BadContents(f"large values of {total} bytes list {count} blocks")


def digests_of(spans: Sequence[Span], digests: Sequence[bytes]) -> list[bytes]:
    """Return the digests of each value in one: what tells it from others."""
    found, at = [], 0
    for span in spans:
        found.append(b"".join(digests[at : at + span.blocks]))
        at += span.blocks
    return found
