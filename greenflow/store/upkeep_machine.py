"""doctor's look around a store: its files, disk, readers, workers and write lock."""

from __future__ import annotations

import os
import struct
import time
from typing import TYPE_CHECKING, Final

from greenflow.errors import StoreError, UnsafeStore
from greenflow.store import bulk, directory, filed, lmdb_facts, workers
from greenflow.store.upkeep_finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenflow.store.lmdb import LmdbStore
    from greenflow.store.lmdb_facts import Space

#: Less is left to write to than that, or than the store has: it is told.
_DISK_BYTES_MIN: Final = 64 * 1024 * 1024
#: More of the file is free than is used, and it is worth the trouble: it is told.
_SPARE_BYTES_MIN: Final = 64 * 1024 * 1024
_SPARE_TIMES: Final = 4
_MAP_FULL: Final = 0.8
_LAG_MAX: Final = 1000
#: A writer that is the same one for so long, with no commit, keeps the others out.
_WRITER_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.05

#: The two pages in front of data.mdb: magic 4, version 4, address 8, map size 8, then
#: two trees of 48 bytes (the first begins with the page size), last page 8, txn 8.
_PAGE_HEAD_BYTES: Final = 16
_META: Final = struct.Struct("<IIQQI44x48xQQ")
_MAGIC: Final = 0xBEEFC0DE


def before_opening(path: str) -> list[Finding]:
    """Return what keeps a store from being opened, or would crash who does."""
    try:
        directory.check(path)
        missing_bytes = _missing_bytes(os.path.join(path, directory.DATA))
    except UnsafeStore as error:
        return [Finding(kind="unsafe", text=error.message, advice=error.hint)]
    except (OSError, StoreError) as error:
        text, advice = str(error), "see that the path is right"
        return [Finding(kind="unreadable", text=text, advice=advice)]
    if missing_bytes > 0:
        text = f"{path}: the last {missing_bytes} bytes of {directory.DATA} are missing"
        return [
            Finding(kind="truncated", text=text, advice="take the store from a copy")
        ]
    return []


def _missing_bytes(path: str) -> int:
    """Return by how much a file is shorter than it says. LMDB would die of it."""
    with open(path, "rb") as file:
        head = file.read(_PAGE_HEAD_BYTES + _META.size)
        if len(head) < _PAGE_HEAD_BYTES + _META.size:
            return 0  # just made; or no store, which opening it tells
        metas = [_META.unpack_from(head, _PAGE_HEAD_BYTES)]
        page_bytes = metas[0][4]
        if metas[0][0] != _MAGIC or not 0 < page_bytes <= 1 << 16:
            return 0
        file.seek(page_bytes)
        second = file.read(_PAGE_HEAD_BYTES + _META.size)
        if len(second) == len(head):
            metas.append(_META.unpack_from(second, _PAGE_HEAD_BYTES))
        last_page = max(metas, key=lambda meta: meta[6])[5]
        # Looked at last: the file may grow meanwhile.
        return int((last_page + 1) * page_bytes) - os.fstat(file.fileno()).st_size


def around(store: LmdbStore) -> Iterator[Finding]:
    """Yield what is wrong, or worth knowing, around an open store."""
    yield from space_findings(lmdb_facts.space(store.environment))
    yield from _readers(store)
    yield from _workers(store)
    yield from _leftovers(store)


