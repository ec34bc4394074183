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
    Stored,
    check_digest,
    digest_of,
    open_block,
    pack_block,
    unseal_block,
)
from greenflow.store.keys import block as block_key
from greenflow.store.remembered import MEMORY
from greenflow.store.records import Packed, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from greenflow.parted import Buffer
    from greenflow.store.depot import Depot
    from greenflow.store.work import Work

_BLOCK: Final = limits.BUFFER_BLOCK_BYTES
#: Blocks that are copied, written and read together: less than a MiB takes longer.
_AT_ONCE: Final = 4
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
    """Large values that are ready to be written, and the blocks of the stream."""

    spans: list[Span]
    parts: list[Block]  #: of all of them, in order
    stream: list[Block]
    file: bulk.BulkFile | None


# --- into the store ---


def made(
    buffers: Sequence[Buffer], stream: list[Block], depot: Depot, stored: Collection[bytes]
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
        looks = [MEMORY.look(view) for view in views]
        for look, view, each in zip(looks, views, buffers, strict=True):
            own = [known if known in stored else b"" for known in look.digests]
            digests.append(own)
            is_fixed = type(each.data) is bytes
            tasks += _tasks(view, own, new, is_fixed=is_fixed)
        try:
            _spread(tasks, len(tasks) * _AT_ONCE * _BLOCK)
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
    sizes = (_sizes(span.size) for span in spans)
    parts = [
        new.parts.get(digest) or Block(digest, size, None)
        for own, of_it in zip(digests, sizes, strict=True)
        for digest, size in zip(own, of_it, strict=True)
    ]
    return Made(spans, parts, stream, new.file)


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
    """Yield what takes up the blocks whose digests are not known, several at once.

    It is given room for a copy.
    """

    def take(begin: int, end: int, copy: memoryview) -> None:
        with view[begin * _BLOCK : end * _BLOCK] as part:
            if is_fixed:
                digests[begin:end] = new.take(part)
                return
            with copy[: len(part)] as own:
                own[:] = part
                digests[begin:end] = new.take(own)

    begin = 0
    while begin < len(digests):
        end = begin
        while end < len(digests) and not digests[end] and end - begin < _AT_ONCE:
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
        views = [part[at : at + _BLOCK] for at in range(0, len(part), _BLOCK)]
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
        if len(blocks) == len(views):
            self._write_all(digests, part)  # they are one piece
        else:
            for digest, view in blocks:
                self._write_all([digest], view)
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
                self._write_all([digest], each.plain)
        return [self.parts.get(each.digest, each) for each in stream]

    def _is_first(self, digest: bytes, view: memoryview) -> bool:
        """Return whether nobody has this block; all others leave it to this thread."""
        if digest in self.parts:
            return False
        self.parts[digest] = Block(digest, len(view), None)
        return True

    def _begin(self) -> None:
        self.file = bulk.BulkFile(self._depot.folder)
        for digest, held in list(self.parts.items()):
            if held.packed is not None:
                self._write_all([digest], memoryview(held.packed.data))

    def _write_all(self, digests: list[bytes], part: memoryview) -> None:
        assert self.file is not None
        at = self.file.add(part)
        for number, digest in enumerate(digests):
            begin = number * _BLOCK
            place = Place(self.file.name, at + begin)
            size = min(_BLOCK, len(part) - begin)
            self.parts[digest] = Block(digest, size, None, None, place)

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
        _, copy = room(_BLOCK * _AT_ONCE, True)
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
    views: list[memoryview] = []
    for span in spans:
        value, view = room(span.size, span.mutable)
        found.append(value)
        views.append(view)
    try:
        depot.read(lambda work: _fill(work, flow_id, views, digests))
        at = 0
        for span, view in zip(spans, views, strict=True):
            MEMORY.note(MEMORY.look(view), span.size, digests[at : at + span.blocks])
            at += span.blocks
    finally:
        for view in views:
            view.release()
    return found


class _Run(NamedTuple):
    """Blocks that lie one behind the other in a file, and in a value."""

    digests: list[bytes]
    source: memoryview
    target: memoryview


def _fill(
    work: Work, flow_id: str, views: list[memoryview], digests: Sequence[bytes]
) -> None:
    """Read blocks to where they belong, while this transaction keeps them."""
    total = sum(map(len, views))
    with bulk.Reader(work.folder) as files:
        runs = list(_runs(work, files, flow_id, views, iter(digests)))
        try:
            tasks = [partial(_copy, flow_id, run) for run in runs]
            _spread(tasks, total)
        finally:
            for run in runs:
                run.source.release()
                run.target.release()


def _copy(flow_id: str, run: _Run, _: memoryview) -> None:
    run.target[:] = run.source
    for number, digest in enumerate(run.digests):
        with run.target[number * _BLOCK : (number + 1) * _BLOCK] as part:
            check_digest(flow_id, digest, part)


def _runs(
    work: Work,
    files: bulk.Reader,
    flow_id: str,
    views: list[memoryview],
    digests: Iterator[bytes],
) -> Iterator[_Run]:
    """Yield from where to where to copy. Raises BadRecord."""
    for view in views:
        run: list[tuple[bytes, Stored]] = []
        begin = 0
        for at in range(0, len(view), _BLOCK):
            digest = next(digests)
            record = pieces.get(work.txn, block_key(flow_id, digest))
            found = open_block(flow_id, digest, record)
            if found.plain_bytes != min(_BLOCK, len(view) - at):
                raise BadContents(f"a block of {found.plain_bytes} bytes is too many")
            if run and not _follows(run, found):
                yield _run(files, flow_id, run, view[begin:at])
                run, begin = [], at
            run.append((digest, found))
        yield _run(files, flow_id, run, view[begin:])


def _follows(run: list[tuple[bytes, Stored]], found: Stored) -> bool:
    """Return whether a block lies behind the last of a run that has room for it."""
    place = run[-1][1].place
    if place is None or len(run) >= _AT_ONCE:
        return False
    return found.place == Place(place.file, place.at + _BLOCK)


def _run(
    files: bulk.Reader,
    flow_id: str,
    run: list[tuple[bytes, Stored]],
    target: memoryview,
) -> _Run:
    digests, (first, *_) = [digest for digest, _ in run], [found for _, found in run]
    if first.place is None:
        source = memoryview(unpack(first.body, "a block"))
    else:
        source = files.part(flow_id, *first.place, len(target))
    return _Run(digests, source, target)


def block_in(work: Work, flow_id: str, digest: bytes) -> bytes:
    """Return a block, wherever it lies. Raises BadRecord."""
    record = pieces.get(work.txn, block_key(flow_id, digest))
    with bulk.Reader(work.folder) as files:
        return bytes(unseal_block(flow_id, digest, record, files))


def _sizes(size: int) -> Iterator[int]:
    """Yield the sizes of the blocks of a value."""
    for at in range(0, size, _BLOCK):
        yield min(_BLOCK, size - at)


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


def digests_by_value(spans: Sequence[Span], digests: Sequence[bytes]) -> list[bytes]:
    """Return the digests of each value in one: what tells it from others."""
    found, at = [], 0
    for span in spans:
        found.append(b"".join(digests[at : at + span.blocks]))
        at += span.blocks
    return found


def digests_of(value: bytes | bytearray) -> bytes:
    """Return the digests of a value in one."""
    with memoryview(value) as view:
        return b"".join(
            digest_of(view[at : at + _BLOCK]) for at in range(0, len(view), _BLOCK)
        )


