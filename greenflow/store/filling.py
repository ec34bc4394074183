"""Large values out of the store, to where they will lie; and single blocks."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from greenflow._pages import room
from greenflow.errors import BadContents
from greenflow.store import pieces
from greenflow.store.blocks import (
    Place,
    Stored,
    check_digest,
    copy_out,
    open_block,
    unseal_block,
)
from greenflow.store.bulk_reading import Reader
from greenflow.store.keys import block as block_key
from greenflow.store.remembered import MEMORY, is_wanted
from greenflow.store.spans import AT_ONCE, BLOCK
from greenflow.store.spreading import spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from greenflow.store.depot import Depot
    from greenflow.store.spans import Span
    from greenflow.store.work import Work


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
        at, wanted = 0, is_wanted(views)
        for span, view in zip(spans, views, strict=True):
            look = MEMORY.look(view, is_wanted=wanted)
            MEMORY.note(look, span.size, digests[at : at + span.blocks])
            at += span.blocks
    finally:
        for view in views:
            view.release()
    return found


class _Run(NamedTuple):
    """Blocks that lie one behind the other in a file, and in a value."""

    digests: list[bytes]
    first: Stored
    target: memoryview


def _fill(
    work: Work, flow_id: str, views: list[memoryview], digests: Sequence[bytes]
) -> None:
    """Read blocks to where they belong, while this transaction keeps them."""
    total = sum(map(len, views))
    with Reader(work.folder, work.cipher) as files:
        runs = list(_runs(work, files, flow_id, views, iter(digests)))
        try:
            tasks = [partial(_copy, files, flow_id, run) for run in runs]
            spread(tasks, total)
        finally:
            for run in runs:
                run.target.release()


def _copy(files: Reader, flow_id: str, run: _Run, _: memoryview) -> None:
    copy_out(flow_id, run.first, files, run.target)
    for number, digest in enumerate(run.digests):
        with run.target[number * BLOCK : (number + 1) * BLOCK] as part:
            check_digest(flow_id, digest, part)


def _runs(
    work: Work,
    files: Reader,
    flow_id: str,
    views: list[memoryview],
    digests: Iterator[bytes],
) -> Iterator[_Run]:
    """Yield from where to where to copy. Raises BadRecord."""
    for view in views:
        run: list[tuple[bytes, Stored]] = []
        begin = 0
        for at in range(0, len(view), BLOCK):
            digest = next(digests)
            record = pieces.get(work.txn, block_key(flow_id, digest))
            found = open_block(flow_id, digest, record)
            if found.plain_bytes != min(BLOCK, len(view) - at):
                raise BadContents(f"a block of {found.plain_bytes} bytes is too many")
            if run and not (files.is_plain and _follows(run, found)):
                yield _run(run, view[begin:at])
                run, begin = [], at
            run.append((digest, found))
        yield _run(run, view[begin:])


def _follows(run: list[tuple[bytes, Stored]], found: Stored) -> bool:
    """Return whether a block lies behind the last of a run that has room for it."""
    place = run[-1][1].place
    if place is None or len(run) >= AT_ONCE:
        return False
    return found.place == Place(place.file, place.at + BLOCK)


def _run(run: list[tuple[bytes, Stored]], target: memoryview) -> _Run:
    return _Run([digest for digest, _ in run], run[0][1], target)


def block_in(work: Work, flow_id: str, digest: bytes) -> bytes:
    """Return a block, wherever it lies. Raises BadRecord."""
    record = pieces.get(work.txn, block_key(flow_id, digest))
    with Reader(work.folder, work.cipher) as files:
        return unseal_block(flow_id, digest, record, files)