def space_findings(space: Space) -> Iterator[Finding]:
    """Yield what is to be told of the room that a store takes, and has."""
    if space.disk_free_bytes < max(_DISK_BYTES_MIN, space.live_bytes // 10):
        yield Finding(
            kind="disk",
            weight="warning",
            text=f"only {space.disk_free_bytes} bytes are free on the store's disk",
            advice="make room on the disk",
        )
    if space.file_bytes > space.map_bytes * _MAP_FULL:
        yield Finding(
            kind="map",
            weight="note",
            text=f"{space.file_bytes} of {space.map_bytes} bytes of the map are used",
            advice="nothing: it grows when it is full, if there is address space",
        )
    spare = space.file_bytes - space.live_bytes
    if spare > max(_SPARE_BYTES_MIN, space.live_bytes * _SPARE_TIMES):
        yield Finding(
            kind="spare",
            weight="note",
            text=f"{spare} of the file's {space.file_bytes} bytes hold nothing",
            advice="end all workers, then: greenflow compact",
        )


def _readers(store: LmdbStore) -> Iterator[Finding]:
    stale = store.environment.stale_readers
    if stale:
        yield Finding(
            kind="stale-readers",
            weight="note",
            text=f"{stale} places of readers that died kept old pages in use",
            advice="nothing: they are free now",
            fixed=True,
        )
    for reader in lmdb_facts.readers(store.environment):
        if (reader.lag_transactions or 0) > _LAG_MAX:
            yield Finding(
                kind="lagging-reader",
                weight="warning",
                text=f"process {reader.pid} reads what was so "
                f"{reader.lag_transactions} transactions ago; the file grows meanwhile",
                advice=f"if it hangs, end it: kill {reader.pid}",
            )


def stuck_writer(store: LmdbStore) -> Finding | None:
    """Return who keeps all others from writing, if somebody does for a while."""
    first = lmdb_facts.writer(store.environment)
    newest = lmdb_facts.newest(store.environment)
    end = time.monotonic() + _WRITER_SECONDS
    while first is not None and time.monotonic() < end:
        time.sleep(_LOOK_SECONDS)
        now = lmdb_facts.writer(store.environment)
        if now is None or now.tid != first.tid:
            return None
        if lmdb_facts.newest(store.environment) != newest:
            return None
        first = now  # stopped meanwhile, perhaps
    if first is None or not first.pid:
        return None
    return Finding(
        kind="stuck-writer",
        weight="warning",
        text=f"process {first.pid} ({first.name}, {first.state}) holds the write lock; "
        "all others that write wait for it",
        advice=f"let it go on (kill -CONT {first.pid}), or end it (kill -9 "
        f"{first.pid}): what it has not committed is void",
    )


def _workers(store: LmdbStore) -> Iterator[Finding]:
    owners = store.read(lambda work: work.owners())
    folder = store.workers_folder
    for worker in sorted({*owners, *workers.registered(folder)}):
        why = workers.gone(folder, worker)
        if why == "died" and worker in owners:
            yield Finding(
                kind="dead-worker",
                weight="note",
                text=f"worker {worker} died; it has flows that others will go on with",
                advice="nothing, if a worker runs: greenflow worker",
            )
        elif why == "died":
            yield Finding(
                kind="dead-file",
                weight="note",
                text=f"worker {worker} died, and its file is still there",
                advice="greenflow doctor --fix",
            )
        elif why:
            yield Finding(
                kind="hanging-worker",
                weight="warning",
                text=f"worker {worker} {why}: it hangs, or is stopped",
                advice=f"look at process {worker.partition('-')[0]}, or end it",
            )


def _leftovers(store: LmdbStore) -> Iterator[Finding]:
    # Nobody compacts a store that is open.
    if os.path.lexists(os.path.join(store.location, directory.COMPACTED)):
        yield Finding(
            kind="leftover",
            weight="note",
            text=f"{directory.COMPACTED} is left of a compact that was ended",
            advice="greenflow doctor --fix",
        )
    named = set(store.read(filed.names))
    spare = [each for each in bulk.names(store.depot.folder) if each not in named]
    if spare:
        yield Finding(
            kind="leftover-blocks",
            weight="note",
            text=f"{len(spare)} files of blocks are of no flow: their writers died, or "
            "write them now",
            advice="greenflow doctor --fix",
        )


def tidy(store: LmdbStore, findings: list[Finding]) -> set[str]:
    """Remove files that nobody needs; return the kinds of findings that are fixed."""
    kinds = {each.kind for each in findings} & {
        "dead-file",
        "leftover",
        "leftover-blocks",
    }
    if "dead-file" in kinds:
        owners = store.read(lambda work: work.owners())
        for worker in workers.dead(store.workers_folder):
            if worker not in owners:
                workers.bury(store.workers_folder, worker)
    if "leftover" in kinds:
        os.unlink(os.path.join(store.location, directory.COMPACTED))
    if "leftover-blocks" in kinds:
        filed.sweep(store)
    return kinds
